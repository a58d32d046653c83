"""Costs that are packed, held against plain dicts."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.replica.costs import Costs, PersonNumbers
from tests.support.people import grown

PEOPLE = [grown("person", number) for number in range(12)]
FOUND = st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 2**40))


@given(st.lists(FOUND, min_size=2, max_size=4))
def test_packed_costs_are_what_plain_ones_would_be(searches: list[dict[bytes, int]]) -> None:
    numbers = PersonNumbers()
    packed = [Costs(numbers, found) for found in searches]
    for costs, found in zip(packed, searches, strict=True):
        assert dict(costs) == found
        assert [costs.get(person) for person in PEOPLE] == [found.get(person) for person in PEOPLE]
        assert len(costs) == len(found)
        for other, plain in zip(packed, searches, strict=True):
            assert costs.differing(other) == {one for one in PEOPLE if found.get(one) != plain.get(one)}


def test_a_person_who_was_not_found_has_no_cost() -> None:
    with pytest.raises(KeyError):
        Costs(PersonNumbers(), {})[PEOPLE[0]]


def test_a_search_more_takes_eight_bytes_a_person() -> None:
    numbers, people = PersonNumbers(), [grown("somebody", number) for number in range(5000)]
    Costs(numbers, dict.fromkeys(people, 1))
    tracemalloc.start()
    searches = [Costs(numbers, {person: 10**9 + number for number, person in enumerate(people)}) for _ in range(8)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(searches) / len(people) < 12
