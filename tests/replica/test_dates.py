"""What a node takes, by the kind of a record, its dates, and how sure the node is of the date."""

from __future__ import annotations

import itertools

import pytest

from meshnode.app import upkeep
from meshnode.app.owner import policy
from meshnode.replica import eviction
from meshnode.replica.refused_record import EXPIRED
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Kind, Letter, Record, limits
from protocol.limits import DAY
from protocol.wire import stratum
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person, grown

BOB, CAROL, DAVE = (Person(name) for name in ("Bob", "Carol", "Dave"))
YEAR = 365 * DAY
LETTER = Letter(
    grown("salt", size=16),
    grown("tag", size=16),
    tuple(bytes([box]) * 80 for box in range(4)),
    bytes(24),
    bytes(528),
)


def alice(*, doubt: bool = False) -> Replica:
    """Return the node of Alice, who vouches for Bob and is sure of the date, or in doubt about it."""
    replica = replica_of("Alice", clock=FakeClock(NOW))
    policy.vouch(replica, BOB.id, 900)
    replica.ingest.receive([BOB.certificate(NOW), BOB.policy({replica.me: 900}, now=NOW)], BOB.id)
    if doubt:
        replica.clock.heard(BOB.id, NOW + 30 * DAY, stratum.MACHINE)
        assert not replica.clock.trusted
    return replica


def record(kind: str, age: int, replica: Replica) -> Record:
    """Return a record of Bob's that was made so many seconds ago, or, if that is negative, seems to be."""
    made = NOW - age
    offer = BOB.listing("Ladder", now=made, life=10 * DAY)
    return {
        "a listing": lambda: offer,
        "a profile": lambda: BOB.profile(made),
        "a withdrawal": lambda: BOB.withdrawal(offer, made),
        "a policy": lambda: BOB.policy({replica.me: 900}, blocks=[CAROL], now=made, version=2, stamp=2),
        "a certificate": lambda: BOB.on("phone").certificate(made),
        "a revocation": lambda: BOB.on("phone").revocation(made),
        "a tombstone": lambda: BOB.listing("Known", version=2, now=made, life=10 * DAY).without_body(),
    }[kind]()


KINDS = ["a listing", "a profile", "a withdrawal", "a policy", "a certificate", "a revocation", "a tombstone"]
TAKES_BACK = {"a withdrawal", "a policy", "a certificate", "a revocation", "a tombstone"}
AGES = {"of today": DAY // 2, "long past": 9 * YEAR, "from the future": -9 * YEAR}


@pytest.mark.parametrize(
    ("kind", "age", "doubt"),
    list(itertools.product(KINDS, AGES, [False, True])),
    ids=lambda value: value if isinstance(value, str) else ("in doubt" if value else "certain"),
)
def test_what_is_taken(kind: str, age: str, *, doubt: bool) -> None:
    replica = alice(doubt=doubt)
    if kind == "a tombstone":
        replica.ingest.receive([BOB.listing("Known", now=NOW, life=10 * DAY)], BOB.id)
    one = record(kind, AGES[age], replica)
    outcome = replica.ingest.receive([one], BOB.id)
    refused_for_now = [refusal.reason for refusal in outcome.later]
    assert outcome.faults == []
    if age == "long past" and not doubt and kind not in TAKES_BACK:
        assert refused_for_now == [EXPIRED]
        assert outcome.refused == [one.id]
        return
    assert (refused_for_now, outcome.refused) == ([], [])
    [row] = replica.store.records.rows_of([one.id])
    past = age == "long past" and not doubt and kind in {"a withdrawal", "a policy", "a certificate"}
    expected = RecordState.HEADER if kind == "a tombstone" else RecordState.PAST if past else RecordState.LIVE
    assert row.state == expected


@pytest.mark.parametrize("kind", sorted(TAKES_BACK - {"a revocation"}))
def test_what_takes_back_is_kept_for_a_while_after_it_came_however_old_it_is(kind: str) -> None:
    replica = alice()
    if kind == "a tombstone":
        replica.ingest.receive([BOB.listing("Known", now=NOW, life=10 * DAY)], BOB.id)
    one = record(kind, 9 * YEAR, replica)
    replica.ingest.receive([one], BOB.id)
    clock = replica.clock
    assert isinstance(clock, FakeClock)
    for wait in (limits.TOMBSTONE_GRACE - DAY, 2 * limits.TOMBSTONE_GRACE):
        assert replica.store.records.get(one.id) is not None
        clock.advance(wait)
        clock.heard(BOB.id, clock.now(), stratum.MACHINE)  # nothing is deleted on the word of one clock alone
        upkeep.upkeep(replica)
    upkeep.upkeep(replica)
    assert replica.store.records.get(one.id) is None


def test_an_old_policy_that_comes_late_gives_nothing_and_takes_back_what_it_says() -> None:
    """Otherwise anybody could keep the vouches of a lost device alive by sending its last policy again."""
    replica = alice()
    phone = BOB.on("phone")
    late = phone.policy({CAROL: 900}, blocks=[DAVE], now=NOW - YEAR, stamp=5)
    replica.ingest.receive([phone.certificate(NOW - YEAR), late], BOB.id)
    assert replica.trust_state.graph.weight(BOB.id, CAROL.id) == 0
    assert replica.trust_state.graph.weight(BOB.id, replica.me) == 900
    assert replica.trust_state.graph.blocks(BOB.id, DAVE.id)


def test_what_had_ended_by_a_wrong_clock_is_put_to_use_when_the_clock_is_right() -> None:
    replica = alice()
    clock = replica.clock
    assert isinstance(clock, FakeClock)
    clock.machine.shown += YEAR
    clock.confirm()
    fresh = CAROL.policy({replica.me: 700}, now=NOW)
    replica.ingest.receive([CAROL.certificate(NOW), fresh], BOB.id)
    assert [row.state for row in replica.store.records.rows_of([fresh.id])] == [RecordState.PAST]
    assert replica.trust_state.policy(CAROL.id) is None
    clock.machine.shown -= YEAR
    clock.confirm()
    eviction.follow_clock(replica)
    assert [row.state for row in replica.store.records.rows_of([fresh.id])] == [RecordState.LIVE]
    assert replica.trust_state.graph.weight(CAROL.id, replica.me) == 700


def test_nothing_is_deleted_by_a_date_that_only_one_witness_bears() -> None:
    replica = alice()
    listing = BOB.listing("Ladder", now=NOW, life=2 * DAY)
    replica.ingest.receive([listing], BOB.id)
    clock = replica.clock
    assert isinstance(clock, FakeClock)
    upkeep.upkeep(replica)
    clock.remember()
    clock.machine.start_again(NOW + 30 * DAY)  # the wrong month: nobody confirms it
    replica = Replica.open(
        replica.store, replica.me, replica.keys, clock.restarted(), replica.entropy, identity=replica.identity
    )
    assert replica.clock.trusted
    upkeep.upkeep(replica)
    assert replica.store.records.get(listing.id) is not None


LIVES = {
    "a listing": 10 * DAY,
    "a withdrawal": 10 * DAY,
    "a policy": limits.POLICY_LIFE,
    "a certificate": limits.DEVICE_LIFE,
    "a tombstone": 10 * DAY,
}


@pytest.mark.parametrize(
    ("kind", "left", "states"),
    [
        ("a listing", 1, [RecordState.LIVE]),
        ("a listing", 0, []),
        ("a withdrawal", 1, [RecordState.LIVE]),
        ("a withdrawal", 0, [RecordState.PAST]),
        ("a policy", 1, [RecordState.LIVE]),
        ("a policy", 0, [RecordState.PAST]),
        ("a certificate", 1, [RecordState.LIVE]),
        ("a certificate", 0, [RecordState.PAST]),
        ("a tombstone", 1, []),
        ("a tombstone", 0, [RecordState.HEADER]),
    ],
)
def test_a_record_ends_in_the_second_that_it_names_and_not_before(
    kind: str, left: int, states: list[RecordState]
) -> None:
    replica = alice()
    one = record(kind, LIVES[kind] - left, replica)
    replica.ingest.receive([one], BOB.id)
    assert [row.state for row in replica.store.records.rows_of([one.id])] == states


@pytest.mark.parametrize(("left", "state"), [(1, RecordState.LIVE), (0, RecordState.PAST)])
def test_what_a_device_says_ends_with_its_certificate(left: int, state: RecordState) -> None:
    replica = alice()
    phone = BOB.on("phone")
    said = phone.policy({replica.me: 900}, now=NOW)
    replica.ingest.receive([phone.certificate(NOW - limits.DEVICE_LIFE + left), said], BOB.id)
    assert [row.state for row in replica.store.records.rows_of([said.id])] == [state]


def test_a_post_of_a_device_whose_certificate_has_ended_is_taken_as_little_as_one_that_has_ended_itself() -> None:
    replica = alice()
    phone = BOB.on("phone")
    post = phone.listing("Ladder", now=NOW, life=10 * DAY)
    outcome = replica.ingest.receive([phone.certificate(NOW - limits.DEVICE_LIFE), post], BOB.id)
    assert [(one.id, one.reason) for one in outcome.later] == [(post.id, EXPIRED)]
    assert replica.store.records.rows_of([post.id]) == []


def test_a_letter_that_was_taken_back_is_passed_on_though_the_certificate_of_its_device_has_ended() -> None:
    """Of the letter itself nothing is held here: others may still have it."""
    replica = alice()
    phone = BOB.on("phone")
    letter = phone.record(Kind.LETTER, bytes(16), bytes(50), NOW, life=DAY, policy_version=1)
    withdrawal = phone.withdrawal(letter)
    outcome = replica.ingest.receive([phone.certificate(NOW - limits.DEVICE_LIFE), withdrawal], BOB.id)
    assert outcome.later == []
    assert [row.state for row in replica.store.records.rows_of([withdrawal.id])] == [RecordState.PAST]


def test_nothing_of_the_owners_own_has_ended() -> None:
    replica = alice()
    phone = Person("Alice").on("phone")
    said = phone.policy({BOB: 900}, now=NOW - YEAR)
    replica.ingest.receive([phone.certificate(NOW - limits.DEVICE_LIFE), said], BOB.id)
    assert [row.state for row in replica.store.records.rows_of([said.id])] == [RecordState.LIVE]


@pytest.mark.parametrize("doubt", [False, True], ids=["certain", "in doubt"])
def test_a_header_of_what_had_ended_supersedes_something_only_by_a_clock_that_is_sure(*, doubt: bool) -> None:
    """It is kept where an older version was perhaps deleted here; in doubt about the date nothing is deleted."""
    replica = alice(doubt=doubt)
    header = BOB.listing("Gone", version=2, now=NOW - 20 * DAY, life=10 * DAY).without_body()
    outcome = replica.ingest.receive([header], BOB.id)
    states = [row.state for row in replica.store.records.rows_of([header.id])]
    assert (states, outcome.refused) == (([], [header.id]) if doubt else ([RecordState.HEADER], []))


@pytest.mark.parametrize("doubt", [False, True], ids=["certain", "in doubt"])
@pytest.mark.parametrize("kind", ["a policy", "a withdrawal"])
def test_what_had_ended_while_it_waited_has_ended_by_a_clock_that_is_sure(kind: str, *, doubt: bool) -> None:
    """A policy waits for the certificate of its device, the withdrawal of a letter for the letter."""
    replica = alice()
    clock, phone = replica.clock, BOB.on("phone")
    assert isinstance(clock, FakeClock)
    letter = BOB.record(Kind.LETTER, bytes(16), LETTER, NOW, life=9 * DAY, policy_version=1)
    withdrawal = BOB.withdrawal(letter, expires=NOW + DAY, latest_expiry=NOW + 9 * DAY, policy_version=2)
    waits, comes = {
        "a policy": (phone.policy({CAROL: 900}, now=NOW, life=DAY), phone.certificate(NOW)),
        "a withdrawal": (withdrawal, letter),
    }[kind]
    replica.ingest.receive([waits], BOB.id)
    assert [row.state for row in replica.store.records.rows_of([waits.id])] == [RecordState.PENDING]
    clock.advance(2 * DAY)
    if doubt:
        clock.heard(BOB.id, NOW + 40 * DAY, stratum.MACHINE)
    assert clock.trusted is not doubt
    replica.ingest.receive([comes], BOB.id)
    expected = RecordState.LIVE if doubt else RecordState.PAST
    assert [row.state for row in replica.store.records.rows_of([waits.id])] == [expected]
