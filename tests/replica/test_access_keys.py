"""Access keys by their numbers, held against plain dicts; a session's decisions about many places take bits."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from meshnode.replica.access_keys import AccessKeys, Decisions, ServedKey
from protocol import Kind
from tests.support.people import grown

AUTHORS = [grown("author", number) for number in range(3)]
DEVICES = [grown("device", number) for number in range(3)]
SUBJECTS = st.one_of(
    st.none(), st.sampled_from(["", "881f1d4887fffff", "8a1f1d488747fff"]), st.binary(max_size=2), st.just(bytes(32))
)
KEYS: st.SearchStrategy[ServedKey] = st.tuples(
    st.tuples(
        st.integers(1, 255),
        st.sampled_from(AUTHORS),
        st.sampled_from(DEVICES),
        st.integers(0, 255),
        st.sampled_from([0, 1, 2**40, 2**53 - 1]),
        SUBJECTS,
    ),
    st.booleans(),
)
MANY = 20_000


def many_places() -> list[ServedKey]:
    """Return the keys of posts each of which has a place of its own."""
    return [((Kind.LISTING, AUTHORS[number % 3], DEVICES[0], 4, 1, f"{number:015x}"), False) for number in range(MANY)]


@given(st.lists(KEYS, max_size=40), st.lists(KEYS, max_size=40))
def test_each_key_has_one_number_and_comes_back_as_it_was(keys: list[ServedKey], used: list[ServedKey]) -> None:
    table = AccessKeys()
    numbers = {key: table.number(key) for key in keys}
    assert len(set(numbers.values())) == len(numbers) == len(table)
    assert {key: number for author in AUTHORS for number, key in table.of(author)} == numbers
    decisions = Decisions(table)
    for key, number in numbers.items():
        decisions.set(number, allowed=bool(key[1]))
    for author in AUTHORS:
        table.keep(author, (key for key in used if key[0][1] == author))
    for key, number in numbers.items():
        if key in used:
            assert table.number(key) == number
            assert decisions.get(number) is key[1]
    for key in used:  # a number that is given again says nothing of its former key
        assert decisions.get(table.number(key)) is (key[1] if key in numbers else None)
    assert {key for author in AUTHORS for _, key in table.of(author)} == set(used)


def test_an_author_who_goes_from_place_to_place_leaves_no_keys_behind() -> None:
    table = AccessKeys()
    for key in many_places():
        author = key[0][1]
        table.number(key)
        if table.is_overgrown(author):
            table.keep(author, [key])
    assert len(table) < 300


def test_a_session_more_takes_bits_for_posts_at_places_of_their_own() -> None:
    table, keys = AccessKeys(), many_places()
    numbers = [table.number(key) for key in keys]
    tracemalloc.start()
    sessions = [Decisions(table) for _ in range(8)]
    for session in sessions:
        for number in numbers:
            session.set(number, allowed=number % 2 == 0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(sessions) / MANY < 1  # byte; some 370 bytes when each session had the keys themselves
