"""Answers questions about how two nodes meet: cards, device codes, word codes, announcements, handshakes and channels."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from itertools import cycle
from typing import Any

from conformance.asked import Asked, Told, unhexed
from protocol import Code, DeviceKeys, RemoteError
from protocol.keys import public_key
from protocol.tokens import Card, DeviceCode, WordCode
from protocol.wire import (
    Announcement,
    Enrol,
    Enrolled,
    Initiator,
    MeetStart,
    Psk,
    PskCandidate,
    Responder,
    SeenEphemerals,
    ShownCode,
    TypedCode,
    card_psk,
    certificate_in,
    check_enrol,
    check_person,
    contact_psk,
    device_psk,
    enrol,
    enrolment_words,
    meeting_secret,
    meeting_static,
    presence_psk,
    recognize,
    service_names,
)
from protocol.wire.frames import decode_frame, encode_frame
from protocol.wire.noise import Handshake

# --- texts, enrolments -----------------------------------------------------------------------------------------------


def _card(asked: Asked) -> Told:
    card = Card.parse(asked["text"])
    return {
        "giver": card.giver.hex(),
        "name": card.name,
        "certificate": card.certificate.wire.hex(),
        "secret": card.secret.hex(),
        "id": card.id.hex(),
        "addresses": [list(address) for address in card.addresses],
        "expires": card.expires,
        "weight": card.weight,
        "uses": card.uses,
    }


def _device_code(asked: Asked) -> Told:
    code = DeviceCode.parse(asked["text"])
    return {
        "id": code.id.hex(),
        "person": code.person.hex(),
        "dh_public": code.dh_public.hex(),
        "secret": code.secret.hex(),
        "expires": code.expires,
        "addresses": [list(address) for address in code.addresses],
    }


def _device_keys(asked: Asked) -> DeviceKeys:
    return DeviceKeys(*unhexed(asked, "sign_seed", "dh_private", "letter_private"))


def _enrol(asked: Asked) -> Told:
    handshake_hash = bytes.fromhex(asked["handshake_hash"])
    frame = enrol(_device_keys(asked), handshake_hash)
    return {"enrol": encode_frame(frame).hex(), "words": list(enrolment_words(handshake_hash))}


def _check_enrol(asked: Asked) -> Told:
    frame = decode_frame(bytes.fromhex(asked["enrol"]))
    if not isinstance(frame, Enrol):
        raise RemoteError(Code.OUT_OF_ORDER, "not an Enrol")
    check_enrol(frame, *unhexed(asked, "handshake_hash", "remote_static"))
    return {}


def _check_enrolled(asked: Asked) -> Told:
    frame = decode_frame(bytes.fromhex(asked["enrolled"]))
    if not isinstance(frame, Enrolled):
        raise RemoteError(Code.OUT_OF_ORDER, "not an Enrolled")
    record = certificate_in(frame, bytes.fromhex(asked["person"]), _device_keys(asked))
    return {"certificate": record.wire.hex()}


# --- word codes ------------------------------------------------------------------------------------------------------


def _word_code(asked: Asked) -> Told:
    code = WordCode.parse(asked["text"])
    return {"number": code.number, "words": list(code.words), "written": code.to_text()}


def _number(asked: Asked) -> Told:
    number = asked["number"]
    return {"secret": meeting_secret(number).hex(), "static_private": meeting_static(number).hex()}


def _frame_in(asked: Asked, name: str) -> Any:
    return decode_frame(bytes.fromhex(asked[name]))


def _type(asked: Asked) -> Told:
    """Type a code, given the frames of the end that shows it."""
    entropy, handshake_hash = unhexed(asked, "typed_entropy", "handshake_hash")
    typed = TypedCode(WordCode.parse(asked["text"]), entropy)
    proof = typed.prove(_frame_in(asked, "shown_start"), handshake_hash, asked["typed_purpose"])
    typed.check(_frame_in(asked, "shown_proof"), handshake_hash)
    return {"typed_start": encode_frame(MeetStart(typed.message)).hex(), "typed_proof": encode_frame(proof).hex()}


def _show(asked: Asked) -> Told:
    """Show a code, given the frames of the end where it was typed."""
    entropy, handshake_hash = unhexed(asked, "shown_entropy", "handshake_hash")
    shown = ShownCode(WordCode.parse(asked["text"]), entropy)
    start, proof = _frame_in(asked, "typed_start"), _frame_in(asked, "typed_proof")
    answer = shown.prove(start, proof, handshake_hash, asked["shown_purpose"])
    return {"shown_start": encode_frame(MeetStart(shown.message)).hex(), "shown_proof": encode_frame(answer).hex()}


def _met(asked: Asked) -> Told:
    record = check_person(_frame_in(asked, "person"), bytes.fromhex(asked["handshake_hash"]))
    return {"certificate": record.wire.hex()}


# --- announcements ---------------------------------------------------------------------------------------------------


def _names(asked: Asked) -> Told:
    names = service_names(bytes.fromhex(asked["random"]))
    return {"instance": names.instance, "host": names.host}


def _announcement(asked: Asked) -> Announcement:
    return Announcement.from_txt({key.encode(): bytes.fromhex(value) for key, value in asked["txt"].items()})


def _read_announcement(asked: Asked) -> Told:
    found = _announcement(asked)
    return {
        "nonce": found.nonce.hex(),
        "addresses": [str(ip_address(address)) for address in found.addresses],
        "tags": sorted(tag.hex() for tag in found.tags),
    }


def _recognize(asked: Asked) -> Told:
    addresses = [ip_address(address).packed for address in asked["addresses"]]
    key = bytes.fromhex(asked["key"])
    sighting = recognize(_announcement(asked), addresses, asked["port"], [("it", key)])
    return {"to_dial": [] if sighting is None else [str(ip_address(address)) for address in sighting.addresses]}


# --- handshakes and channels -----------------------------------------------------------------------------------------


def noise_end(vector: Asked, who: str) -> Handshake:
    """Return the end named "init" or "resp" of a Noise vector, ready for its first turn."""

    def given(name: str) -> bytes | None:
        text = vector.get(f"{who}_{name}")
        return None if text is None else bytes.fromhex(text)

    return Handshake(
        vector["protocol_name"],
        initiator=who == "init",
        ephemeral=bytes.fromhex(vector[f"{who}_ephemeral"]),
        static=given("static"),
        remote_static=given("remote_static"),
        psks=[bytes.fromhex(psk) for psk in vector.get(f"{who}_psks", [])],
        prologue=given("prologue") or b"",
    )


def play_noise(vector: Asked) -> tuple[list[str], str]:
    """Return the ciphertexts of the vector's payloads, each of which the other end can open, and the handshake hash."""
    initiator, responder = noise_end(vector, "init"), noise_end(vector, "resp")
    ciphertexts = []
    turns = cycle([(initiator, responder), (responder, initiator)])
    ciphers = None
    for payload, (sender, receiver) in zip(vector["payloads"], turns, strict=False):
        plain = bytes.fromhex(payload)
        if sender.complete:
            ciphers = ciphers or {id(end): end.split() for end in (initiator, responder)}
            ciphertext = ciphers[id(sender)][0].encrypt(b"", plain)
            opened = ciphers[id(receiver)][1].decrypt(b"", ciphertext)
        else:
            ciphertext = sender.write_message(plain)
            opened = receiver.read_message(ciphertext)
        if opened != plain:
            raise AssertionError("the two ends of one engine do not understand each other")
        ciphertexts.append(ciphertext.hex())
    return ciphertexts, initiator.handshake_hash.hex()


def _noise(asked: Asked) -> Told:
    ciphertexts, handshake_hash = play_noise(asked)
    told: Told = {"ciphertexts": ciphertexts}
    return told | {"handshake_hash": handshake_hash} if asked["with_hash"] else told


def _psk(said: Asked) -> Psk:
    secrets = [bytes.fromhex(secret) for secret in said["from"].values()]
    if said["kind"] == "contact":
        return contact_psk(*secrets)
    return {"presence": presence_psk, "card": card_psk, "device": device_psk}[said["kind"]](*secrets)


def _make_psk(asked: Asked) -> Told:
    psk = _psk(asked)
    hint = psk.identity_hint(public_key(bytes.fromhex(asked["ephemeral_private"])))
    return {"psk": psk.key.hex(), "hint_key": psk.hint_key.hex(), "hint": hint.hex()}


def _dial(asked: Asked) -> Told:
    """Dial, given the flights in `received`; then send the frames in `say`, and at last `later`, after more frames."""
    static, ephemeral, remote = unhexed(asked, "static_private", "ephemeral_private", "remote_static")
    channel = Initiator(
        static_private=static, remote_static=remote, psk=_psk(asked["psk"]), ephemeral_private=ephemeral
    )
    sent, plaintexts = [channel.data_to_send().hex()], []
    for flight in asked["received"]:
        plaintexts += channel.receive(bytes.fromhex(flight))
        if flight := channel.data_to_send():
            sent.append(flight.hex())
    sent += [channel.send(bytes.fromhex(plaintext)).hex() for plaintext in asked.get("say", [])]
    if later := asked.get("later"):
        for _ in range(len(asked["say"]), later["earlier_frames"]):
            channel.send(b".")
        sent.append(channel.send(bytes.fromhex(later["plaintext"])).hex())
    return {
        "sent": sent,
        "plaintexts": [plaintext.hex() for plaintext in plaintexts],
        "handshake_hash": channel.handshake_hash.hex(),
    }


def _answer(asked: Asked) -> Told:
    """Answer a call, given the flights in `received`. With `twice` the first of them was answered once before."""
    static, ephemeral = unhexed(asked, "static_private", "ephemeral_private")
    seen = SeenEphemerals()

    def channel() -> Responder[int]:
        candidates = [PskCandidate(number, _psk(psk)) for number, psk in enumerate(asked["psks"])]
        return Responder(static_private=static, candidates=lambda: candidates, seen=seen, ephemeral_private=ephemeral)

    if asked.get("twice"):
        channel().receive(bytes.fromhex(asked["received"][0]))
    answering, sent, plaintexts = channel(), [], []
    for flight in asked["received"]:
        plaintexts += answering.receive(bytes.fromhex(flight))
        if data := answering.data_to_send():
            sent.append(data.hex())
    sent += [answering.send(bytes.fromhex(plaintext)).hex() for plaintext in asked.get("say", [])]
    return {"sent": sent, "plaintexts": [plaintext.hex() for plaintext in plaintexts]}


OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    "card.json": {"card": _card},
    "devices.json": {
        "code": _device_code,
        "enrol": _enrol,
        "check enrol": _check_enrol,
        "check enrolled": _check_enrolled,
    },
    "words.json": {"code": _word_code, "number": _number, "type": _type, "show": _show, "person": _met},
    "presence.json": {"names": _names, "read": _read_announcement, "recognize": _recognize},
    "noise.json": {"play": _noise},
    "noise_published.json": {"play": _noise},
    "channel.json": {"psk": _make_psk, "dial": _dial, "answer": _answer},
}
