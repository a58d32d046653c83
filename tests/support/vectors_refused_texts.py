"""Cards, device codes, enrolments and announcements that a reader must refuse, each with the rule and the code."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address
from typing import Any

from msgspec.structs import replace

from protocol import Record, bech32m
from protocol.limits import CARD_USES_MAX, DEVICE_LIFE, NAME_MAX, WEIGHT_MAX
from protocol.tokens import Card
from protocol.wire import Enrolled, announce, encode_frame, enrol
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person, grown
from tests.support.vectors_changes import Change, changed, longer, read, shorter, written
from tests.support.vectors_noise import labeled

ALICE, PHONE = Person("Alice"), Person("Alice", "phone")
CARD = Card(ALICE.id, "Alice", ALICE.certificate(), grown("card"), (("192.168.1.20", 7345),), NOW + 604_800, 800)
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _token(prefix: str, symbols: list[int]) -> str:
    """Return a text of these symbols with a checksum that holds, whatever the symbols say."""
    residue = bech32m._polymod([*bech32m._expand(prefix), *symbols, *[0] * 6]) ^ bech32m._FINAL
    checksum = [residue >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1" + "".join(_ALPHABET[symbol] for symbol in (*symbols, *checksum))


def _symbols(prefix: str, text: str) -> list[int]:
    return [_ALPHABET.index(character) for character in text[len(prefix) + 1 : -6]]


def refused_texts(prefix: str, text: str, longest: int, other: str) -> list[dict[str, Any]]:
    """Return what is wrong with a text before its bytes are looked at; `longest` is the most bytes it may hold."""
    symbols = _symbols(prefix, text)
    payload = bech32m.from_text(prefix, text)
    # Symbols hold whole bytes again after eight of them, so zeros are added up to there: the last bits say nothing.
    spare = len(symbols) * 5 % 8
    cases = {
        "another prefix": (bech32m.to_text(other, payload), "CARD_MALFORMED"),
        "no text at all": ("", "CARD_MALFORMED"),
        "cut short behind its prefix": (text[: len(prefix) + 7], "CARD_MALFORMED"),
        "a character that is not of the alphabet": (f"{text[:-1]}b", "CARD_CHECKSUM"),
        "a character changed": (text[:20] + ("q" if text[20] != "q" else "p") + text[21:], "CARD_CHECKSUM"),
        "a character too many, its checksum right": (_token(prefix, [*symbols, 0]), "CARD_MALFORMED")
        if spare < 3
        else (_token(prefix, [*symbols, 0, 0]), "CARD_MALFORMED"),
        "more than 4,096 characters": (text + " " * 4096, "CARD_MALFORMED"),
        "more bytes than it may hold": (bech32m.to_text(prefix, payload + bytes(longest)), "CARD_MALFORMED"),
        "a byte after its array": (bech32m.to_text(prefix, payload + b"\0"), "CARD_MALFORMED"),
        "an array with a field too few": (bech32m.to_text(prefix, shorter(payload)), "CARD_MALFORMED"),
        "an array with a field too many": (bech32m.to_text(prefix, longer(payload)), "CARD_MALFORMED"),
        "bytes that are no array": (bech32m.to_text(prefix, written(1)), "CARD_MALFORMED"),
        "an empty array": (bech32m.to_text(prefix, written([])), "CARD_MALFORMED"),
        "a version that is a boolean": (bech32m.to_text(prefix, changed(payload, [0], True)), "CARD_MALFORMED"),
        "a version that is text": (bech32m.to_text(prefix, changed(payload, [0], "2")), "CARD_MALFORMED"),
        "a later version": (bech32m.to_text(prefix, changed(payload, [0], 2)), "VERSION"),
        "a later version with a further field": (bech32m.to_text(prefix, changed(longer(payload), [0], 2)), "VERSION"),
    }
    if (bits := spare) and bits < 5:
        last = [*symbols[:-1], symbols[-1] | 1]
        cases["bits left over that are not zero"] = (_token(prefix, last), "CARD_MALFORMED")
    return [{"why": why, "text": said, "code": code} for why, (said, code) in cases.items()]


def refused_cards() -> list[dict[str, Any]]:
    """Return texts that are no cards."""
    text = CARD.to_text()
    payload = bech32m.from_text("mesh", text)
    block: bytes = bech32m.from_text("mesh", text)[4 : 4 + 240]
    assert block in payload
    types = (
        "block",
        "version",
        "minimum valid version",
        "created",
        "life",
        "latest expiry",
        "expiry",
        "weight",
        "uses",
    )
    changes = [
        *(Change(f"a {name} that is nil", [place], None) for place, name in enumerate(types, start=1)),
        Change("a name that is nil", [10], None),
        Change("addresses that are nil", [11], None),
        Change("keys of 239 bytes", [1], block[:-1]),
        Change("keys of 241 bytes", [1], block + b"\0"),
        Change("a name that is empty", [10], ""),
        Change("a name that is too long", [10], "a" * (NAME_MAX + 1)),
        Change("an expiry of 0", [7], 0),
        Change("a weight of 0", [8], 0),
        Change("a weight of more than 1000", [8], WEIGHT_MAX + 1),
        Change("no use", [9], 0),
        Change("more uses than a card may have", [9], CARD_USES_MAX + 1),
        Change("a certificate that its giver did not sign", [1], block[:64] + bytes(64) + block[128:]),
        *addresses(11),
    ]
    found = [
        {
            "why": change.why,
            "text": bech32m.to_text("mesh", changed(payload, change.path, change.value)),
            "code": "CARD_MALFORMED",
        }
        for change in changes
    ]
    return [*refused_texts("mesh", text, 768, "mdev"), *found, *_refused_certificates(payload)]  # fmt: skip


def _refused_certificates(payload: bytes) -> list[dict[str, Any]]:
    """Return cards with a certificate that is refused although its giver signed it."""
    certificate = ALICE.certificate()
    revoked = ALICE.revocation().header
    too_long = NOW + DEVICE_LIFE + 1
    last: dict[str, Any] = {
        "version": revoked.version,
        "min_valid_version": 1,
        "expires": revoked.expires,
        "latest_expiry": revoked.latest_expiry,
    }
    low_order = written([grown("salt", size=16), bytes(32), ALICE.keys.letter_public, False])
    cases = {
        "a certificate of version 0": rewritten(ALICE, certificate, version=0, min_valid_version=0),
        "a certificate that lives too long": rewritten(ALICE, certificate, expires=too_long, latest_expiry=too_long),
        "a certificate with a handshake key of low order": rewritten(ALICE, certificate, body=low_order),
        "a revocation in place of a certificate": rewritten(ALICE, certificate, **last),
    }  # fmt: skip
    return [
        {"why": why, "text": bech32m.to_text("mesh", _with(payload, record)), "code": "CARD_MALFORMED"}
        for why, record in cases.items()
    ]


def _with(payload: bytes, record: Record) -> bytes:
    """Return the payload of a card with another certificate of Alice's."""
    assert record.body is not None
    header, body = record.header, read(record.body)
    block = ALICE.id + header.device + record.signature + b"".join(body[:3]) + CARD.secret
    said = {
        1: block,
        2: header.version,
        3: header.min_valid_version,
        4: header.created,
        5: header.expires - header.created,
        6: header.latest_expiry - header.expires,
    }
    for place, value in said.items():
        payload = changed(payload, [place], value)
    return payload


def addresses(place: int) -> list[Change]:
    """Return changes of the addresses, which are at `place`."""
    plain = bytes([4, 192, 168, 1, 20, 28, 177])
    return [
        Change("an address cut short", [place], plain[:-1]),
        Change("an address of IP version 5", [place], b"\x05" + plain[1:]),
        Change("an address of no machine", [place], bytes([4, 0, 0, 0, 0, 28, 177])),
        Change("an address of many machines", [place], bytes([4, 224, 0, 0, 251, 28, 177])),
        Change("an IPv6 address of many machines", [place], b"\x06" + ip_address("ff02::fb").packed + plain[-2:]),
        Change("port 0", [place], plain[:-2] + bytes(2)),
        Change("nine addresses", [place], plain * 9),
    ]


def refused_codes(text: str) -> list[dict[str, Any]]:
    """Return texts that are no device codes."""
    payload = bech32m.from_text("mdev", text)
    block: bytes = ALICE.id + ALICE.keys.dh_public + grown("code")
    assert block in payload
    changes = [
        Change("keys that are nil", [1], None),
        Change("an expiry that is nil", [2], None),
        Change("addresses that are nil", [3], None),
        Change("keys of 95 bytes", [1], block[:-1]),
        Change("a handshake key of low order", [1], block[:32] + bytes(32) + block[64:]),
        Change("an expiry of 0", [2], 0),
        *addresses(3),
    ]
    found = [
        {
            "why": change.why,
            "text": bech32m.to_text("mdev", changed(payload, change.path, change.value)),
            "code": "CARD_MALFORMED",
        }
        for change in changes
    ]
    return [*refused_texts("mdev", text, 320, "mesh"), *found]  # fmt: skip


# --- enrolments ------------------------------------------------------------------------------------------------------


def refused_enrols(handshake_hash: bytes) -> list[dict[str, Any]]:
    """Return what a responder must not certify: somebody asks on this channel, and does not prove their keys."""
    good = enrol(PHONE.keys, handshake_hash)
    signature = PHONE.keys.sign(b"meshnode enrolment v1\0" + handshake_hash + bytes(32))
    frames = {
        "a signature with a bit changed": (replace(good, signature=bytes([good.signature[0] ^ 1]) + good.signature[1:]), PHONE.keys.dh_public),
        "a signature over another channel": (enrol(PHONE.keys, bytes(64)), PHONE.keys.dh_public),
        "a signature by another device": (replace(good, device=ALICE.device), PHONE.keys.dh_public),
        "a letter key that was not signed": (replace(good, letter_key=ALICE.keys.letter_public), PHONE.keys.dh_public),
        "a letter key of low order": (replace(good, letter_key=bytes(32), signature=signature), PHONE.keys.dh_public),
        "a static key of low order": (good, bytes(32)),
    }  # fmt: skip
    return [
        {
            "why": why,
            "do": "check enrol",
            "enrol": encode_frame(frame).hex(),
            "handshake_hash": handshake_hash.hex(),
            "remote_static": static.hex(),
            "code": "FORGED",
        }
        for why, (frame, static) in frames.items()
    ]


def malformed_certificates(answer: Enrolled) -> dict[str, tuple[Enrolled, str]]:
    """Return answers to a new device with a certificate that is refused as a record, with the code."""
    certificate = PHONE.certificate()
    too_long = NOW + DEVICE_LIFE + 1
    others = dataclasses.replace(PHONE.keys, letter_private=grown("another letter key"))
    dh = dataclasses.replace(PHONE.keys, dh_private=grown("another handshake key"))
    body = [grown("salt", size=16), PHONE.keys.dh_public, PHONE.keys.letter_public, False]
    revoked = PHONE.revocation().body
    mallory = Person("Mallory")
    other = PHONE.on("tablet")
    unrevoked = rewritten(PHONE, PHONE.revocation(), body=certificate.body)
    found = {
        "a certificate of these keys by somebody else": (
            rewritten(mallory, certificate, author=mallory.id).wire,
            "FORGED",
        ),
        "a certificate of these keys for another device": (
            rewritten(PHONE, certificate, device=other.device, slot=other.slot).wire,
            "FORGED",
        ),
        "a revocation whose body does not say so": (unrevoked.wire, "FORGED"),
        "bytes that are no record": (written([]), "MALFORMED"),
        "a certificate in another slot": (rewritten(PHONE, certificate, slot=bytes(16)).wire, "MALFORMED"),
        "a certificate that lives too long": (
            rewritten(PHONE, certificate, expires=too_long, latest_expiry=too_long).wire,
            "EXPIRED",
        ),
        "a certificate whose body is not one": (rewritten(PHONE, certificate, body=b"\x90").wire, "MALFORMED"),
        "a certificate whose body says revoked": (rewritten(PHONE, certificate, body=revoked).wire, "MALFORMED"),
        "a certificate with another handshake key": (
            rewritten(PHONE, certificate, body=written([body[0], dh.dh_public, *body[2:]])).wire,
            "FORGED",
        ),
        "a certificate with another letter key": (
            rewritten(PHONE, certificate, body=written([*body[:2], others.letter_public, False])).wire,
            "FORGED",
        ),
    }
    return {why: (replace(answer, certificate=wire), code) for why, (wire, code) in found.items()}


# --- announcements ---------------------------------------------------------------------------------------------------


def _txt() -> dict[str, bytes]:
    announcement = announce(
        presence_key=labeled("presence key"),
        card_secrets=[],
        addresses=[ip_address(address).packed for address in ("10.0.0.7", "fe80::2")],
        port=4000,
        nonce=labeled("nonce", 16),
        padding_seed=labeled("padding"),
    )
    return {key.decode(): value for key, value in announcement.txt().items()}


def _hexed(txt: dict[str, bytes]) -> dict[str, str]:
    return {key: value.hex() for key, value in txt.items()}


def refused_announcements() -> list[dict[str, Any]]:
    """Return TXT records that are ignored, with the code that a log may name."""
    good = _txt()
    changes: dict[str, tuple[dict[str, bytes | None], str]] = {
        "no version": ({"v": None}, "VERSION"),
        "another version": ({"v": b"2"}, "VERSION"),
        "no nonce": ({"n": None}, "MALFORMED"),
        "a nonce of 15 bytes": ({"n": bytes(15)}, "MALFORMED"),
        "18 tags": ({"t": good["t"] + bytes(12)}, "OVERSIZED"),
        "a tag cut short": ({"t": good["t"][:-1]}, "MALFORMED"),
        "no tags": ({"t": None}, "MALFORMED"),
        "nine IPv4 addresses": ({"4": good["4"] * 9}, "OVERSIZED"),
        "an IPv4 address cut short": ({"4": good["4"][:-1]}, "MALFORMED"),
        "nine IPv6 addresses": ({"6": good["6"] * 9}, "OVERSIZED"),
        "an IPv6 address cut short": ({"6": good["6"][:-1]}, "MALFORMED"),
        "no addresses": ({"4": None, "6": None}, "MALFORMED"),
    }
    return [
        {"why": why, "txt": _hexed({key: value for key, value in {**good, **change}.items() if value is not None}), "code": code}
        for why, (change, code) in changes.items()
    ]  # fmt: skip


def unrecognized_announcements() -> list[dict[str, Any]]:
    """Return announcements that nobody may dial, and why."""
    key, addresses_, port = labeled("presence key").hex(), ["10.0.0.7"], 4000
    cases: dict[str, tuple[str, list[str], int]] = {
        "somebody else's key": (labeled("another key").hex(), addresses_, port),
        "found at another address": (key, ["10.0.0.8"], port),
        "found with another port": (key, addresses_, 4001),
        "found with port 0": (key, addresses_, 0),
        "found at no address": (key, [], port),
    }
    return [
        {"why": why, "txt": _hexed(_txt()), "key": key, "addresses": where, "port": port}
        for why, (key, where, port) in cases.items()
    ]
