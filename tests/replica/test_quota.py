"""Quotas: how much one author may store here, and what always fits. test_accounts.py has who answers for authors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshnode.app import upkeep
from meshnode.app.explain.status import NetworkState, problems
from meshnode.app.owner import policy
from meshnode.clock import ClockMemory
from meshnode.replica.quota import Quota
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Record, limits
from tests.support.chains import begun, join_record
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person

MEGABYTE = 1024 * 1024
ALICE, CAROL, MALLORY, NORA = (Person(name) for name in ("Alice", "Carol", "Mallory", "Nora"))


def crowd(count: int, now: int) -> Iterator[Record]:
    """Certificates of Sybils."""
    for number in range(count):
        yield Person(f"nobody {number}").certificate(now)


@pytest.fixture
def bob(monkeypatch: pytest.MonkeyPatch) -> Replica:
    """A node that stores thirty certificates, policies, profiles and joins of others."""
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    return bob


def test_people_i_vouch_for_are_admitted_when_the_store_is_full(bob: Replica) -> None:
    now = bob.clock.now()
    bob.ingest.receive(list(crowd(100, now)), MALLORY.id)
    bob.ingest.receive(list(crowd(200, now))[100:], NORA.id)
    assert bob.ingest.receive([CAROL.certificate(now)], NORA.id).kept == []
    mine = [ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now), ALICE.profile(now)]
    assert len(bob.ingest.receive(mine, MALLORY.id).kept) == 3


def test_a_withdrawal_is_admitted_when_its_author_is_at_the_limit(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = bob.clock.now()
    offer = ALICE.listing(now=now)
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now), offer], ALICE.id)
    monkeypatch.setattr(limits, "AUTHOR_BYTES_MAX", bob.store.records.bytes_of(ALICE.id))
    monkeypatch.setattr(limits, "AUTHOR_RECORDS_MAX", bob.store.records.count(ALICE.id))
    withdrawal = ALICE.withdrawal(offer, now)
    outcome = bob.ingest.receive([ALICE.listing("Another", now=now), withdrawal], ALICE.id)
    assert outcome.kept == [withdrawal.id]


@pytest.mark.parametrize("backwards", [False, True], ids=["ascending", "descending"])
def test_the_same_joins_of_a_person_count_in_whatever_order_they_come(
    monkeypatch: pytest.MonkeyPatch, *, backwards: bool
) -> None:
    monkeypatch.setattr(limits, "GROUPS_MAX", 3)
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    now = bob.clock.now()
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now)], ALICE.id)
    joins = sorted((begun(ALICE, f"Group {number}") for number in range(8)), key=lambda join: join.group_id)
    for join in reversed(joins) if backwards else joins:
        bob.ingest.receive([join_record(ALICE, join, now=now)], ALICE.id)
    assert list(bob.trust_state.groups.groups_of(ALICE.id)) == [join.group_id for join in joins[:3]]


def test_on_a_nearly_full_disk_only_own_records_are_stored(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    now = bob.clock.now()
    monkeypatch.setattr(Store, "disk", lambda _: (49 * MEGABYTE, 10_000 * MEGABYTE))
    assert bob.ingest.receive([ALICE.certificate(now)], ALICE.id).kept == []
    policy.vouch(bob, CAROL.id, 500)
    assert policy.weight(bob, CAROL.id) == 500
    assert [problem.code for problem in problems(bob, NetworkState(ready=True))][:1] == ["disk_full"]


@pytest.mark.parametrize(
    ("size", "enough"), [(1_000_000, 50), (5000, 50), (4000, 40), (1000, 10), (800, 8), (200, 8), (20, 8)]
)
def test_a_hundredth_of_the_disk_or_enough_to_go_on_with_is_not_nearly_full(
    bob: Replica, monkeypatch: pytest.MonkeyPatch, size: int, enough: int
) -> None:
    """The table is in megabytes."""
    for free in (enough, enough + 1, enough - 1):
        quota = Quota(bob.store, bob.trust_state, bob.introducers, bob.me)
        monkeypatch.setattr(Store, "disk", lambda _, free=free: (free * MEGABYTE, size * MEGABYTE))
        assert quota.disk_is_full == (free < enough)


def test_a_disk_that_was_full_must_have_a_quarter_more_free_to_count_as_free(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for free in (50, 49, 50, 62, 63, 50, 49):
        monkeypatch.setattr(Store, "disk", lambda _, free=free: (free * MEGABYTE, 10_000 * MEGABYTE))
        seen.append(bob.quota.disk_is_full)
    assert seen == [False, True, True, True, False, False, True]


def test_certificates_of_people_without_other_records_are_deleted_after_a_while() -> None:
    clock = FakeClock(NOW, memory=ClockMemory(floor=NOW, careful=NOW))
    bob = replica_of("Bob", clock=clock)
    now = bob.clock.now()
    policy.vouch(bob, ALICE.id, 800)
    bob.ingest.receive([ALICE.certificate(now), NORA.certificate(now), NORA.policy({bob.me: 500}, now=now)], MALLORY.id)
    bob.ingest.receive([*crowd(5, now), CAROL.revocation(now)], MALLORY.id)
    clock.advance(limits.PENDING_LIFE)
    upkeep.upkeep(bob)
    assert len(bob.trust_state.people()) == 9
    clock.advance(limits.HOUR)
    upkeep.upkeep(bob)
    assert bob.trust_state.people() == {bob.me, ALICE.id, NORA.id}
