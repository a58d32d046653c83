"""Makes the vectors of letters: sealed, unopened and refused ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.data import to_json
from protocol import Letter
from protocol.letters import Content, Introduction, Receipt, letter_tag, seal
from tests.support.people import Person, grown
from tests.support.vectors_refused_letters import refused_letters, unknown_letter

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
PHONE = CAROL.on("phone")
SLOT = grown("letter", size=16)

CONTENTS: dict[str, tuple[Content, tuple[Person, ...]]] = {
    "a receipt": (Receipt(grown("answered", size=16)), (CAROL,)),
    "a receipt for two devices": (Receipt(grown("answered", size=16)), (CAROL, PHONE)),
    "an introduction": (Introduction(BOB.id, "Bob", "You both keep bees.\nSay hello!", (BOB.certificate(),)), (CAROL,)),
    "a long introduction": (Introduction(BOB.id, "Bob", "ü" * 500, (BOB.certificate(),)), (CAROL,)),
    "five devices, and so eight boxes": (
        Receipt(grown("answered", size=16)),
        (CAROL, PHONE, ALICE.on("phone"), ALICE.on("tablet"), CAROL.on("tablet")),
    ),
}


def sealed(
    content: Content, devices: tuple[Person, ...], *, author: Person = ALICE, addressee: Person = CAROL, why: str = ""
) -> Letter:
    """Return a letter that is sealed with the entropy of its case."""
    return seal(
        content,
        author=author.id,
        addressee=addressee.id,
        slot=SLOT,
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
        "sealed": [
            {
                "case": case,
                "author": ALICE.id.hex(),
                "addressee": CAROL.id.hex(),
                "slot": SLOT.hex(),
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
    good = sealed(Receipt(grown("answered", size=16)), (CAROL,))
    other = sealed(Receipt(grown("another", size=16)), (CAROL,), why="other")
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
    return sealed(Receipt(grown("answered", size=16)), (PHONE,))


def _given(case: str, author: Person, slot: bytes, letter: Letter) -> dict[str, str]:
    return {
        "case": case,
        "author": author.id.hex(),
        "slot": slot.hex(),
        "body": letter.to_body().hex(),
        "private_key": CAROL.keys.letter_private.hex(),
    }
