"""Answers questions about bytes, text, keys, records, bodies, groups, letters and exchanges."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from conformance.asked import Asked, Told, unhexed
from protocol import (
    Code,
    DeviceKeys,
    Group,
    Header,
    IdentityKeys,
    InvalidField,
    Join,
    Letter,
    Record,
    RemoteError,
    Value,
    bech32m,
    body_of,
    check_header,
    check_text,
    decode,
    device_slot,
    encode,
    fingerprint_words,
    group_text,
    parse_body,
    parse_person,
    person_text,
    photo_hash,
    short_id,
    signature_key,
    signature_message,
    text_fault,
    verify,
    verify_signature,
)
from protocol.letters import (
    Action,
    AuthoredMove,
    Move,
    Terms,
    check_ask,
    community_tags,
    exchange_id,
    held_by,
    letter_tag,
    open_letter,
    receipt_slot,
    stage_of,
)
from protocol.limits import FRAME_MAX_BYTES
from protocol.numbers import UnixTime, Version
from protocol.trust import check_membership, invitation_tag, is_void


def to_json(value: Value) -> Any:
    """Return `value` as JSON; byte strings as {"hex": ...}."""
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def from_json(value: Any) -> Value:
    """Return the value that `to_json` turned into `value`."""
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    found: Value = value
    return found


def _fields(asked: Asked) -> tuple[Value, ...]:
    value = decode(bytes.fromhex(asked["fields"]), max_bytes=FRAME_MAX_BYTES)
    if not isinstance(value, tuple):
        raise RemoteError(Code.MALFORMED, "not an array")
    return value


# --- bytes, text, keys -----------------------------------------------------------------------------------------------


def _decode(asked: Asked) -> Told:
    return {"value": to_json(decode(bytes.fromhex(asked["bytes"]), max_bytes=FRAME_MAX_BYTES))}


def _encode(asked: Asked) -> Told:
    return {"bytes": encode(from_json(asked["value"])).hex()}


def _judge_text(asked: Asked) -> Told:
    text = bytes.fromhex(asked["utf8"]).decode()
    try:
        check_text("text", text, asked["longest"], shortest=asked["shortest"], lines=asked["lines"])
    except InvalidField as fault:
        raise RemoteError(Code.MALFORMED, str(fault)) from fault
    return {}


def _code_points(_asked: Asked) -> Told:
    verdicts = bytearray()
    for point in (*range(0xD800), *range(0xE000, 0x110000)):
        for text in (chr(point), f"a{chr(point)}a"):
            verdicts.append(text_fault(text, 10, shortest=1, lines=True) is None)
    return {
        "alone": sum(verdicts[0::2]),
        "between": sum(verdicts[1::2]),
        "hash": blake2b(verdicts, digest_size=32).hexdigest(),
    }


def _read_bech32m(asked: Asked) -> Told:
    try:
        return {"bytes": bech32m.from_text(asked["prefix"], bytes.fromhex(asked["utf8"]).decode()).hex()}
    except bech32m.Bech32mError as error:
        raise RemoteError(Code.MALFORMED, str(error)) from None


def _write_bech32m(asked: Asked) -> Told:
    return {"text": bech32m.to_text(asked["prefix"], bytes.fromhex(asked["bytes"]))}


def _keys(asked: Asked) -> Told:
    identity = IdentityKeys(bytes.fromhex(asked["identity_seed"]))
    keys = DeviceKeys(*unhexed(asked, "sign_seed", "dh_private", "letter_private"))
    return {
        "person": identity.person_id.hex(),
        "device": keys.device_id.hex(),
        "device_slot": device_slot(keys.device_id).hex(),
        "dh_public": keys.dh_public.hex(),
        "letter_public": keys.letter_public.hex(),
    }


def _person(asked: Asked) -> Told:
    (person,) = unhexed(asked, "person")
    return {
        "person_text": person_text(person),
        "short": short_id(person),
        "fingerprint_words": list(fingerprint_words(person)),
    }


def _read_person(asked: Asked) -> Told:
    return {"person": parse_person(asked["text"]).hex()}


def _verify(asked: Asked) -> Told:
    return {"valid": verify(*unhexed(asked, "public_key", "message", "signature"))}


# --- records ---------------------------------------------------------------------------------------------------------


def _judge_record(asked: Asked) -> Told:
    record = Record.parse(bytes.fromhex(asked["record"]))
    check_header(record.header)
    if not verify_signature(record):
        raise RemoteError(Code.FORGED, "the signature does not hold")
    if record.body:
        body_of(record)
    fields = record.header._asdict().items()
    return {
        "id": record.id.hex(),
        "header": {name: value.hex() if isinstance(value, bytes) else value for name, value in fields},
        "signature_key": signature_key(record).hex(),
        "signature_message": signature_message(record).hex(),
    }


def _write_record(asked: Asked) -> Told:
    said: dict[str, Any] = asked["header"]
    fields = (said[name] for name in Header._fields)
    header = Header._make(bytes.fromhex(value) if isinstance(value, str) else value for value in fields)
    body = None if asked["body"] is None else bytes.fromhex(asked["body"])
    record = Record(header, encode(header), bytes.fromhex(asked["signature"]), body)
    return {"id": record.id.hex(), "record": record.wire.hex()}


def _photo_hash(asked: Asked) -> Told:
    return {"hash": photo_hash(*unhexed(asked, "author", "photo")).hex()}


def _read_body(asked: Asked) -> Told:
    return {"body": parse_body(asked["kind"], bytes.fromhex(asked["body"])).to_body().hex()}


# --- groups, letters, exchanges --------------------------------------------------------------------------------------


def _group(asked: Asked) -> Told:
    group = Group(asked["kind"], asked["name"], *unhexed(asked, "nonce", "founder"))
    return {"id": group.id.hex(), "text": group_text(group.id)}


def _invitation_tag(asked: Asked) -> Told:
    return {"tag": invitation_tag(*unhexed(asked, "group", "invited")).hex()}


def _join(asked: Asked) -> Told:
    author, body = unhexed(asked, "author", "body")
    check_membership(author, Join.parse(body))
    return {}


def _void(asked: Asked) -> Told:
    author, body = unhexed(asked, "author", "body")
    kept = {
        (bytes.fromhex(device["person"]), bytes.fromhex(device["device"])): [
            bytes.fromhex(tag) for tag in device["kept"]
        ]
        for device in asked["revoked"]
    }
    return {"void": is_void(author, Join.parse(body), kept)}


def _letter_tag(asked: Asked) -> Told:
    return {"tag": letter_tag(*unhexed(asked, "author", "addressee", "slot")).hex()}


def _receipt_slot(asked: Asked) -> Told:
    return {"slot": receipt_slot(*unhexed(asked, "author", "addressee")).hex()}


def _open_letter(asked: Asked) -> Told:
    author, slot, body, private_key = unhexed(asked, "author", "slot", "body", "private_key")
    header = Header(
        6,
        author,
        bytes(32),
        slot,
        Version(1),
        0,
        Version(0),
        UnixTime(0),
        UnixTime(1),
        Version(1),
        UnixTime(1),
        bytes(32),
    )
    opened = open_letter(header, Letter.parse(body), private_key)
    if opened is None:
        return {"opened": False}
    fields = None if opened.content is None else to_json(opened.content.to_fields())
    return {"opened": True, "addressee": opened.addressee.hex(), "number": opened.number, "fields": fields}


def _read_move(asked: Asked) -> Told:
    return {"fields": encode(Move.from_fields(_fields(asked)).to_fields()).hex()}


def _check_ask(asked: Asked) -> Told:
    check_ask(Move.from_fields(_fields(asked)), *unhexed(asked, "asker", "owner"))
    return {}


def _stage(asked: Asked) -> Told:
    terms = Terms(bytes(16), bytes(16), asked["type"], "Drill", "tools", 1, lend=asked["lend"])
    exchange = exchange_id(bytes(32), bytes(range(32)), terms)
    made = []
    for words in asked["moves"].split(", "):
        who, name = words.split()
        action = Action[name.upper()]
        move = Move(
            exchange, action, 0, "Hello" if action is Action.SAY else "", terms if action is Action.ASK else None
        )
        made.append(AuthoredMove(who == "asker", move))
    return {"state": stage_of(made).name, "held": int(held_by(made))}


def _community_tags(asked: Asked) -> Told:
    groups = [bytes.fromhex(group) for group in asked["groups"]]
    return {"tags": [tag.hex() for tag in community_tags(bytes.fromhex(asked["exchange"]), groups)]}


OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    "codec.json": {"decode": _decode, "encode": _encode},
    "text.json": {
        "judge": _judge_text,
        "code points": _code_points,
        "read bech32m": _read_bech32m,
        "write bech32m": _write_bech32m,
    },
    "keys.json": {"keys": _keys, "person": _person, "read person": _read_person},
    "ed25519_edge_cases.json": {"verify": _verify},
    "record.json": {"judge": _judge_record, "write": _write_record},
    "bodies.json": {"read": _read_body, "photo": _photo_hash},
    "groups.json": {"group": _group, "tag": _invitation_tag, "join": _join, "void": _void},
    "letters.json": {"tag": _letter_tag, "receipt_slot": _receipt_slot, "open": _open_letter},
    "exchanges.json": {"move": _read_move, "ask": _check_ask, "state": _stage, "communities": _community_tags},
}
