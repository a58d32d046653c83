"""One change of trust can concern everybody: a commit decides about a part of them, and the next ones about the others."""

from __future__ import annotations

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from protocol import PersonId, RecordId
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

PEOPLE = [Person(f"neighbor {number}") for number in range(12)]
FIRST, OTHERS = PEOPLE[0], PEOPLE[1:]
AT_ONCE = 30  # keys that one commit decides about, and 4 for reading those of somebody: some four people


@pytest.fixture
def replica() -> Replica:
    return alice()


def alice() -> Replica:
    """Return the node of Alice, who vouches for one person, through whom she knows eleven others with a post each."""
    replica = Mesh(31).add("Alice").replica
    policy.vouch(replica, FIRST.id, 900)
    vouches: dict[Person | PersonId, int] = {replica.me: 900, **dict.fromkeys(OTHERS, 900)}
    records = [FIRST.certificate(EPOCH), FIRST.policy(vouches, now=EPOCH)]
    for person in OTHERS:
        records += [
            person.certificate(EPOCH),
            person.policy({FIRST: 900}, now=EPOCH),
            person.profile(EPOCH),
            person.listing(f"Ladder of {person.name}", now=EPOCH),
        ]
    replica.ingest.receive(records, FIRST.id)
    return replica


def part_with_all(replica: Replica) -> None:
    """Let the one person through whom Alice knows all others take back what was said of them."""
    vouches: dict[Person | PersonId, int] = {replica.me: 900, **dict.fromkeys(OTHERS, 0)}
    replica.ingest.receive([FIRST.policy(vouches, now=EPOCH, version=2, stamp=2)], FIRST.id)


def bodies(replica: Replica) -> set[RecordId]:
    """Return what is held, with its body, of the people behind the first one."""
    others = {person.id for person in OTHERS}
    return {row.id for row in replica.store.records.rows() if row.complete and row.author in others}


def states(replica: Replica) -> set[tuple[RecordId, int, bool]]:
    """Return what is held of others, and in which state."""
    rows = (row for row in replica.store.records.rows() if row.author != replica.me)
    return {(row.id, row.state, row.complete) for row in rows}


def rounds(replica: Replica) -> int:
    """Go on until all is decided; return how many commits that took."""
    count = 1
    while replica.ingest.make_room():
        count += 1
        assert count < 100
    return count


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.replica.reevaluate.DECIDED_AT_ONCE", AT_ONCE)


@pytest.mark.usefixtures("small_steps")
def test_what_one_commit_does_not_decide_about_the_next_ones_do(replica: Replica) -> None:
    before = bodies(replica)
    part_with_all(replica)
    left = bodies(replica)
    assert left < before
    assert rounds(replica) > 1
    assert bodies(replica) == set()


def test_in_parts_the_same_is_dropped_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, in_parts = alice(), alice()
    part_with_all(at_once)
    assert not at_once.ingest.make_room()
    monkeypatch.setattr("meshnode.replica.reevaluate.DECIDED_AT_ONCE", AT_ONCE)
    part_with_all(in_parts)
    rounds(in_parts)
    assert states(in_parts) == states(at_once)


@pytest.mark.usefixtures("small_steps")
def test_nothing_is_shown_that_is_not_decided_about_yet(replica: Replica) -> None:
    catalog = Catalog(replica)
    everything = DiscoverQuery(trust=0.1, anywhere=True)
    assert len(complete(discover(replica, catalog, everything)).results) == len(OTHERS)
    part_with_all(replica)
    assert replica.reevaluator.is_busy
    assert complete(discover(replica, catalog, everything)).results == ()


@pytest.mark.usefixtures("small_steps")
def test_a_node_that_ended_in_between_decides_about_all_after_it_has_started(replica: Replica) -> None:
    part_with_all(replica)
    left = bodies(replica)
    again = Replica.open(
        replica.store, replica.me, replica.keys, replica.clock, replica.entropy, identity=replica.identity
    )
    again.ingest.receive([])
    rounds(again)
    assert left
    assert bodies(again) == set()
