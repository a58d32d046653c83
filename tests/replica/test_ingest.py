"""Ingest: a batch is one transaction, its order does not matter, and a change is published after the commit."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.app.owner import policy
from meshnode.errors import StorageFull
from meshnode.replica.changes import Change
from meshnode.replica.refused_record import UNDECIDED
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Audience, Kind, Record, limits
from protocol.limits import DAY
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

BOB = Person("Bob")


def alice() -> Replica:
    return Mesh(62).add("Alice").replica


def bobs(replica: Replica) -> list[Record]:
    return [
        BOB.certificate(EPOCH),
        BOB.policy({replica.me: 900}, now=EPOCH),
        BOB.profile(EPOCH),
        BOB.listing("One", now=EPOCH),
        BOB.listing("Two", now=EPOCH, audience=Audience.MY_CELL),
    ]


def states(replica: Replica) -> dict[bytes, int]:
    return {row.id: row.state for row in replica.store.records.rows(author=BOB.id)}


def test_the_order_within_a_batch_and_over_batches_does_not_matter() -> None:
    """Except for denied records: their headers stay only where they supersede something."""
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    together = states(replica)
    assert RecordState.PENDING not in together.values()
    for order in itertools.permutations(bobs(replica)[:4]):
        other = alice()
        other.ingest.receive(list(order), BOB.id)
        assert states(other) == together
        other = alice()
        for record in order:
            other.ingest.receive([record], BOB.id)
        assert states(other) == together


def test_pending_records_are_published_as_stored_when_the_certificate_comes() -> None:
    replica = alice()
    heard: list[Change] = []
    replica.changes.subscribe(heard.append)
    certificate, said, profile, one, _ = bobs(replica)
    replica.ingest.receive([said, profile, one], BOB.id)
    assert set(states(replica).values()) == {RecordState.PENDING}
    replica.ingest.receive([certificate], BOB.id)
    assert {row.id for row in heard[-1].stored} == {certificate.id, said.id, profile.id, one.id}
    assert heard[-1].trust


def test_a_batch_that_cannot_be_committed_changes_nothing_and_is_not_published() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica)[:2], BOB.id)
    before, weight = states(replica), replica.trust_state.graph.weight(BOB.id, replica.me)
    heard: list[Change] = []
    replica.changes.subscribe(heard.append)

    newer = BOB.policy({replica.me: 100}, version=2, stamp=2, now=EPOCH)

    def fill_the_disk() -> None:
        with replica.transaction():
            replica.ingest.receive([newer, BOB.listing("Lost", now=EPOCH)], BOB.id)
            assert replica.trust_state.graph.weight(BOB.id, replica.me) == 100
            raise StorageFull("the disk is full", "make room")

    with pytest.raises(StorageFull):
        fill_the_disk()
    assert states(replica) == before
    assert replica.trust_state.graph.weight(BOB.id, replica.me) == weight == 900
    assert heard == []
    replica.ingest.receive([newer], BOB.id)
    assert replica.trust_state.graph.weight(BOB.id, replica.me) == 100


def test_a_change_is_published_after_its_commit() -> None:
    replica = alice()
    seen: list[int] = []
    records = replica.store.records
    replica.changes.subscribe(lambda change: seen.append(len(records.rows_of([row.id for row in change.stored]))))
    replica.ingest.receive(bobs(replica)[:4], BOB.id)
    assert seen == [4]


def test_a_denied_record_ends_the_use_of_the_older_version() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    old = BOB.listing("One", now=EPOCH)
    narrowed = BOB.listing("One", now=EPOCH + 1, version=2, audience=Audience.MY_CELL)
    heard: list[Change] = []
    replica.changes.subscribe(heard.append)
    outcome = replica.ingest.receive([narrowed], BOB.id)
    assert [refusal.item[1] for refusal in outcome.later] == [narrowed.id]
    assert [row.id for change in heard for row in change.ended] == [old.id]
    assert states(replica)[old.id] == RecordState.SUSPENDED
    assert states(replica)[narrowed.id] == RecordState.HEADER


def test_an_older_version_is_answered_with_the_newer_header() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    newer = BOB.listing("One", now=EPOCH + 1, version=2)
    replica.ingest.receive([newer], BOB.id)
    outcome = replica.ingest.receive([BOB.listing("One", now=EPOCH)], BOB.id)
    assert [answer.newest.id for answer in outcome.newer] == [newer.id]
    assert states(replica)[newer.id] == RecordState.LIVE


def test_a_version_that_is_suspended_here_is_answered_with_the_newer_header() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    narrowed = BOB.listing("One", now=EPOCH + 1, version=2, audience=Audience.MY_CELL)
    replica.ingest.receive([narrowed.without_body()], BOB.id)
    outcome = replica.ingest.receive([BOB.listing("One", now=EPOCH)], BOB.id)
    assert [answer.newest.id for answer in outcome.newer] == [narrowed.id]


def test_a_body_that_comes_after_its_header_is_stored() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    newer = BOB.listing("One", now=EPOCH + 1, version=2)
    replica.ingest.receive([newer.without_body()], BOB.id)
    assert states(replica)[newer.id] == RecordState.HEADER
    replica.ingest.receive([newer], BOB.id)
    assert states(replica) | {newer.id: RecordState.LIVE} == states(replica)
    assert BOB.listing("One", now=EPOCH).id not in states(replica)


@pytest.mark.parametrize("days", [-400])
def test_an_expired_record_or_one_from_the_future_is_refused_without_blame(days: int) -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica)[:2], BOB.id)
    odd = BOB.listing("Odd", now=EPOCH + days * DAY)
    outcome = replica.ingest.receive([odd], BOB.id)
    assert outcome.refused == [odd.id]
    assert outcome.faults == []
    assert odd.id not in states(replica)


def test_a_peer_that_shows_an_expired_version_learns_of_the_newer_one() -> None:
    replica = alice()
    newer = BOB.listing("One", now=EPOCH, version=2)
    replica.ingest.receive([*bobs(replica)[:2], newer], BOB.id)
    expired = BOB.listing("One", now=EPOCH - 400 * DAY)
    outcome = replica.ingest.receive([expired], BOB.id)
    assert [one.newest.id for one in outcome.newer] == [newer.id]


def test_a_withdrawal_is_taken_after_its_expiry_while_an_older_version_may_live() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    old = BOB.listing("One", now=EPOCH)
    withdrawn = BOB.withdrawal(old, EPOCH + 1)
    replica.ingest.receive([withdrawn], BOB.id)
    assert old.id not in states(replica)
    assert replica.store.records.get(withdrawn.id) is not None


@given(st.permutations(range(6)))
def test_versions_end_in_the_same_state_in_whatever_order_they_come(order: list[int]) -> None:
    """Six versions of one listing, some that reduce access, some denied, some header only: the newest decides."""
    replica = alice()
    replica.ingest.receive(bobs(replica)[:3], BOB.id)
    versions = [
        BOB.listing("Ladder", now=EPOCH + 1, version=1),
        BOB.listing("Ladder", now=EPOCH + 2, version=2, min_valid_version=1),
        BOB.listing("Ladder", now=EPOCH + 3, version=3, min_valid_version=2, audience=Audience.MY_CELL).without_body(),
        BOB.listing("Ladder", now=EPOCH + 4, version=4, min_valid_version=2),
        BOB.listing("Ladder", now=EPOCH + 5, version=5, min_valid_version=5, audience=Audience.MY_CELL),
        BOB.listing("Ladder", now=EPOCH + 6, version=6, min_valid_version=6),
    ]
    for number in order:
        replica.ingest.receive([versions[number]], BOB.id)
    rows = [row for row in replica.store.records.rows(author=BOB.id) if row.kind == Kind.LISTING]
    assert [(row.version, row.state) for row in rows] == [(6, RecordState.LIVE)]


def test_pending_records_count_for_no_author() -> None:
    replica = alice()
    replica.ingest.receive([BOB.listing(f"{number}", now=EPOCH) for number in range(20)], BOB.id)
    assert replica.store.records.count(BOB.id) == 0
    assert replica.store.records.pending_by_source().get(BOB.id) == 20
    assert limits.PENDING_FROM_ONE_MAX < limits.PENDING_RECORDS_MAX


def test_what_its_author_no_longer_allows_is_dropped_also_if_it_came_after_the_last_such_change() -> None:
    """For each person the kinds of records that are held are remembered between two changes of trust."""
    replica = alice()
    policy.vouch(replica, BOB.id, 900)
    replica.ingest.receive(bobs(replica)[:4], BOB.id)
    for version, weight in ((2, 1), (3, 900)):
        replica.ingest.receive([BOB.policy({replica.me: weight}, now=EPOCH, version=version, stamp=version)], BOB.id)
    later = BOB.listing("Later", now=EPOCH, audience=Audience.TRUSTED_NETWORK)
    replica.ingest.receive([later], BOB.id)
    assert states(replica)[later.id] == RecordState.LIVE
    replica.ingest.receive([BOB.policy({replica.me: 1}, now=EPOCH, version=4, stamp=4)], BOB.id)
    assert states(replica)[later.id] == RecordState.HEADER


def test_a_dropped_record_is_taken_again_when_access_is_allowed_again() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 900)
    replica.ingest.receive(bobs(replica), BOB.id)
    listing = BOB.listing("One", now=EPOCH)
    policy.block(replica, BOB.id)
    assert states(replica)[listing.id] == RecordState.HEADER
    policy.unblock(replica, BOB.id)
    replica.ingest.receive(bobs(replica), BOB.id)
    assert states(replica)[listing.id] == RecordState.LIVE


@pytest.mark.parametrize("kind", [Kind.PROFILE, Kind.LISTING])
def test_what_waits_for_a_policy_and_whose_header_is_held_is_asked_for_again(kind: Kind) -> None:
    """It can be kept neither in its register, where its header is, nor beside it."""
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    newer = (
        BOB.profile(EPOCH, version=2, policy_version=2)
        if kind is Kind.PROFILE
        else BOB.listing("One", now=EPOCH, version=2, policy_version=2)
    )
    replica.ingest.receive([newer.without_body()], BOB.id)
    outcome = replica.ingest.receive([newer], BOB.id)
    assert [(one.id, one.reason) for one in outcome.later] == [(newer.id, UNDECIDED)]
    assert outcome.refused == [newer.id]
    replica.ingest.receive([BOB.policy({replica.me: 900}, now=EPOCH, version=2)], BOB.id)
    assert replica.ingest.receive([newer], BOB.id).kept == [newer.id]


# --- what comes twice ------------------------------------------------------------------------------------------------


def test_a_record_that_comes_twice_in_one_batch_is_taken_once() -> None:
    replica = alice()
    listing = bobs(replica)[3]
    outcome = replica.ingest.receive([*bobs(replica), listing], BOB.id)
    assert outcome.stored.count(listing.id) == outcome.kept.count(listing.id) == 1


def test_a_header_that_is_held_already_is_kept_and_is_not_news() -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    header = BOB.listing("One", now=EPOCH, version=2).without_body()
    replica.ingest.receive([header], BOB.id)
    outcome = replica.ingest.receive([header], BOB.id)
    assert (outcome.kept, outcome.stored, outcome.refused, outcome.newer) == ([header.id], [], [], [])


@pytest.mark.parametrize("as_header", [False, True])
def test_a_record_that_is_held_already_is_kept_and_is_not_news(as_header: bool) -> None:
    replica = alice()
    replica.ingest.receive(bobs(replica), BOB.id)
    heard: list[Change] = []
    replica.changes.subscribe(heard.append)
    for held in bobs(replica)[:4]:
        shown = held.without_body() if as_header else held
        outcome = replica.ingest.receive([shown], BOB.id)
        assert (outcome.kept, outcome.stored, outcome.refused, outcome.later) == ([held.id], [], [], [])
    assert heard == []
