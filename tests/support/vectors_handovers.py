"""Makes the vectors of handovers: what one holds, and those that every reader must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from protocol import Kind, Record
from protocol.letters import Action, Content, Handed, HandoverLetter, Introduction, Note, Receipt
from protocol.letters import Opened as OpenedByReceipt
from protocol.letters import sealed as seal_with_key
from protocol.limits import (
    DEVICE_LIFE,
    LETTER_ITEMS_MAX,
    LETTER_LIFE,
    NOTE_KEY_MAX,
    NOTE_VALUE_MAX,
    STAMP_MAX,
    TIME_MAX,
)
from tests.support.exchanges import move, terms
from tests.support.malformed_records import rewritten, with_signature
from tests.support.people import NOW, Person, grown

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
SLOT = grown("letter handed over", size=16)
ANOTHER_SLOT = grown("another letter handed over", size=16)
INTRODUCTION = Introduction(BOB.id, "Bob", "You both keep bees.", (BOB.certificate(),))


def handed(
    content: Content = INTRODUCTION,
    *,
    author: Person = ALICE,
    addressee: Person = CAROL,
    slot: bytes = SLOT,
    **told: Any,
) -> Handed:
    """Return a letter as it is handed over."""
    letter, key = seal_with_key(
        content,
        author=author.id,
        addressee=addressee.id,
        slot=slot,
        letter_keys=[addressee.keys.letter_public],
        entropy=grown("entropy of what is handed over", content.NUMBER),
    )
    return Handed(author.record(Kind.LETTER, slot, letter, life=LETTER_LIFE), key, **{"arrived": NOW, **told})


LETTERS = (
    handed(),
    handed(move(Action.ASK, terms()), author=CAROL, addressee=ALICE, slot=ANOTHER_SLOT, delivered=NOW + 60),
)
NOTES = (Note(1, BOB.id, b"\1Bobby", 3), Note(2, grown("a search", size=16), None, 4))
MISSING = ((BOB.id, SLOT),)
HANDOVER = HandoverLetter(LETTERS, (ALICE.certificate(), CAROL.certificate()), NOTES, MISSING)
MOST = HandoverLetter(notes=tuple(Note(1, bytes([number]), b"", STAMP_MAX) for number in range(LETTER_ITEMS_MAX)))
LARGEST = HandoverLetter(notes=(Note(255, b"k" * NOTE_KEY_MAX, b"v" * NOTE_VALUE_MAX, 1),))

Fields = list[Any]


def fields_of(content: HandoverLetter = HANDOVER) -> Fields:
    """Return the fields of a handover as lists that can be changed."""
    fields: Fields = _listed(content.to_fields())
    return fields


def malformed() -> dict[str, Fields]:
    """Return the fields of handovers that break a rule of their form, by the reason."""

    def other(change: Callable[..., Any]) -> Fields:
        fields = fields_of()
        change(fields)
        return fields

    def put(place: int, value: Any, *path: int) -> Fields:
        fields = fields_of()
        holder = fields
        for step in (place, *path)[:-1]:
            holder = holder[step]
        holder[(place, *path)[-1]] = value
        return fields

    letter, certificate = LETTERS[0].record, ALICE.certificate()
    too_long = NOW + DEVICE_LIFE + 1
    own = handed(HandoverLetter(notes=NOTES))
    wrong_letters: dict[str, Record] = {
        "without its body": letter.without_body(),
        "that nobody signed": with_signature(letter, bytes(64)),
        "that lives too long": rewritten(
            ALICE, letter, expires=NOW + LETTER_LIFE + 1, latest_expiry=NOW + LETTER_LIFE + 1
        ),
        "whose body is none": rewritten(ALICE, letter, body=b"\x90"),
        "that is a profile": ALICE.profile(),
        "by a device without its certificate": ALICE.on("phone").record(
            Kind.LETTER, SLOT, LETTERS[0].letter, life=LETTER_LIFE
        ),
        "by somebody else": BOB.record(Kind.LETTER, SLOT, LETTERS[0].letter, life=LETTER_LIFE),
    }
    wrong_certificates: dict[str, Record] = {
        "a profile": ALICE.profile(),
        "one without its body": certificate.without_body(),
        "a revocation": ALICE.on("phone").revocation(),
        "one that lives too long": rewritten(ALICE, certificate, expires=too_long, latest_expiry=too_long),
        "one whose body is none": rewritten(ALICE, certificate, body=b"\x90"),
        "one that nobody signed": with_signature(certificate, bytes(64)),
    }
    many_notes = [[1, bytes([number]), b"", 1] for number in range(LETTER_ITEMS_MAX + 1)]
    return {
        "a handover of three fields": fields_of()[:3],
        "a handover of five fields": [*fields_of(), []],
        "a handover of nothing": [[], _listed(HANDOVER.to_fields())[1], [], []],
        "a handover whose letters are no array": put(0, b""),
        "a handover whose certificates are no array": put(1, b""),
        "a handover whose notes are no array": put(2, b""),
        "a handover whose missing letters are no array": put(3, b""),
        "a handover of 65 notes": [[], [], many_notes, []],
        "a handover with a letter of three fields": other(lambda fields: fields[0][0].pop()),
        "a handover with a letter of five fields": other(lambda fields: fields[0][0].append(None)),
        "a handover with a letter that is no array": put(0, 0, 0),
        "a handover with a letter that is text": put(0, "record", 0, 0),
        "a handover with a letter that is no record": put(0, b"\x90", 0, 0),
        "a handover with a key of 31 bytes": put(0, bytes(31), 0, 1),
        "a handover with a key that is text": put(0, "k" * 32, 0, 1),
        "a handover with a letter that never arrived": put(0, None, 0, 2),
        "a handover with a letter that arrived before 1970": put(0, -1, 0, 2),
        "a handover with a letter that arrived too late": put(0, TIME_MAX + 1, 0, 2),
        "a handover with a letter delivered at no time": put(0, True, 0, 3),
        "a handover with a certificate that is text": put(1, "certificate", 0),
        "a handover with a note of three fields": other(lambda fields: fields[2][0].pop()),
        "a handover with a note of five fields": other(lambda fields: fields[2][0].append(None)),
        "a handover with a note that is no array": put(2, 0, 0),
        "a handover with a note of kind 0": put(2, 0, 0, 0),
        "a handover with a note of kind 256": put(2, 256, 0, 0),
        "a handover with a note whose kind is a boolean": put(2, True, 0, 0),
        "a handover with a note without a key": put(2, b"", 0, 1),
        "a handover with a note whose key is too long": put(2, b"k" * (NOTE_KEY_MAX + 1), 0, 1),
        "a handover with a note whose key is text": put(2, "key", 0, 1),
        "a handover with a note whose value is too long": put(2, b"v" * (NOTE_VALUE_MAX + 1), 0, 2),
        "a handover with a note whose value is text": put(2, "Bobby", 0, 2),
        "a handover with a note of stamp 0": put(2, 0, 0, 3),
        "a handover with a note whose stamp is too high": put(2, STAMP_MAX + 1, 0, 3),
        "a handover with a note whose stamp is a boolean": put(2, True, 0, 3),
        "a handover that lacks a letter without a slot": other(lambda fields: fields[3][0].pop()),
        "a handover that lacks a letter with three fields": other(lambda fields: fields[3][0].append(None)),
        "a handover that lacks a letter by a key of 31 bytes": put(3, bytes(31), 0, 0),
        "a handover that lacks a letter in a slot of 15 bytes": put(3, bytes(15), 0, 1),
        "a handover of a handover": fields_of(HandoverLetter((own,), (ALICE.certificate(),))),
        **{f"a handover of a letter {why}": put(0, record.wire, 0, 0) for why, record in wrong_letters.items()},
        **{
            f"a handover whose certificate is {why}": other(lambda fields, wire=record.wire: fields[1].append(wire))
            for why, record in wrong_certificates.items()
        },
    }


def forged() -> dict[str, Fields]:
    """Return the fields of handovers of a letter that somebody has tampered with, by the reason."""
    good = LETTERS[0]
    stolen = BOB.record(Kind.LETTER, SLOT, good.letter, life=LETTER_LIFE)
    lying = replace(good.letter, sealed=bytes([good.letter.sealed[0] ^ 1]) + good.letter.sealed[1:])
    receipt = Receipt((OpenedByReceipt(SLOT, (bytes(8),)),))
    cases: dict[str, tuple[Handed, Person]] = {
        "with the key of another letter": (replace(good, key=LETTERS[1].key), ALICE),
        "that somebody else has signed as their own": (replace(good, record=stolen), BOB),
        "with a byte changed": (
            replace(good, record=ALICE.record(Kind.LETTER, SLOT, lying, life=LETTER_LIFE)),
            ALICE,
        ),
        "that is a receipt in another slot": (handed(receipt), ALICE),
    }
    return {
        f"a handover of a letter {why}": _listed(HandoverLetter((one,), (signer.certificate(),)).to_fields())
        for why, (one, signer) in cases.items()
    }


def contents() -> dict[str, tuple[Content, tuple[Person, ...]]]:
    """Return handovers from Alice that Carol's device opens."""
    unknown = handed(Introduction(BOB.id, "Bob", "", (BOB.certificate(),)), slot=grown("third", size=16))
    return {
        "a handover": (HANDOVER, (CAROL,)),
        "a handover of as many notes as fit": (MOST, (CAROL,)),
        "a handover of the largest note": (LARGEST, (CAROL,)),
        "a handover that only asks": (HandoverLetter(missing=MISSING), (CAROL,)),
        "a handover of one letter": (HandoverLetter((unknown,), (ALICE.certificate(),)), (CAROL,)),
    }


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value
