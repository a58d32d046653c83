"""A version for which there is no room: its header alone takes the older one out of use, if it is proved who wrote it."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.quota import Shortage
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Store
from protocol import Record, RecordId, limits
from tests.support.network import replica_of
from tests.support.people import NOW, Person

MEGABYTE = 1024 * 1024
ALICE, PHONE = Person("Alice"), Person("Alice").on("phone")
OLD = ALICE.listing("Pears", now=NOW)
LONGER = ALICE.listing("Pears", now=NOW, version=2, text="Sweet. " * 90 + "Many.")


@pytest.fixture
def bob() -> Replica:
    """Bob, who holds a post of Alice."""
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    bob.ingest.receive([ALICE.certificate(NOW), ALICE.policy({bob.me: 800}, now=NOW), OLD], ALICE.id)
    return bob


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "disk", lambda _: (MEGABYTE, 10_000 * MEGABYTE))


def reasons(bob: Replica, record: Record) -> list[object]:
    """Let Alice bring a record; return the reasons for which it was not taken."""
    return [one.reason for one in bob.ingest.receive([record], ALICE.id).later]


def states(bob: Replica) -> dict[RecordId, int]:
    return {row.id: row.state for row in bob.store.records.rows(author=ALICE.id)}


def test_the_older_version_is_not_used_any_longer(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch)
    assert reasons(bob, LONGER) == [Shortage.DISK]
    assert states(bob)[LONGER.id] == RecordState.HEADER
    assert states(bob)[OLD.id] == RecordState.SUSPENDED


@pytest.mark.parametrize(
    "record",
    [ALICE.listing("Plums", now=NOW), PHONE.policy({}, now=NOW), ALICE.certificate(NOW, version=2**40)],
    ids=["a new post", "the first policy of another device", "a newer certificate"],
)
def test_no_header_is_kept_of_what_supersedes_nothing_and_of_certificates(
    bob: Replica, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    bob.ingest.receive([PHONE.certificate(NOW)], ALICE.id)
    fill_the_disk(monkeypatch)
    outcome = bob.ingest.receive([record], ALICE.id)
    assert outcome.refused == [record.id]
    assert record.id not in states(bob)


def test_a_version_by_a_device_that_is_not_certified_leaves_the_older_one_in_use(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PENDING_RECORDS_MAX", 0)
    unproved = PHONE.listing("Pears", now=NOW, version=2)
    assert unproved.register == OLD.register
    assert reasons(bob, unproved) == [Shortage.WAITING]
    assert states(bob)[OLD.id] == RecordState.LIVE
    assert unproved.id not in states(bob)


def test_a_full_disk_lets_nobody_take_a_post_out_of_use_by_a_version_that_is_not_proved(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can sign it with a key of their own."""
    fill_the_disk(monkeypatch)
    unproved = PHONE.listing("Pears", now=NOW, version=2)
    assert reasons(bob, unproved) == [Shortage.DISK]
    assert states(bob)[OLD.id] == RecordState.LIVE
    assert unproved.id not in states(bob)


def test_nothing_more_waits_on_a_full_disk(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch)
    waits = ALICE.listing("Plums", now=NOW, policy_version=2)
    outcome = bob.ingest.receive([waits], ALICE.id)
    assert ([one.reason for one in outcome.later], outcome.refused) == ([Shortage.DISK], [waits.id])
    assert bob.store.records.count_pending() == 0


def test_a_version_that_cannot_even_wait_for_a_policy_leaves_the_older_one_in_use(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PENDING_RECORDS_MAX", 0)
    later = ALICE.listing("Pears", now=NOW, version=2, policy_version=2)
    assert reasons(bob, later) == [Shortage.WAITING]
    assert states(bob)[OLD.id] == RecordState.LIVE
    assert later.id not in states(bob)
