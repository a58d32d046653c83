"""The order in which a session gives records: whatever decides about others goes before them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol import Record
from protocol.limits import BATCH_RECORDS
from protocol.session import turn_of
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, settled

ALICE, BOB = Person("Alice"), Person("Bob")


def web(ages: list[int]) -> list[Record]:
    """Return certificate, policy and profile of several people, made in any order: three ages a person."""
    people = [Person(f"person {number}") for number in range(len(ages) // 3)]
    return [
        record
        for number, person in enumerate(people)
        for record in (
            person.certificate(NOW - ages[3 * number]),
            person.policy({BOB: 900}, now=NOW - ages[3 * number + 1]),
            person.profile(NOW - ages[3 * number + 2]),
        )
    ]


@given(st.lists(st.integers(0, 9), min_size=3, max_size=30))
def test_certificates_come_before_policies_and_these_before_profiles_whenever_they_were_made(ages: list[int]) -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(web(ages))
    pair = Pair.of(one, other).run()
    turns = [turn_of(record.header.kind) for batch in one.batches for record in batch]
    assert turns == sorted(turns)
    assert len(turns) == len(other.store)
    settled(pair)


def test_the_node_is_told_with_each_batch_whether_more_is_on_its_way() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(BOB.listing(f"offer {number}", now=NOW + number) for number in range(3 * BATCH_RECORDS))
    Pair.of(one, other).run()
    assert len(one.batches) > 1
    assert one.announced_more == [True] * (len(one.batches) - 1) + [False]
