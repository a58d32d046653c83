"""A web that comes in parts is judged as a whole: people who seem connected to nobody are kept until the rest is here."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.app import upkeep
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Kind, Record, limits
from protocol.session import turn_of
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.people import Person

BRINGER = Person("person 0")


def alice() -> tuple[Mesh, Node]:
    """Alice, who vouches for the first of a chain of people."""
    mesh = Mesh(71)
    node = mesh.add("Alice")
    policy.vouch(node.replica, BRINGER.id, 1000)
    return mesh, node


def chain(length: int, end: bytes) -> list[Record]:
    """Return the records of people each of whom vouches for the next and the one before, the first for `end`."""
    people = [Person(f"person {number}") for number in range(length)]
    neighbors = [end, *people, None]
    return [
        record
        for number, person in enumerate(people)
        for record in (
            person.certificate(EPOCH),
            person.policy({one: 1000 for one in (neighbors[number], neighbors[number + 2]) if one}, now=EPOCH),
            person.profile(EPOCH),
        )
    ]


def people_held(replica: Replica) -> int:
    return len(
        {
            row.author
            for row in replica.store.records.rows((Kind.POLICY,), states=(RecordState.LIVE,))
            if row.author != replica.me
        }
    )


@given(length=st.integers(2, 12), size=st.integers(1, 7), chance=st.randoms(use_true_random=False))
def test_a_web_in_parts_of_any_size_and_order_is_kept_whole(length: int, size: int, chance: Random) -> None:
    _, node = alice()
    records = chain(length, node.person)
    chance.shuffle(records)
    records.sort(key=lambda record: turn_of(record.header.kind))  # as a session brings them
    for start in range(0, len(records), size):
        part = records[start : start + size]
        outcome = node.replica.ingest.receive(part, BRINGER.id, more=start + size < len(records))
        assert outcome.refused == []
        assert outcome.later == []
    assert {record.id for record in records} <= {row.id for row in node.replica.store.records.rows()}
    assert node.replica.store.records.count_pending() == 0


def test_people_who_are_connected_to_nobody_in_the_end_are_dropped_when_all_is_there() -> None:
    _, node = alice()
    unconnected = [record for record in chain(3, node.person) if record.header.author != BRINGER.id]
    node.replica.ingest.receive(unconnected[:2], BRINGER.id, more=True)
    assert people_held(node.replica) == 1
    node.replica.ingest.receive(unconnected[3:], BRINGER.id)
    assert people_held(node.replica) == 0


@pytest.mark.parametrize("passed", [limits.GATHERING_SECONDS - 1, limits.GATHERING_SECONDS])
def test_the_rest_of_a_web_is_waited_for_no_longer_than_that(passed: int) -> None:
    mesh, node = alice()
    node.replica.ingest.receive(chain(3, node.person)[3:5], BRINGER.id, more=True)
    mesh.time += passed
    upkeep.upkeep(node.replica)
    assert people_held(node.replica) == (1 if passed < limits.GATHERING_SECONDS else 0)


def test_what_was_held_before_is_dropped_at_once_while_a_web_is_coming() -> None:
    _, node = alice()
    first, second = Person("person 0"), Person("person 1")
    listing = second.listing(now=EPOCH)
    node.replica.ingest.receive([*chain(2, node.person), listing], BRINGER.id)
    assert node.replica.store.records.get(listing.id) is not None
    unvouch = first.policy({node.person: 1000, second.id: 0}, now=EPOCH, version=2, stamp=2)
    node.replica.ingest.receive([unvouch], BRINGER.id, more=True)
    kept = node.replica.store.records.get(listing.id)
    assert kept is None or kept.header_only
