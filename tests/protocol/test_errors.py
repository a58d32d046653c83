"""An invalid field blames nobody, and every parser of bytes turns it into a fault of the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol import (
    Code,
    Device,
    InvalidField,
    Join,
    Letter,
    Listing,
    Policy,
    Profile,
    RemoteError,
    decode,
    encode,
    limits,
)
from protocol.letters import Action, Introduction, Move, Opened, Receipt
from protocol.numbers import Stamp
from tests.support.chains import begun
from tests.support.people import Person, grown

ALICE, BOB = Person("Alice"), Person("Bob")
SALT = bytes(16)
LETTER = Letter(SALT, bytes(16), tuple(bytes([n]) * 80 for n in range(4)), bytes(24), bytes(512 + 16))
MOVE = Move(bytes(16), Action.SAY, 1, "hello")

BODIES: dict[str, tuple[Callable[[bytes], object], Any]] = {
    "device": (Device.parse, Device(SALT, ALICE.keys.dh_public, ALICE.keys.letter_public)),
    "policy": (Policy.parse, Policy(SALT, Stamp(1))),
    "profile": (Profile.parse, Profile(SALT, "Alice", presence_key=grown("presence"))),
    "join": (Join.parse, begun(ALICE)),
    "listing": (Listing.parse, Listing("offer", "Bread", salt=SALT)),
    "letter": (Letter.parse, LETTER),
}
CONTENTS: dict[str, tuple[Callable[[Any], object], Any]] = {
    "receipt": (Receipt.from_fields, Receipt((Opened(bytes(16), (bytes(8),)),))),
    "move": (Move.from_fields, MOVE),
    "introduction": (Introduction.from_fields, Introduction(BOB.id, "Bob", "", (BOB.certificate(),))),
}


def test_an_invalid_field_is_neither_ours_nor_the_other_sides_fault() -> None:
    with pytest.raises(InvalidField) as caught:
        Listing("offer", "", salt=SALT)
    assert (caught.value.field, caught.value.reason) == ("title", "must not be empty")
    assert str(caught.value) == "title must not be empty"
    assert isinstance(caught.value, ValueError)
    assert not isinstance(caught.value, RemoteError)


@pytest.mark.parametrize("name", BODIES)
def test_an_invalid_field_of_a_body_is_malformed(name: str) -> None:
    parse, body = BODIES[name]
    assert parse(body.to_body()) == body
    fields = decode(body.to_body(), max_bytes=limits.RECORD_MAX_BYTES)
    assert isinstance(fields, tuple)
    for index in range(len(fields)):
        with pytest.raises(RemoteError) as caught:
            parse(encode((*fields[:index], "\x00", *fields[index + 1 :])))
        assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("name", CONTENTS)
def test_an_invalid_field_of_a_letters_content_is_malformed(name: str) -> None:
    read, content = CONTENTS[name]
    fields = content.to_fields()
    assert read(fields) == content
    for index in range(len(fields)):
        with pytest.raises(RemoteError) as caught:
            read((*fields[:index], "\x00", *fields[index + 1 :]))
        assert caught.value.code is Code.MALFORMED
