"""Groups, letters and moves that every reader must refuse, each with the rule that refuses it and the code."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec.structs import replace
from nacl import bindings

from protocol import Letter, Record, Step
from protocol.letters import Action, Introduction, letter_tag, receipt_slot
from protocol.limits import (
    COMMUNITY_TAG_BYTES,
    DEVICE_LIFE,
    EXCHANGE_ID_BYTES,
    GROUPS_MAX,
    INTRODUCTION_TEXT_MAX,
    LETTER_DEVICES_MAX,
    MESSAGE_MAX,
    NAME_MAX,
    QUANTITY_MAX,
    QUANTITY_STEPS,
    TIME_MAX,
    TITLE_MAX,
    UNIT_MAX,
)
from tests.support import vectors_handovers
from tests.support.chains import chain
from tests.support.exchanges import ASKER, OWNER, move, terms
from tests.support.malformed_records import rewritten, with_signature
from tests.support.people import NOW, Person, grown
from tests.support.vectors_changes import Change, ascending, changed, longer, refusals, shorter, written

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")


# --- groups ----------------------------------------------------------------------------------------------------------


def refused_certificates() -> list[dict[str, Any]]:
    """Return joins of Bob's in which one step comes with something that is not the inviter's certificate."""
    whole = chain(ALICE, BOB)
    certificate = ALICE.certificate()
    too_long = NOW + DEVICE_LIFE + 1
    cases = {
        "bytes that are no record for a certificate": (b"\x90", "MALFORMED"),
        "a profile for a certificate": (ALICE.profile().wire, "FORGED"),
        "a certificate without its body": (certificate.without_body().wire, "FORGED"),
        "a certificate that lives too long": (
            rewritten(ALICE, certificate, expires=too_long, latest_expiry=too_long).wire,
            "EXPIRED",
        ),
        "a certificate in another slot": (rewritten(ALICE, certificate, slot=bytes(16)).wire, "MALFORMED"),
        "a certificate whose body is not one": (rewritten(ALICE, certificate, body=b"\x90").wire, "MALFORMED"),
        "a certificate whose body says revoked": (
            rewritten(ALICE, certificate, body=ALICE.revocation().body).wire,
            "MALFORMED",
        ),
    }
    unrevoked = rewritten(ALICE, ALICE.revocation(), body=certificate.body)
    cases["a revocation whose body does not say so"] = (unrevoked.wire, "FORGED")
    return [
        {
            "case": case,
            "code": code,
            "author": BOB.id.hex(),
            "body": replace(whole, steps=(whole.steps[0], Step(wire, whole.steps[1].signature))).to_body().hex(),
        }
        for case, (wire, code) in cases.items()
    ]


# --- letters ---------------------------------------------------------------------------------------------------------

_KEY = grown("a letter's key")
_NONCE_DOMAIN = b"meshnode letter nonce v1\0"
SLOT = grown("letter", size=16)


def by_hand(plain: bytes, *, nonce: bytes | None = None, padded: bytes | None = None, slot: bytes = SLOT) -> Letter:
    """Return the letter from Alice to Carol with this content, whether a node would seal it or not."""
    nonce = blake2b(_NONCE_DOMAIN, key=_KEY, digest_size=24).digest() if nonce is None else nonce
    ephemeral = grown("a box's key")
    shown = bindings.crypto_scalarmult_base(ephemeral)
    public = CAROL.keys.letter_public
    box_nonce = blake2b(shown + public, digest_size=24).digest()
    box = shown + bindings.crypto_box(_KEY, box_nonce, public, ephemeral)
    boxes = sorted([box, *(grown("nobody's box", number, size=40) * 2 for number in range(3))])
    padded = (plain + b"\x80").ljust(_size(len(plain)), b"\0") if padded is None else padded
    sealed = bindings.crypto_secretbox(padded, nonce, _KEY)
    return Letter(grown("salt", size=16), letter_tag(ALICE.id, CAROL.id, slot), tuple(boxes), nonce, sealed)


def _size(length: int) -> int:
    return next(size for size in (512, 2048, 8192, 16384) if length < size)


def content(number: int, fields: Any, slot: bytes = SLOT) -> bytes:
    """Return the inside of a letter from Alice to Carol."""
    return written([ALICE.id, CAROL.id, slot, number, fields])


def refused_letters() -> list[dict[str, Any]]:
    """Return letters from Alice that Carol's device opens and refuses by what is inside."""
    good = content(3, list(Introduction(BOB.id, "Bob", "", (BOB.certificate(),)).to_fields()))
    inside: dict[str, bytes] = {
        "content of four fields": shorter(good),
        "content of six fields": longer(good),
        "content that is no array": b"\x00",
        "content with a longer form of the array": b"\xdc\x00\x05" + good[1:],
        "an author that is text": changed(good, [0], "a" * 32),
        "an addressee that is text": changed(good, [1], "a" * 32),
        "an addressee of 31 bytes": changed(good, [1], CAROL.id[:31]),
        "a slot that is text": changed(good, [2], "s" * 16),
        "fields that are no array": changed(good, [4], 0),
        "fields of an unknown number that are no array": content(99, 0),
        "a list of 65 items inside": changed(good, [4], [0] * 65),
        "a move of six fields": content(2, _ask_fields()[:-1]),
        **{why: content(3, fields) for why, fields in _introductions().items()},
        **{why: content(4, fields) for why, fields in vectors_handovers.malformed().items()},
        **{why: content(5, fields) for why, fields in _shares().items()},
    }
    letters = {why: (by_hand(plain), "MALFORMED") for why, plain in inside.items()}
    letters |= {why: (by_hand(content(4, fields)), "FORGED") for why, fields in vectors_handovers.forged().items()}
    letters |= {
        "padding that does not end in 0x80": (by_hand(b"", padded=(good + b"\x81").ljust(512, b"\0")), "MALFORMED"),
        "a nonce that is not the key's": (by_hand(good, nonce=bytes(24)), "FORGED"),
        "an author who is not the header's": (by_hand(changed(good, [0], BOB.id)), "FORGED"),
        "a slot that is not the header's": (by_hand(changed(good, [2], bytes(16))), "FORGED"),
        "an addressee who is not the tag's": (by_hand(changed(good, [1], BOB.id)), "FORGED"),
    }
    both = receipt_slot(ALICE.id, CAROL.id)
    receipts = {why: (by_hand(content(1, fields, both), slot=both), "MALFORMED") for why, fields in _receipts().items()}
    named = changed(content(1, [[_entry(1)]], both), [3], True)
    receipts["a number that is a boolean"] = (by_hand(named, slot=both), "MALFORMED")
    receipts["an introduction in the slot for receipts"] = (by_hand(changed(good, [2], both), slot=both), "FORGED")
    letters["a receipt in another slot"] = (by_hand(content(1, [[_entry(1)]])), "FORGED")
    return [*_refused(letters, SLOT), *_refused(receipts, both)]


def _refused(letters: dict[str, tuple[Letter, str]], slot: bytes) -> list[dict[str, Any]]:
    return [
        {
            "case": why,
            "author": ALICE.id.hex(),
            "slot": slot.hex(),
            "body": letter.to_body().hex(),
            "private_key": CAROL.keys.letter_private.hex(),
            "code": code,
        }
        for why, (letter, code) in letters.items()
    ]


def _entry(number: int, *devices: bytes) -> list[Any]:
    """Return one letter of a receipt, opened by these devices, or one."""
    return [bytes([number]) * 16, list(devices) or [bytes(8)]]


def _receipts() -> dict[str, list[Any]]:
    one = _entry(1)
    two = [bytes([number]) * 8 for number in (1, 2)]
    return {
        "a receipt without letters": [[]],
        "a receipt of no fields": [],
        "a receipt with two fields": [[one], 0],
        "a receipt whose letters are no array": [bytes(16)],
        "a receipt with a letter that is no array": [[bytes(16)]],
        "a receipt with a letter of three fields": [[[*one, 0]]],
        "a receipt whose slot is text": [[["s" * 16, one[1]]]],
        "a receipt whose slot has 15 bytes": [[[bytes(15), one[1]]]],
        "a receipt whose devices are no array": [[[one[0], bytes(8)]]],
        "a receipt without devices": [[[one[0], []]]],
        "a receipt with nine devices": [[_entry(1, *ascending(LETTER_DEVICES_MAX + 1, 8))]],
        "a receipt whose device is text": [[_entry(1, "d" * 8)]],  # type: ignore[arg-type]
        "a receipt whose device has 7 bytes": [[_entry(1, bytes(7))]],
        "a receipt whose devices are out of order": [[_entry(1, *reversed(two))]],
        "a receipt with a device twice": [[_entry(1, two[0], two[0])]],
        "a receipt whose letters are out of order": [[_entry(2), _entry(1)]],
        "a receipt with a letter twice": [[one, one]],
    }


def unknown_letter() -> Letter:
    """Return a letter whose content has a number that nobody knows yet."""
    return by_hand(content(99, []))


def _introductions() -> dict[str, list[Any]]:
    fields = list(Introduction(BOB.id, "Bob", "You both keep bees.", (BOB.certificate(),)).to_fields())
    certificate = BOB.certificate()
    phone = BOB.on("phone")
    too_long = NOW + DEVICE_LIFE + 1

    def other(place: int, value: Any) -> list[Any]:
        return [*fields[:place], value, *fields[place + 1 :]]

    wrong: dict[str, Record] = {
        "of a person introduced with somebody else's certificate": ALICE.certificate(),
        "with a profile for a certificate": BOB.profile(),
        "with a certificate without its body": certificate.without_body(),
        "with a revocation": phone.revocation(),
        "with a certificate that lives too long": rewritten(BOB, certificate, expires=too_long, latest_expiry=too_long),
        "with a certificate whose body is not one": rewritten(BOB, certificate, body=b"\x90"),
        "with a certificate that nobody signed": with_signature(certificate, bytes(64)),
    }
    return {
        "an introduction of three fields": fields[:3],
        "an introduction of five fields": [*fields, 0],
        "an introduction whose person is text": other(0, "p" * 32),
        "an introduction whose person has 31 bytes": other(0, BOB.id[:31]),
        "an introduction without a name": other(1, ""),
        "an introduction whose name is bytes": other(1, b"Bob"),
        "an introduction whose name is too long": other(1, "a" * (NAME_MAX + 1)),
        "an introduction whose message is too long": other(2, "a" * (INTRODUCTION_TEXT_MAX + 1)),
        "an introduction whose certificates are no array": other(3, 0),
        "an introduction without certificates": other(3, []),
        "an introduction with nine certificates": other(
            3, [BOB.on(f"device {number}").certificate().wire for number in range(9)]
        ),
        "an introduction whose certificate is text": other(3, ["certificate"]),
        "an introduction with a certificate and text": other(3, [certificate.wire, "certificate"]),
        "an introduction with bytes that are no record": other(3, [b"\x90"]),
        **{f"an introduction {why}": other(3, [record.wire]) for why, record in wrong.items()},
    }


def _shares() -> dict[str, list[Any]]:
    words = ["acid"] * 33
    text = " ".join(words)
    return {
        "a share of two fields": [NOW, 2],
        "a share of four fields": [NOW, 2, text, 0],
        "a share whose time is text": ["now", 2, text],
        "a share whose time is below zero": [-1, 2, text],
        "a share that is taken back in a time below zero": [-1, 0, ""],
        "a share whose time is too high": [TIME_MAX + 1, 2, text],
        "a share whose number is text": [NOW, "2", text],
        "a share whose number is yes": [NOW, True, text],
        "a share that is enough alone": [NOW, 1, text],
        "a share that takes none": [NOW, 0, text],
        "a share that takes seventeen": [NOW, 17, text],
        "a share that is taken back and takes two": [NOW, 2, ""],
        "a share whose words are bytes": [NOW, 2, text.encode()],
        "a share of 32 words": [NOW, 2, " ".join(words[1:])],
        "a share of 34 words": [NOW, 2, " ".join(["acid", *words])],
        "a share with two spaces": [NOW, 2, text.replace(" ", "  ", 1)],
        "a share with a space at its end": [NOW, 2, text + " "],
        "a share with a capital": [NOW, 2, text.replace("a", "A", 1)],
        "a share with a word of three letters": [NOW, 2, " ".join(["aid", *words[1:]])],
        "a share with a word of nine letters": [NOW, 2, " ".join(["aaaaaaaaa", *words[1:]])],
    }


# --- moves -----------------------------------------------------------------------------------------------------------


def _ask_fields() -> list[Any]:
    return [*move(Action.ASK, terms(lend=True, return_by=NOW + 1)).to_fields()]


def refused_moves() -> list[dict[str, Any]]:
    """Return moves that are refused, and asks that begin no exchange of their name."""
    ask = written(_ask_fields())
    accept = written(move(Action.ACCEPT, terms()).to_fields())
    say = written(move(Action.SAY, terms()).to_fields())
    tags = ascending(3, COMMUNITY_TAG_BYTES)
    fields = [
        Change("an exchange of 15 bytes", [0], bytes(EXCHANGE_ID_BYTES - 1)),
        Change("action 0", [1], 0),
        Change("action 8", [1], len(Action) + 1),
        Change("an action that is a boolean", [1], True),
        Change("a time that is none", [2], None),
        Change("a time before 1970", [2], -1),
        Change("a message that is too long", [3], "a" * (MESSAGE_MAX + 1)),
        Change("a message that is no text", [3], None),
        Change("an ask without terms", [4], None),
        Change("terms that are no array", [4], 0),
        Change("terms of eleven fields", [4], _ask_fields()[4][:-1]),
        Change("terms with a nonce of 15 bytes", [4, 0], bytes(15)),
        Change("terms with a slot of 15 bytes", [4, 1], bytes(15)),
        Change("terms of type 2", [4, 2], 2),
        Change("terms whose type is a boolean", [4, 2], True),
        Change("terms without a title", [4, 3], ""),
        Change("terms whose title is too long", [4, 3], "a" * (TITLE_MAX + 1)),
        Change("terms of category 10", [4, 4], 10),
        Change("terms of category -1", [4, 4], -1),
        Change("terms with a quantity of 0", [4, 5], 0),
        Change("terms with a quantity that is too large", [4, 5], QUANTITY_MAX * QUANTITY_STEPS + 1),
        Change("terms with a unit that is too long", [4, 6], "a" * (UNIT_MAX + 1)),
        Change("terms whose lend is a number", [4, 7], 1),
        Change("terms with a return before 1970", [4, 8], -1),
        Change("terms with a return of what is not lent", [4, 7], False),
        Change("terms that are available from before 1970", [4, 9], -1),
        Change("terms that are available until before 1970", [4, 10], -1),
        Change("terms whose text has a hash of 15 bytes", [4, 11], bytes(15)),
        Change("communities that are no array", [5], 0),
        Change("more communities than a person may be in", [5], ascending(GROUPS_MAX + 1, COMMUNITY_TAG_BYTES)),
        Change("a community's tag of 15 bytes", [5], [bytes(15)]),
        Change("communities out of order", [5], tags[::-1]),
        Change("a community twice", [5], [tags[0], tags[0]]),
        Change("reason 4", [6], 4),
        Change("a reason that is text", [6], "gone"),
        Change("a reason for an ask", [6], 1),
    ]
    others = [
        Change("an acceptance with terms that are no array", [4], 0),
        Change("an acceptance with a reason", [6], 1),
    ]
    return [
        *refusals(ask, "fields", fields),
        *refusals(accept, "fields", others),
        *refusals(
            say,
            "fields",
            [
                Change("words without words", [3], ""),
                Change("words with communities", [5], tags),
                Change("words with terms", [4], _ask_fields()[4]),
            ],
        ),
        *refusals(
            written(move(Action.CANCEL, terms(), reason="twice").to_fields()),
            "fields",
            [Change("a cancellation because nothing is left", [6], 1)],
        ),
        {"why": "a move of six fields", "fields": shorter(ask).hex(), "code": "MALFORMED"},
        {"why": "a move of eight fields", "fields": longer(ask).hex(), "code": "MALFORMED"},
        *(
            {
                "why": why,
                "do": "ask",
                "asker": ASKER.id.hex(),
                "owner": OWNER.id.hex(),
                "fields": data.hex(),
                "code": "FORGED",
            }
            for why, data in (
                ("an ask whose terms are not those of its exchange", changed(ask, [4, 3], "Ladder")),
                (
                    "an ask in somebody else's exchange",
                    changed(ask, [0], grown("another exchange", size=EXCHANGE_ID_BYTES)),
                ),
                ("an acceptance in place of an ask", accept),
            )
        ),
    ]
