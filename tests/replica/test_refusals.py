"""The ledger of what one peer has shown and this node could not take: bounded, quiet, and never silent in `status`."""

from __future__ import annotations

import pytest

from meshnode.app.explain.status import NetworkState, Peer, problems
from meshnode.app.owner import policy
from meshnode.replica.access import key_of
from meshnode.replica.quota import Shortage
from meshnode.replica.refusals import CHECK_SECONDS, CHECK_SECONDS_MAX, RENEW_SECONDS, Refusals
from meshnode.replica.refused_record import EXPIRED, RefusedRecord
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Kind, limits
from tests.support.network import replica_of
from tests.support.people import Person

ALICE, CAROL = Person("Alice"), Person("Carol")
MEGABYTE = 1024 * 1024


def node() -> tuple[Replica, Refusals]:
    """Return the node of Bob, who vouches for Alice, and its ledger of what Alice brings; she vouches for a crowd."""
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 900)
    now = bob.clock.now()
    vouches: dict[Person | bytes, int] = {Person(f"person {number}"): 900 for number in range(100)}
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 900, **vouches}, now=now)], ALICE.id)
    return bob, ledger(bob)


def ledger(bob: Replica) -> Refusals:
    """Return the ledger of a session with Alice."""
    memory = bob.refusal_memory.of(ALICE.id, ALICE.id)
    return Refusals(bob.store.records, bob.access, bob.quota, bob.clock, bob.me, ALICE.id, memory)


def crowd(bob: Replica, count: int) -> list[RefusedRecord]:
    """Return what is refused of as many certificates, which Alice brings."""
    now = bob.clock.now()
    certificates = [Person(f"person {number}").certificate(now) for number in range(count)]
    return bob.ingest.receive(certificates, ALICE.id).later


def free(bob: Replica) -> None:
    """Let something be deleted."""
    rows = [row.id for row in bob.store.records.rows() if row.author != bob.me]
    bob.store.records.delete(rows[:1])


def test_what_had_to_wait_for_a_certificate_is_ready_when_that_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PENDING_RECORDS_MAX", 0)
    bob, refusals = node()
    now = bob.clock.now()
    policy.vouch(bob, CAROL.id, 900)
    profile = CAROL.profile(now)
    outcome = bob.ingest.receive([profile], ALICE.id)
    assert [one.reason for one in outcome.later] == [Shortage.WAITING]
    refusals.note(outcome.later, 0.0)
    assert refusals.follow_trust() == []
    bob.ingest.receive([CAROL.certificate(now), CAROL.policy({bob.me: 900}, now=now)], ALICE.id)
    assert [one.item[1] for one in refusals.follow_trust()] == [profile.id]
    assert refusals.missing == ()


def test_only_as_many_are_asked_for_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, refusals = node()
    later = crowd(bob, 100)
    assert {one.reason for one in later} == {Shortage.INTRODUCER}
    refusals.note(later, 0.0)
    free(bob)
    free(bob)
    assert len(refusals.check(CHECK_SECONDS)) == 2
    assert refusals.check(2 * CHECK_SECONDS) == []
    assert refusals.missing == ((Shortage.INTRODUCER, len(later) - 2),)


def test_people_are_asked_for_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates alone would fill the room that is left, and be of no use."""
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, refusals = node()
    crowd(bob, 50)
    now, late = bob.clock.now(), [Person(f"person {number}") for number in range(50, 60)]
    records = [*(one.certificate(now) for one in late), *(one.policy({}, now=now) for one in late)]
    refusals.note(
        [
            RefusedRecord.of(one, Shortage.INTRODUCER, key_of(one.header, None), bob.quota.charge(one))
            for one in records
        ],
        0.0,
    )
    for _ in range(4):
        free(bob)
    asked = refusals.check(CHECK_SECONDS)
    assert sorted(one.kind for one in asked) == [Kind.DEVICE, Kind.DEVICE, Kind.POLICY, Kind.POLICY]
    assert len({one.charge.author for one in asked}) == 2


def test_what_was_refused_again_is_asked_for_later_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, refusals = node()
    refusals.note(crowd(bob, 40), 0.0)
    now, pauses = 0.0, []
    for _ in range(12):
        free(bob)
        assert refusals.next_check is not None
        pauses.append(refusals.next_check - now)
        now = refusals.next_check
        refusals.note(refusals.check(now), now)  # it comes and is refused again, for whatever cause
    assert pauses[0] == CHECK_SECONDS
    assert pauses == sorted(pauses)
    assert pauses[-1] == CHECK_SECONDS_MAX


def test_the_ledger_is_bounded_and_a_session_that_forgot_something_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "REFUSED_REMEMBERED", 5)
    bob, refusals = node()
    monkeypatch.setattr(Store, "disk", lambda _: (MEGABYTE, 10_000 * MEGABYTE))
    refusals.note(crowd(bob, 8), 0.0)
    assert refusals.missing == ((Shortage.DISK, 5),)
    assert refusals.forgotten == 3
    assert not refusals.begin_again(RENEW_SECONDS)  # it would be refused again
    monkeypatch.setattr(Store, "disk", lambda _: (1000 * MEGABYTE, 10_000 * MEGABYTE))
    assert len(refusals.check(RENEW_SECONDS)) == 5
    assert refusals.begin_again(RENEW_SECONDS)


def test_nothing_is_looked_at_while_nothing_is_missing() -> None:
    _, refusals = node()
    assert refusals.next_check is None


def test_status_says_how_much_is_missing_from_whom_and_why() -> None:
    bob, _ = node()
    now = bob.clock.now()
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 900}, now=now), ALICE.profile(now)], ALICE.id)
    for reason in (*Shortage, EXPIRED):
        peer = Peer(ALICE.id, ALICE.device, "10.0.0.3:1", True, 5, True, ((reason, 12),))
        found = [one for one in problems(bob, NetworkState(ready=True, peers=(peer,))) if one.code == "not_taken"]
        assert len(found) == 1
        assert found[0].message.startswith("12 items from Alice cannot be taken now: ")
        assert found[0].hint


def test_what_many_sessions_together_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_IN_SESSIONS_MAX", 12)
    monkeypatch.setattr(limits, "REFUSED_REMEMBERED_LEAST", 2)
    bob, first = node()
    monkeypatch.setattr(Store, "disk", lambda _: (MEGABYTE, 10_000 * MEGABYTE))
    refused = crowd(bob, 8)
    ledgers = [first, *(ledger(bob) for _ in range(5))]
    for one in ledgers:
        one.note(refused, 0.0)
    assert [len(one) for one in ledgers] == [8, 8, 2, 2, 2, 2]
    assert all(one.forgotten == 8 - len(one) for one in ledgers)  # so each begins again, and none is left out for good
    del ledgers[:2], first, one
    newest = ledger(bob)
    newest.note(refused, 0.0)
    assert len(newest) == 8
