"""Makes the vectors of letters: sealed, unopened and refused ones."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from conformance.data import to_json
from protocol import Letter
from protocol.letters import (
    Content,
    Introduction,
    KeyShare,
    Opened,
    Receipt,
    device_tag,
    letter_tag,
    receipt_slot,
    seal,
)
from protocol.limits import KEY_SHARE_NEED_MAX, LETTER_DEVICES_MAX, RECEIPT_LETTERS_MAX, TIME_MAX
from tests.support import vectors_handovers
from tests.support.people import NOW, Person, grown
from tests.support.vectors_refused_letters import refused_letters, unknown_letter

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
PHONE = CAROL.on("phone")
SLOT = grown("letter", size=16)


def _many() -> tuple[Opened, ...]:
    """Return as many letters and devices as one receipt can name."""
    devices = tuple(sorted(grown("device", number, size=8) for number in range(LETTER_DEVICES_MAX)))
    slots = sorted(grown("answered", number, size=16) for number in range(RECEIPT_LETTERS_MAX))
    return tuple(Opened(slot, devices) for slot in slots)


RECEIPT = Receipt((Opened(grown("answered", size=16), (device_tag(ALICE.device),)),))
INTRODUCTION = Introduction(BOB.id, "Bob", "You both keep bees.\nSay hello!", (BOB.certificate(),))
SHARE_WORDS = " ".join(["academic", "acid", "acne"] * 11)
SHARE = KeyShare(NOW, 2, SHARE_WORDS)
CONTENTS: dict[str, tuple[Content, tuple[Person, ...]]] = {
    "a receipt": (RECEIPT, (CAROL,)),
    "a receipt for two devices": (RECEIPT, (CAROL, PHONE)),
    "a receipt for as many letters and devices as fit": (Receipt(_many()), (CAROL,)),
    "an introduction": (INTRODUCTION, (CAROL,)),
    "a long introduction": (Introduction(BOB.id, "Bob", "ü" * 500, (BOB.certificate(),)), (CAROL,)),
    "a share of a key": (SHARE, (CAROL,)),
    "a share of a key with the longest words and the highest numbers": (
        KeyShare(TIME_MAX, KEY_SHARE_NEED_MAX, " ".join(["zzzzzzzz"] * 33)),
        (CAROL, PHONE),
    ),
    "a share of a key that is taken back": (KeyShare(0, 0, ""), (CAROL,)),
    "five devices, and so eight boxes": (
        RECEIPT,
        (CAROL, PHONE, ALICE.on("phone"), ALICE.on("tablet"), CAROL.on("tablet")),
    ),
    **vectors_handovers.contents(),
}


def slot_of(content: Content) -> bytes:
    """Return the slot of a letter from Alice to Carol."""
    return receipt_slot(ALICE.id, CAROL.id) if isinstance(content, Receipt) else SLOT


def sealed(
    content: Content, devices: tuple[Person, ...], *, author: Person = ALICE, addressee: Person = CAROL, why: str = ""
) -> Letter:
    """Return a letter that is sealed with the entropy of its case; a receipt is in the slot that its two people have."""
    return seal(
        content,
        author=author.id,
        addressee=addressee.id,
        slot=slot_of(content),
        letter_keys=[device.keys.letter_public for device in devices],
        entropy=grown("entropy", why),
    )


def letters_vectors() -> dict[str, Any]:
    return {
        "tags": [
            {
                "author": author.id.hex(),
                "addressee": addressee.id.hex(),
                "slot": slot.hex(),
                "tag": letter_tag(author.id, addressee.id, slot).hex(),
            }
            for author, addressee, slot in ((ALICE, CAROL, SLOT), (CAROL, ALICE, SLOT), (ALICE, CAROL, bytes(16)))
        ],
        "receipt_slots": [
            {
                "author": author.id.hex(),
                "addressee": addressee.id.hex(),
                "slot": receipt_slot(author.id, addressee.id).hex(),
            }
            for author, addressee in ((ALICE, CAROL), (CAROL, ALICE), (ALICE, ALICE))
        ],
        "sealed": [
            {
                "case": case,
                "author": ALICE.id.hex(),
                "addressee": CAROL.id.hex(),
                "slot": slot_of(content).hex(),
                "number": content.NUMBER,
                "fields": to_json(content.to_fields()),
                "letter_keys": [device.keys.letter_public.hex() for device in devices],
                "entropy": grown("entropy", case).hex(),
                "body": sealed(content, devices, why=case).to_body().hex(),
                "private_keys": [device.keys.letter_private.hex() for device in devices],
            }
            for case, (content, devices) in CONTENTS.items()
        ],
        "unopened": [
            {**_given("for a device that has no box", ALICE, SLOT, not_for_carol()), "opened": {"opened": False}},
            {
                **_given("of a number that nobody knows yet", ALICE, SLOT, unknown_letter()),
                "opened": {"opened": True, "addressee": CAROL.id.hex(), "number": 99, "fields": None},
            },
        ],
        "refused": [
            *(
                {**_given(case, author, slot, letter), "code": "FORGED"}
                for case, (author, slot, letter) in wrong_letters().items()
            ),
            *refused_letters(),
        ],
    }


def wrong_letters() -> dict[str, tuple[Person, bytes, Letter]]:
    """Return letters that somebody has tampered with: the author and the slot of the header, and the body."""
    good = sealed(INTRODUCTION, (CAROL,))
    other = sealed(INTRODUCTION, (CAROL,), why="other")
    return {
        "signed again by somebody else": (BOB, SLOT, good),
        "sent again under another slot": (ALICE, bytes(16), good),
        "with the tag of somebody else": (ALICE, SLOT, replace(good, tag=letter_tag(ALICE.id, BOB.id, SLOT))),
        "with boxes of another letter": (ALICE, SLOT, replace(good, boxes=other.boxes)),
        "with another nonce": (ALICE, SLOT, replace(good, nonce=bytes(24))),
        "with a byte changed": (ALICE, SLOT, replace(good, sealed=bytes([good.sealed[0] ^ 1]) + good.sealed[1:])),
    }


def not_for_carol() -> Letter:
    """Return a letter that Carol's laptop has no box of."""
    return sealed(INTRODUCTION, (PHONE,))


def _given(case: str, author: Person, slot: bytes, letter: Letter) -> dict[str, str]:
    return {
        "case": case,
        "author": author.id.hex(),
        "slot": slot.hex(),
        "body": letter.to_body().hex(),
        "private_key": CAROL.keys.letter_private.hex(),
    }
