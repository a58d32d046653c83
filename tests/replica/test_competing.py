"""Two records of one register: which of them stays, what a header alone does, and what proves that a key was copied."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.refused_record import NOT_ALLOWED
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Audience, Record
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person

BOB, CAROL = Person("Bob"), Person("Carol")
PHONE, TABLET = BOB.on("phone"), BOB.on("tablet")


def alice() -> Replica:
    """Return the node of Alice, who vouches for Bob and holds the certificates of Bob's laptop and phone, and nothing else."""
    replica = replica_of("Alice", clock=FakeClock(NOW))
    policy.vouch(replica, BOB.id, 900)
    replica.ingest.receive([BOB.certificate(NOW), PHONE.certificate(NOW)], BOB.id)
    return replica


def with_policy(replica: Replica) -> Replica:
    """Return the node once it holds the policy of Bob's laptop, which vouches for its owner."""
    replica.ingest.receive([BOB.policy({replica.me: 900}, now=NOW)], BOB.id)
    return replica


def state(replica: Replica, record: Record) -> RecordState | None:
    """Return in which state a record is held."""
    rows = replica.store.records.rows_of([record.id])
    return RecordState(rows[0].state) if rows else None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(PHONE.revocation(NOW), RecordState.HEADER, id="a revocation"),
        pytest.param(PHONE.policy(now=NOW), RecordState.HEADER, id="the policy of another device"),
        pytest.param(BOB.listing("New", now=NOW), None, id="a listing of which no version is held"),
        pytest.param(BOB.listing("Held", now=NOW, version=2), RecordState.HEADER, id="a newer version of what is held"),
        pytest.param(TABLET.listing("New", now=NOW), None, id="a listing by a device that nobody certified"),
        pytest.param(TABLET.policy(now=NOW), RecordState.PENDING, id="the policy of such a device"),
        pytest.param(TABLET.listing("Held", now=NOW, version=2), RecordState.PENDING, id="a newer version by one"),
    ],
)
def test_a_header_alone_is_kept_where_it_may_take_something_back(header: Record, expected: RecordState | None) -> None:
    replica = with_policy(alice())
    replica.ingest.receive([BOB.listing("Held", now=NOW)], BOB.id)
    outcome = replica.ingest.receive([header.without_body()], BOB.id)
    assert state(replica, header) == expected
    assert outcome.refused == ([header.id] if expected is None else [])


def test_the_header_of_a_revocation_is_kept_of_a_device_and_a_person_of_whom_nothing_else_is_held() -> None:
    replica = alice()
    header = CAROL.revocation(NOW).without_body()
    outcome = replica.ingest.receive([header], BOB.id)
    assert (state(replica, header), outcome.refused) == (RecordState.HEADER, [])
    assert replica.trust_state.revoked(CAROL.id, CAROL.device)


def test_the_header_of_a_policy_says_nothing_about_somebody_of_whom_no_policy_is_held() -> None:
    replica, header = alice(), BOB.policy({CAROL: 500}, now=NOW)
    assert replica.ingest.receive([header.without_body()], BOB.id).refused == [header.id]
    assert state(replica, header) is None


@pytest.mark.parametrize("header_first", [True, False])
def test_a_record_and_its_own_header_prove_nothing(*, header_first: bool) -> None:
    replica = with_policy(alice())
    replica.ingest.receive([BOB.listing("Held", now=NOW)], BOB.id)
    newer = BOB.listing("Held", now=NOW, version=2)
    for one in (newer.without_body(), newer) if header_first else (newer, newer.without_body()):
        replica.ingest.receive([one], BOB.id)
    assert replica.store.records.forks() == []
    assert state(replica, newer) == RecordState.LIVE


@pytest.mark.parametrize(
    ("one", "other", "proves"),
    [
        pytest.param(BOB.listing("Held", now=NOW), BOB.listing("Held", now=NOW, text="Another"), True, id="a listing"),
        pytest.param(BOB.profile(NOW), BOB.profile(NOW + 1), True, id="a profile"),
        pytest.param(BOB.listing("Held", now=NOW), BOB.listing("Held", now=NOW, version=2), False, id="two versions"),
        pytest.param(PHONE.revocation(NOW), PHONE.revocation(NOW + 1), False, id="a revocation, by two computers"),
    ],
)
def test_two_records_of_one_version_prove_that_a_key_was_copied(one: Record, other: Record, *, proves: bool) -> None:
    replica = with_policy(alice())
    replica.ingest.receive([one], BOB.id)
    replica.ingest.receive([other], BOB.id)
    assert bool(replica.store.records.forks()) == proves


@pytest.mark.parametrize("older_first", [True, False])
def test_of_two_versions_the_newer_one_stays_and_its_header_is_told_to_those_who_show_the_older(
    *, older_first: bool
) -> None:
    replica = with_policy(alice())
    older, newer = BOB.listing("Held", now=NOW), BOB.listing("Held", now=NOW, version=2)
    outcomes = [replica.ingest.receive([one], BOB.id) for one in ((older, newer) if older_first else (newer, older))]
    assert (state(replica, older), state(replica, newer)) == (None, RecordState.LIVE)
    told = [(told.newest.id, told.older_device) for told in outcomes[1].newer]
    assert told == ([] if older_first else [(newer.id, BOB.device)])
    assert outcomes[1].kept == ([newer.id] if older_first else [])
    assert outcomes[1].refused == ([] if older_first else [older.id])


def test_all_that_a_revoked_device_wrote_goes_and_what_it_writes_is_answered_with_the_revocation() -> None:
    replica = with_policy(alice())
    by_phone = [PHONE.policy(now=NOW), PHONE.profile(NOW), PHONE.listing("By phone", now=NOW)]
    by_laptop = BOB.listing("By laptop", now=NOW)
    replica.ingest.receive([*by_phone, by_laptop], BOB.id)
    revocation = PHONE.revocation(NOW)
    replica.ingest.receive([revocation], BOB.id)
    assert [state(replica, one) for one in by_phone] == [None] * 3
    assert state(replica, by_laptop) == RecordState.LIVE
    outcome = replica.ingest.receive([PHONE.listing("Late", now=NOW)], BOB.id)
    assert [(told.newest.id, told.older_device) for told in outcome.newer] == [(revocation.id, PHONE.device)]
    assert len(outcome.refused) == 1


@pytest.mark.parametrize("together", [True, False])
def test_a_record_is_decided_about_by_the_trust_that_came_before_it_or_with_it(*, together: bool) -> None:
    """Although another one with the same audience and policy was refused before."""
    replica = alice()
    replica.ingest.receive([BOB.policy({replica.me: 100}, now=NOW)], BOB.id)
    first, second = (BOB.listing(title, now=NOW, audience=Audience.TRUSTED_NETWORK) for title in ("First", "Second"))
    assert [refusal.reason for refusal in replica.ingest.receive([first], BOB.id).later] == [NOT_ALLOWED]
    vouch = PHONE.policy({replica.me: 900}, now=NOW, stamp=2)
    for batch in ([second, vouch],) if together else ([vouch], [second]):
        assert replica.ingest.receive(batch, BOB.id).later == []
    assert state(replica, second) == RecordState.LIVE


def test_a_withdrawal_is_taken_at_once_where_nothing_can_be_decided_yet() -> None:
    """The record itself waits for the policy of its author."""
    replica = alice()
    post, gone = BOB.listing("Post", now=NOW), BOB.listing("Gone", now=NOW)
    replica.ingest.receive([post, BOB.withdrawal(gone, NOW)], BOB.id)
    assert state(replica, post) == RecordState.PENDING
    assert state(replica, BOB.withdrawal(gone, NOW)) == RecordState.LIVE
