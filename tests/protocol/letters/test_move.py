"""Moves check their own fields and have one encoding, and the id of an exchange belongs to its two people alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import Code, InvalidField, Quantity, RemoteError, decode, encode, from_thousandths, normalize
from protocol.letters import Action, Move, check_ask, community_tags, exchange_id, seal
from protocol.limits import GROUPS_MAX, MESSAGE_MAX, QUANTITY_MAX, QUANTITY_STEPS, TITLE_MAX, UNIT_MAX
from tests.support.exchanges import ASKER, OWNER, move, terms
from tests.support.golden import golden
from tests.support.people import Person, grown
from tests.support.vectors_exchanges import moves

lines = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40).map(normalize).filter(bool)


@given(
    st.sampled_from(["offer", "need"]),
    lines,
    st.none() | st.integers(1, QUANTITY_MAX * QUANTITY_STEPS).map(from_thousandths),
    st.booleans(),
    st.sampled_from(list(Action)),
    lines,
)
def test_a_move_comes_back_from_its_fields_as_it_was(
    type_: str, title: str, quantity: Quantity | None, lend: bool, act: Action, text: str
) -> None:
    asked = terms(type_, lend=lend, title=title, quantity=quantity)
    before = move(act, asked, text=text)
    fields = decode(encode(before.to_fields()), max_bytes=8192)
    assert isinstance(fields, tuple)
    assert Move.from_fields(fields) == before


def test_the_vectors_are_read_as_they_were_made() -> None:
    vectors = golden("exchanges.json")
    for told, made in zip(vectors["moves"], moves().values(), strict=True):
        fields = decode(bytes.fromhex(told["fields"]), max_bytes=8192)
        assert isinstance(fields, tuple)
        assert Move.from_fields(fields) == made


ASK = move(Action.ASK, terms())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"text": "x" * (MESSAGE_MAX + 1)}, "message must not be longer than 1000"),
        ({"text": "\x1b[2J"}, "message must not have control characters"),
        ({"text": 5}, "message must be text"),
        ({"exchange": b"short"}, "exchange must be 16 bytes"),
        ({"action": 1}, "action must be one that there is"),
        ({"action": Action.DECLINE}, "terms belong to an ask"),
        ({"terms": None}, "terms belong to an ask"),
        ({"at": -1}, "at must be a time"),
        ({"at": None}, "at must be a time"),
        ({"reason": "gone"}, "reason belongs to a refusal"),
        ({"reason": "spite"}, "reason must be one of gone, changed"),
        ({"communities": (b"short",)}, "community must be 16 bytes"),
        ({"communities": (bytes(16), bytes(16))}, "communities must ascend"),
        ({"communities": [bytes(16)]}, "communities must be a list"),
        ({"communities": tuple(bytes([n]) * 16 for n in range(GROUPS_MAX + 1))}, "communities must not be more"),
    ],
)
def test_a_move_with_an_invalid_field_is_refused_in_words(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidField) as caught:
        replace(ASK, **changes)
    assert str(caught.value).startswith(named)


@pytest.mark.parametrize("action", [Action.DONE, Action.SAY, Action.CANCEL])
def test_communities_are_named_once_and_not_with_every_word(action: Action) -> None:
    with pytest.raises(InvalidField, match="communities"):
        move(action, terms(), communities=(bytes(16),))


def test_a_message_must_not_be_empty() -> None:
    with pytest.raises(InvalidField, match="message must not be empty"):
        move(Action.SAY, terms(), text="")


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": b""},
        {"slot": b""},
        {"type": "loan"},
        {"title": ""},
        {"category": "weapons"},
        {"quantity": 0},
        {"quantity": True},
        {"unit": "\n"},
        {"lend": 1},
        {"return_by": 5},
        {"return_by": "soon", "lend": True},
    ],
)
def test_terms_with_an_invalid_field_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        replace(terms(), **changes)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, "id"), (1, 99), (1, True), (1, "ask"), (4, (1, 2)), (4, "terms"), (4, None), (5, 7), (6, 9), (6, None)],
)
def test_fields_that_are_no_move_are_refused(at: int, value: Any) -> None:
    fields = list(ASK.to_fields())
    fields[at] = value
    for malformed in (fields, fields[:-1]):
        with pytest.raises(RemoteError) as caught:
            Move.from_fields(tuple(malformed))
        assert caught.value.code is Code.MALFORMED


def test_nobody_can_change_the_terms_of_an_exchange_or_take_its_id() -> None:
    check_ask(ASK, ASKER.id, OWNER.id)
    mallory = Person("Mallory")
    forged: list[tuple[Move, Person, Person]] = [
        (replace(ASK, terms=terms(quantity=1000)), ASKER, OWNER),
        (ASK, mallory, OWNER),
        (ASK, ASKER, mallory),
        (ASK, OWNER, ASKER),
        (move(Action.DONE, terms()), ASKER, OWNER),
    ]
    for claimed, asker, owner in forged:
        with pytest.raises(RemoteError) as caught:
            check_ask(claimed, asker.id, owner.id)
        assert caught.value.code is Code.FORGED


def test_asking_twice_for_one_thing_begins_two_exchanges() -> None:
    again = replace(terms(), nonce=grown("another nonce", size=16))
    assert exchange_id(ASKER.id, OWNER.id, again) != ASK.exchange


def test_the_longest_move_fits_a_letter() -> None:
    longest = terms(title="\U0001f331" * TITLE_MAX, unit="\U0001f331" * UNIT_MAX, quantity=QUANTITY_MAX)
    tags = tuple(bytes([n]) * 16 for n in range(GROUPS_MAX))
    said = move(Action.ASK, longest, text="\U0001f331" * MESSAGE_MAX, communities=tags)
    seal(
        said,
        author=ASKER.id,
        addressee=OWNER.id,
        slot=bytes(16),
        letter_keys=[OWNER.keys.letter_public],
        entropy=bytes(range(32)),
    )


def test_a_communitys_tag_is_another_in_every_exchange() -> None:
    groups = [grown("downtown"), grown("eastside")]
    here, elsewhere = community_tags(ASK.exchange, groups), community_tags(bytes(16), groups)
    assert here == tuple(sorted(here))
    assert set(here).isdisjoint(elsewhere)
    assert set(community_tags(ASK.exchange, groups[:1])) < set(here)
