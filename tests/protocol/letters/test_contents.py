"""Introductions and receipts check their own fields, and fields of another form are refused."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import Code, InvalidField, Record, RemoteError, Value
from protocol.letters import Introduction, Opened, Receipt, device_tag
from protocol.limits import INTRODUCTION_TEXT_MAX, LETTER_DEVICES_MAX, RECEIPT_LETTERS_MAX
from tests.support.people import Person

BOB, CAROL = Person("Bob"), Person("Carol")
GOOD: dict[str, Any] = {"person": BOB.id, "name": "Bob", "message": "", "certificates": (BOB.certificate(),)}


def test_contents_read_back_from_their_fields() -> None:
    for content in (Introduction(**GOOD), Introduction(**GOOD | {"message": "Both keep bees.\nReally."})):
        assert Introduction.from_fields(content.to_fields()) == content
    receipt = Receipt(tuple(Opened(bytes([n]) * 16, (device_tag(BOB.device),)) for n in range(RECEIPT_LETTERS_MAX)))
    assert Receipt.from_fields(receipt.to_fields()) == receipt


def tampered() -> Record:
    good = BOB.certificate()
    return Record(good.header, good.header_bytes, CAROL.certificate().signature, good.body)


@pytest.mark.parametrize(
    "change",
    [
        {"person": bytes(31)},
        {"person": CAROL.id},
        {"name": ""},
        {"name": "Bo\x1b[2Jb"},
        {"message": "x" * (INTRODUCTION_TEXT_MAX + 1)},
        {"message": "\u202etxt"},
        {"certificates": ()},
        {"certificates": (CAROL.certificate(),)},
        {"certificates": (BOB.revocation(),)},
        {"certificates": (BOB.listing(),)},
        {"certificates": (BOB.certificate().without_body(),)},
        {"certificates": (tampered(),)},
        {"certificates": tuple(BOB.on(str(number)).certificate() for number in range(LETTER_DEVICES_MAX + 1))},
    ],
    ids=lambda change: f"{next(iter(change))} {str(next(iter(change.values())))[:20]!r}",
)
def test_an_introduction_that_makes_no_sense_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        Introduction(**GOOD | change)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (BOB.id,),
        (BOB.id, "Bob", ""),
        (BOB.id, "Bob", "", "certificates"),
        (BOB.id, "Bob", "", (1,)),
        (BOB.id, "Bob", "", (b"",)),
        (BOB.id, "Bob", "", (b"",) * (LETTER_DEVICES_MAX + 1)),
        (BOB.id, "Bob", "", (BOB.certificate().wire,), None),
    ],
)
def test_fields_of_another_form_are_no_introduction(fields: tuple[Value, ...]) -> None:
    with pytest.raises(RemoteError):
        Introduction.from_fields(fields)


TAG = bytes(8)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (bytes(16),),
        ((),),
        ((bytes(16),),),
        (((bytes(15), (TAG,)),),),
        (((bytes(16), ()),),),
        (((bytes(16), (b"short",)),),),
        (((bytes(16), ("text",)),),),
        (((bytes(16), (TAG, TAG)),),),
        (((bytes(16), tuple(bytes([n]) * 8 for n in range(LETTER_DEVICES_MAX + 1))),),),
        (((bytes(16), (TAG,)), (bytes(16), (TAG,))),),
        (tuple((bytes([n]) * 16, (TAG,)) for n in range(RECEIPT_LETTERS_MAX + 1)),),
        (((bytes(16), (TAG,)),), 1),
    ],
)
def test_fields_of_another_form_are_no_receipt(fields: tuple[Value, ...]) -> None:
    with pytest.raises(RemoteError) as caught:
        Receipt.from_fields(fields)
    assert caught.value.code is Code.MALFORMED
