"""Makes the vectors of word codes: texts, the keys of a number, the two sides of SPAKE2, and what is said after them."""

from __future__ import annotations

import dataclasses
from typing import Any

from msgspec.structs import replace

from protocol.limits import DEVICE_LIFE
from protocol.tokens import WordCode
from protocol.wire import (
    MeetPerson,
    MeetProof,
    MeetStart,
    ShownCode,
    TypedCode,
    encode_frame,
    meet_person,
    meeting_secret,
    meeting_static,
)
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person, grown
from tests.support.vectors_changes import compact, written

ALICE = Person("Alice")
HASH = grown("a channel", size=64)
CODES = (WordCode(1, ("acorn", "acorn")), WordCode(99, ("zipper", "zipper")))
SPOKEN = ("7-falcon-teapot", " 7 Falcon  TEAPOT ", "7, falcon_teapot.")
CODE = WordCode.parse("7-falcon-teapot")
SHOWN_ENTROPY, TYPED_ENTROPY = grown("shown", size=64), grown("typed", size=64)


def words_vectors() -> dict[str, Any]:
    return {
        "codes": [
            {"text": text, "number": code.number, "words": list(code.words), "written": code.to_text()}
            for text, code in (*((code.to_text(), code) for code in CODES), *((text, CODE) for text in SPOKEN))
        ],
        "numbers": [
            {"number": number, "secret": meeting_secret(number).hex(), "static_private": meeting_static(number).hex()}
            for number in (1, 7, 99)
        ],
        "meetings": [_meeting(*purposes) for purposes in ((1, 1), (2, 2), (1, 2), (2, 1), (3, 1))],
        "persons": [{"handshake_hash": HASH.hex(), **_person(good()), "certificate": ALICE.certificate().wire.hex()}],
        "refused": [*_refused_texts(), *_refused_typed(), *_refused_shown(), *_refused_people()],
    }


def good() -> MeetPerson:
    """Return what Alice's device says on the channel."""
    return meet_person(ALICE.keys, ALICE.certificate(), "Alice", HASH)


def _ends() -> tuple[ShownCode, TypedCode]:
    return ShownCode(CODE, SHOWN_ENTROPY), TypedCode(CODE, TYPED_ENTROPY)


def _given() -> dict[str, Any]:
    shown, typed = _ends()
    return {
        "text": CODE.to_text(),
        "shown_entropy": SHOWN_ENTROPY.hex(),
        "typed_entropy": TYPED_ENTROPY.hex(),
        "shown_start": encode_frame(MeetStart(shown.message)).hex(),
        "typed_start": encode_frame(MeetStart(typed.message)).hex(),
        "handshake_hash": HASH.hex(),
    }


def _meeting(typed_purpose: int, shown_purpose: int) -> dict[str, Any]:
    shown, typed = _ends()
    asks = typed.prove(MeetStart(shown.message), HASH, typed_purpose)
    answers = shown.prove(MeetStart(typed.message), asks, HASH, shown_purpose)
    typed.check(answers, HASH)
    return {
        **_given(),
        "typed_purpose": typed_purpose,
        "shown_purpose": shown_purpose,
        "typed_proof": encode_frame(asks).hex(),
        "shown_proof": encode_frame(answers).hex(),
    }


def _refused_texts() -> list[dict[str, Any]]:
    texts = {
        "nothing": ("", "CARD_MALFORMED"),
        "a number and one word": ("7-falcon", "CARD_MALFORMED"),
        "three words": ("7-falcon-teapot-zipper", "CARD_MALFORMED"),
        "words without a number": ("falcon-teapot-zipper", "CARD_MALFORMED"),
        "a digit of another script": ("\u0667-falcon-teapot", "CARD_MALFORMED"),
        "a text that is too long": (" " * 4_097 + "7-falcon-teapot", "CARD_MALFORMED"),
        "a number with a zero ahead": ("07-falcon-teapot", "CARD_CHECKSUM"),
        "number 0": ("0-falcon-teapot", "CARD_CHECKSUM"),
        "number 100": ("100-falcon-teapot", "CARD_CHECKSUM"),
        "a first word that is not in the list": ("7-falcom-teapot", "CARD_CHECKSUM"),
        "a second word that is not in the list": ("7-falcon-teapots", "CARD_CHECKSUM"),
    }
    return [{"why": why, "do": "code", "text": text, "code": code} for why, (text, code) in texts.items()]


def _elements() -> dict[str, bytes]:
    """Return messages of SPAKE2 that are no elements of its group, or of no use in it."""
    return {
        "the neutral element": bytes([1, *bytes(31)]),
        "an element of order 4": bytes(32),
        "no point of the curve": bytes([2, *bytes(31)]),
    }


def _refused_typed() -> list[dict[str, Any]]:
    """Return what the shown end must refuse: a start and a proof by somebody who has typed something."""
    shown, typed = _ends()
    proof = typed.prove(MeetStart(shown.message), HASH, 1)
    other = TypedCode(WordCode.parse("7-teapot-falcon"), TYPED_ENTROPY)
    others = other.prove(MeetStart(shown.message), HASH, 1)
    cases = {
        "other words": (other.message, others),
        "a proof for another purpose than it says": (typed.message, replace(proof, purpose=2)),
        "a proof of zeros": (typed.message, MeetProof(bytes(32), 1)),
        "a proof that the shown end would give": (
            typed.message,
            ShownCode(CODE, SHOWN_ENTROPY).prove(MeetStart(typed.message), proof, HASH, 1),
        ),
        **{why: (element, proof) for why, element in _elements().items()},
    }
    found = [
        {
            **_given(),
            "why": why,
            "do": "show",
            "shown_purpose": 1,
            "typed_start": encode_frame(MeetStart(message)).hex(),
            "typed_proof": encode_frame(proof).hex(),
        }
        for why, (message, proof) in cases.items()
    ]
    found.append(
        {
            **_given(),
            "why": "a proof on another channel",
            "do": "show",
            "shown_purpose": 1,
            "typed_proof": encode_frame(proof).hex(),
            "handshake_hash": bytes(64).hex(),
        }
    )
    for case in found:
        del case["typed_entropy"], case["shown_start"]
    return [{**case, "code": "FORGED"} for case in found]


def _refused_shown() -> list[dict[str, Any]]:
    """Return what the typed end must refuse: an answer by somebody who does not show this code."""
    meeting = _meeting(1, 1)
    del meeting["shown_entropy"], meeting["shown_purpose"], meeting["typed_start"], meeting["typed_proof"]
    cases = {
        "an answer of zeros": {"shown_proof": encode_frame(MeetProof(bytes(32), 1)).hex()},
        "an answer for another purpose than it says": {
            "shown_proof": encode_frame(MeetProof(bytes.fromhex(meeting["shown_proof"])[4:36], 2)).hex()
        },
        **{why: {"shown_start": encode_frame(MeetStart(element)).hex()} for why, element in _elements().items()},
    }
    return [{**meeting, "why": why, "do": "type", **change, "code": "FORGED"} for why, change in cases.items()]


def _person(frame: MeetPerson) -> dict[str, Any]:
    return {"person": encode_frame(frame).hex()}


def _refused_people() -> list[dict[str, Any]]:
    certificate, phone = ALICE.certificate(), Person("Alice", "phone")
    too_long = NOW + DEVICE_LIFE + 1
    found: dict[str, tuple[MeetPerson, str]] = {
        "a signature over another channel": (replace(good(), signature=meet_person(ALICE.keys, certificate, "Alice", bytes(64)).signature), "FORGED"),
        "a signature by another device": (meet_person(phone.keys, certificate, "Alice", HASH), "FORGED"),
        "a profile": (replace(good(), certificate=ALICE.profile().wire), "FORGED"),
        "a revocation": (replace(good(), certificate=ALICE.revocation().wire), "FORGED"),
        "a certificate without its body": (replace(good(), certificate=certificate.without_body().wire), "FORGED"),
        "a certificate that nobody has signed": (replace(good(), certificate=dataclasses.replace(certificate, signature=bytes(64)).wire), "FORGED"),
        "bytes that are no record": (replace(good(), certificate=written([])), "MALFORMED"),
        "a certificate in another slot": (replace(good(), certificate=rewritten(ALICE, certificate, slot=bytes(16)).wire), "MALFORMED"),
        "a certificate that lives too long": (replace(good(), certificate=rewritten(ALICE, certificate, expires=too_long, latest_expiry=too_long).wire), "EXPIRED"),
        "a certificate whose body says revoked": (replace(good(), certificate=rewritten(ALICE, certificate, body=ALICE.revocation().body).wire), "MALFORMED"),
        "a certificate whose body is not one": (replace(good(), certificate=rewritten(ALICE, certificate, body=b"\x90").wire), "MALFORMED"),
    }  # fmt: skip
    return [
        {"why": why, "do": "person", "handshake_hash": HASH.hex(), "person": compact(encode_frame(frame)), "code": code}
        for why, (frame, code) in found.items()
    ]
