"""A person of whom one device's policy is known only by its header: doubt for a week, and after that no.

That device may have taken back what another one gives. So nothing that the person allows is shown meanwhile; but copies
that nobody may have do not stay for good either.
"""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.app.upkeep import upkeep
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Audience, Kind, Record
from protocol.limits import DAY
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person

ALICE, CAROL = Person("Alice"), Person("Carol")
PHONE = ALICE.on("phone")
POST = ALICE.listing("Ladder", now=NOW, life=60 * DAY, audience=Audience.NETWORK_WIDE)


def bob(*, sure: bool = True) -> tuple[Replica, FakeClock]:
    """Return the node of Bob, which holds a post of Alice's, and knows of her second device; it is sure of the date."""
    clock = FakeClock(NOW)
    replica = replica_of("Bob", clock=clock)
    if sure:
        clock.confirm()
    policy.vouch(replica, ALICE.id, 900)
    mine = ALICE.policy({replica.me: 900}, now=NOW)
    replica.ingest.receive([ALICE.certificate(NOW), PHONE.certificate(NOW), mine, POST], ALICE.id)
    assert held(replica) == {POST.id}
    return replica, clock


def of_phone(version: int = 1, day: int = 0) -> Record:
    return PHONE.policy({CAROL: 800}, now=NOW + day * DAY, version=version, stamp=version)


def held(replica: Replica) -> set[bytes]:
    """Return the posts of Alice's whose text is held, shown or not."""
    states = (RecordState.LIVE, RecordState.SUSPENDED)
    rows = [row.id for row in replica.store.records.rows((Kind.LISTING,), ALICE.id, states)]
    return {record.id for record in replica.store.records.get_many(rows) if record.body}


def shown(replica: Replica) -> set[bytes]:
    rows = replica.store.records.rows((Kind.LISTING,), ALICE.id, (RecordState.LIVE,))
    return {row.id for row in rows if replica.access.may_have(replica.me, row, NOW).value == "allow"}


def wait(replica: Replica, clock: FakeClock, days: int) -> None:
    clock.advance(days * DAY)
    upkeep(replica)


def test_a_post_is_hidden_for_a_week_and_then_dropped_while_a_policy_is_missing() -> None:
    replica, clock = bob()
    replica.ingest.receive([of_phone().without_body()], ALICE.id)
    wait(replica, clock, 6)
    assert held(replica) == {POST.id}
    assert shown(replica) == set()
    wait(replica, clock, 2)
    assert held(replica) == set()


def test_further_headers_of_the_missing_policy_do_not_prolong_the_doubt() -> None:
    replica, clock = bob()
    for version in range(1, 5):
        replica.ingest.receive([of_phone(version, 2 * version).without_body()], ALICE.id)
        wait(replica, clock, 2)
    assert held(replica) == set()


@pytest.mark.parametrize("days", [3, 30])
def test_when_the_missing_policy_comes_the_post_is_shown_again(days: int) -> None:
    replica, clock = bob()
    replica.ingest.receive([of_phone().without_body()], ALICE.id)
    wait(replica, clock, days)
    replica.ingest.receive([of_phone()], ALICE.id)
    replica.ingest.receive([POST], ALICE.id)
    assert shown(replica) == {POST.id}
    wait(replica, clock, 1)
    assert shown(replica) == {POST.id}


def test_when_the_device_is_revoked_the_doubt_ends() -> None:
    replica, clock = bob()
    replica.ingest.receive([of_phone().without_body()], ALICE.id)
    wait(replica, clock, 8)
    replica.ingest.receive([PHONE.revocation(NOW), POST], ALICE.id)
    assert shown(replica) == {POST.id}


def test_a_node_with_one_witness_of_the_date_gives_nobody_up() -> None:
    replica, clock = bob(sure=False)
    replica.ingest.receive([of_phone().without_body()], ALICE.id)
    wait(replica, clock, 8)
    assert held(replica) == {POST.id}
    assert shown(replica) == set()
