"""The least pause between versions of one device's policy: a flood of them is put off, and nothing that takes back is."""

from __future__ import annotations

import random

import pytest

from meshnode.app.owner import policy
from meshnode.replica.policy_pace import PolicyPace
from meshnode.replica.refusals import Refusals
from meshnode.replica.refused_record import PAUSED
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Record, limits
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person, grown

ALICE, CAROL = Person("Alice"), Person("Carol")
PAUSE, SHORT_PAUSE = limits.POLICY_PAUSE_SECONDS, limits.POLICY_TAKING_BACK_PAUSE_SECONDS
AT_ONCE, TAKING_BACK_AT_ONCE = limits.POLICY_VERSIONS_AT_ONCE, limits.POLICY_TAKING_BACK_AT_ONCE


def bob() -> tuple[Replica, FakeClock]:
    """Return the node of Bob, who vouches for Alice and holds the first version of her policy."""
    clock = FakeClock(NOW)
    replica = replica_of("Bob", clock=clock)
    policy.vouch(replica, ALICE.id, 900)
    replica.ingest.receive([ALICE.certificate(NOW), said(replica, 1)], ALICE.id)
    return replica, clock


def said(replica: Replica, version: int, *, floor: int = 1, weight: int = 900) -> Record:
    """Return a version of Alice's policy, which takes back what came before if `floor` is its number."""
    vouches: dict[Person | bytes, int] = {replica.me: 900, CAROL: weight}
    return ALICE.policy(vouches, now=NOW, version=version, stamp=version, min_valid_version=floor)


def bring(replica: Replica, *records: Record) -> list[Record]:
    """Let Alice bring these one by one; return those that were put off."""
    off = []
    for record in records:
        later = replica.ingest.receive([record], ALICE.id).later
        off += [record for one in later if one.reason == PAUSED]
    return off


def in_use(replica: Replica) -> int:
    """Return the version of Alice's policy that gives something here; 0 for none."""
    return replica.trust_state.policy_version(ALICE.id, ALICE.device)


def ledger(replica: Replica) -> Refusals:
    memory = replica.refusal_memory.of(ALICE.id, ALICE.id)
    return Refusals(replica.store.records, replica.access, replica.quota, replica.clock, replica.me, ALICE.id, memory)


def test_many_versions_at_once_are_taken_and_then_one_a_pause() -> None:
    replica, clock = bob()
    flood = [said(replica, version) for version in range(2, 3 * AT_ONCE)]
    assert bring(replica, *flood) == flood[AT_ONCE:]
    assert in_use(replica) == AT_ONCE + 1
    clock.advance(PAUSE)
    assert bring(replica, *flood[-2:]) == flood[-1:]
    clock.advance(AT_ONCE * PAUSE)
    assert bring(replica, *(said(replica, 3 * AT_ONCE + number) for number in range(AT_ONCE))) == []


def test_a_version_that_was_put_off_leaves_the_one_before_in_use_and_costs_no_reading() -> None:
    replica, _ = bob()
    bring(replica, *(said(replica, version) for version in range(2, AT_ONCE + 2)))
    before = replica.trust_state.version
    assert len(bring(replica, said(replica, 500))) == 1
    assert replica.trust_state.version == before
    assert in_use(replica) == AT_ONCE + 1


def test_of_versions_that_were_put_off_only_the_last_is_asked_for_when_the_pause_is_over() -> None:
    replica, clock = bob()
    refusals = ledger(replica)
    for version in range(2, 3 * AT_ONCE):
        refusals.note(replica.ingest.receive([said(replica, version)], ALICE.id).later, clock.monotonic())
    assert refusals.missing == (), "nobody has to be told of it"
    assert len(replica.refusal_memory) == 1
    asked = []
    for _ in range(2 * PAUSE // 5):
        clock.advance(5)
        asked += refusals.check(clock.monotonic())
    last = said(replica, 3 * AT_ONCE - 1)
    assert [one.id for one in asked] == [last.id]
    assert bring(replica, last) == []
    assert in_use(replica) == 3 * AT_ONCE - 1


def test_the_next_session_does_not_bring_it_before_the_pause_is_over() -> None:
    replica, clock = bob()
    refusals = ledger(replica)
    for version in range(2, AT_ONCE + 4):
        refusals.note(replica.ingest.receive([said(replica, version)], ALICE.id).later, 0.0)
    (waiting,) = ledger(replica).resume(1.0)
    assert waiting.id == said(replica, AT_ONCE + 3).id
    clock.advance(PAUSE)
    assert ledger(replica).resume(2.0) == []


def test_what_takes_back_is_never_put_off_however_many_versions_came_before() -> None:
    replica, _ = bob()
    last = 4 * AT_ONCE
    bring(replica, *(said(replica, version) for version in range(2, last)))
    assert bring(replica, said(replica, last, floor=last, weight=0)) == []
    assert replica.trust_state.graph.weight(ALICE.id, CAROL.id) == 0
    assert in_use(replica) == last


def test_where_even_these_come_too_fast_nothing_older_holds_until_the_latest_comes() -> None:
    replica, clock = bob()
    taken = [said(replica, version, floor=version) for version in range(2, TAKING_BACK_AT_ONCE + 2)]
    assert bring(replica, *taken) == []
    assert replica.trust_state.graph.weight(ALICE.id, CAROL.id) == 900
    more = [said(replica, 200 + number, floor=200 + number, weight=0) for number in range(20)]
    for one in more:
        assert bring(replica, one) == [one]
        assert replica.trust_state.graph.weight(ALICE.id, CAROL.id) == 0
        assert in_use(replica) == 0
    clock.advance(SHORT_PAUSE)
    assert bring(replica, more[-1]) == []
    assert in_use(replica) == 219


def test_a_version_that_was_put_off_is_put_off_again_until_its_pause_is_over() -> None:
    """What is held of it by then is its header, as it is of a version that takes something back."""
    replica, clock = bob()
    bring(replica, *(said(replica, version, floor=version) for version in range(2, TAKING_BACK_AT_ONCE + 2)))
    last = said(replica, 200, floor=200)
    assert bring(replica, last, last) == [last, last]
    assert in_use(replica) == 0
    clock.advance(SHORT_PAUSE)
    assert bring(replica, last) == []
    assert in_use(replica) == 200


def test_what_is_put_off_is_refused_unless_its_header_is_kept() -> None:
    replica, _ = bob()
    bring(replica, *(said(replica, version) for version in range(2, AT_ONCE + 2)))
    more = said(replica, 100)
    outcome = replica.ingest.receive([more], ALICE.id)
    assert (outcome.kept, outcome.refused, outcome.stored) == ([], [more.id], [])
    bring(replica, *(said(replica, version, floor=version) for version in range(101, 101 + TAKING_BACK_AT_ONCE)))
    last = said(replica, 200, floor=200)
    outcome = replica.ingest.receive([last], ALICE.id)
    assert (outcome.kept, outcome.refused, outcome.stored) == ([last.id], [], [last.id])


def test_older_versions_that_are_shown_again_use_up_no_pace() -> None:
    replica, _ = bob()
    newest = 2 * AT_ONCE
    bring(replica, said(replica, newest))
    assert bring(replica, *(said(replica, version) for version in range(2, newest))) == []
    assert bring(replica, *(said(replica, newest + number) for number in range(1, AT_ONCE))) == []


def test_no_post_is_put_off_however_often_its_author_changes_it() -> None:
    replica, _ = bob()
    edits = [ALICE.listing("Ladder", version=version, min_valid_version=1) for version in range(1, 3 * AT_ONCE)]
    assert bring(replica, *edits) == []
    assert replica.store.records.current(edits[0].register) == edits[-1]


def test_no_version_of_another_own_device_is_put_off() -> None:
    replica, _ = bob()
    phone = Person("Bob").on("phone")
    replica.ingest.receive([phone.certificate(NOW)], ALICE.id)
    versions = [phone.policy({CAROL: 900}, now=NOW, version=version, min_valid_version=1) for version in range(1, 40)]
    assert bring(replica, *versions) == []
    assert replica.trust_state.policy_version(phone.id, phone.device) == 39


def test_versions_that_no_certificate_proves_wait_for_one_at_no_pace() -> None:
    """Alice has taken back her vouch for Carol: of Carol's records only the headers are left."""
    replica, _ = bob()
    versions = [CAROL.policy({ALICE: 900}, now=NOW, version=number) for number in range(1, 2 * TAKING_BACK_AT_ONCE)]
    replica.ingest.receive([CAROL.certificate(NOW), versions[0]], ALICE.id)
    bring(replica, said(replica, 2, floor=2, weight=0))
    assert replica.store.records.newest(versions[0].register) == versions[0].without_body()
    assert not replica.trust_state.certified(CAROL.id, CAROL.device)
    assert bring(replica, *versions[1:]) == []
    states = {row.state for row in replica.store.records.rows_of([one.id for one in versions[1:]])}
    assert states == {RecordState.PENDING}


def test_the_owners_own_devices_and_other_registers_are_not_held_up() -> None:
    replica, _ = bob()
    bring(replica, *(said(replica, version) for version in range(2, 3 * AT_ONCE)))
    phone = ALICE.on("phone")
    of_phone = phone.policy({CAROL: 100}, now=NOW, stamp=900)
    replica.ingest.receive([phone.certificate(NOW)], ALICE.id)
    assert bring(replica, of_phone) == []
    for number in range(3 * AT_ONCE):
        policy.vouch(replica, grown("one", number), 500)
    held = policy.own(replica)
    assert held is not None
    assert len(held.vouches) == 3 * AT_ONCE + 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_in_whatever_order_in_the_end_the_latest_version_is_in_use(seed: int) -> None:
    """And at no time does a weight hold that a version shown before, and in use or not, had taken back."""
    replica, clock = bob()
    chance, refusals, floor, shown = random.Random(seed), ledger(replica), 1, {}
    for version in range(2, 150):
        floor = version if chance.random() < chance.choice([0.1, 0.9]) else floor
        record = said(replica, version, floor=floor, weight=chance.choice([0, 900]))
        shown[record.id] = record
        refusals.note(replica.ingest.receive([record], ALICE.id).later, clock.monotonic())
        assert in_use(replica) == 0 or in_use(replica) >= floor
        clock.advance(chance.choice([0, 0, 1, 30]))
        bring_asked(replica, refusals, shown, clock)
    for _ in range(30):
        clock.advance(5)
        bring_asked(replica, refusals, shown, clock)
    assert in_use(replica) == 149


def bring_asked(replica: Replica, refusals: Refusals, shown: dict[bytes, Record], clock: FakeClock) -> None:
    for one in [*refusals.follow_trust(), *refusals.check(clock.monotonic())]:
        refusals.note(replica.ingest.receive([shown[one.id]], ALICE.id).later, clock.monotonic())


def test_the_memory_of_paces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLICY_PACES_REMEMBERED", 10)
    clock = FakeClock(NOW)
    pace = PolicyPace(clock)
    flooder = (ALICE.id, ALICE.device)
    while pace.take(flooder, takes_back=False):
        pass
    for number in range(100):
        assert pace.take((grown(number), grown(number)), takes_back=False)
    assert not pace.take(flooder, takes_back=False), "the one who writes most is forgotten last"
    assert len(pace._rested) <= 10
