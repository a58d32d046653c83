"""The windows, batches, pings and ends of a session, and the table of its states."""

from __future__ import annotations

from collections import Counter

import pytest

from protocol import Code, LocalError, Record, RemoteError
from protocol.limits import DAY, IDLE_DEAD_SECONDS, IDLE_PING_SECONDS, RECHECK_MAX_SECONDS, WINDOW_RECORDS
from protocol.session import (
    Phase,
    RecordsReceived,
    RecordsRequested,
    SessionState,
)
from protocol.session.states import TRANSITIONS, By, Trigger, is_possible, next_state
from protocol.wire.frames import Ping, Pull, Records, Roots
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, kinds

ALICE, BOB = Person("Alice"), Person("Bob")
MANY = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(3000)]


def test_at_most_a_window_of_records_is_under_way() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY)
    pair = Pair.of(one, other).run()
    pulled = 0
    for frame in pair.frames:
        if isinstance(frame, Pull):
            pulled += frame.count
        elif isinstance(frame, Records):
            pulled -= len(frame.entries)
        assert pulled <= WINDOW_RECORDS
    assert kinds(pair)[Pull] > 1


def test_nothing_more_is_pulled_until_the_node_has_committed() -> None:
    class Slow(Side):
        def take(self, records: list[Record]) -> None:
            self.batches.append(records)

    one, other = Slow(ALICE), Side(BOB)
    other.put(MANY)
    pair = Pair.of(one, other).run()
    taken = sum(map(len, one.batches))
    assert taken <= WINDOW_RECORDS
    assert not one.live
    batches = len(one.batches)
    for _ in range(batches):
        one.session.committed()
    pair.run()
    assert sum(map(len, one.batches)) > taken


def until_requested(pair: Pair) -> bytes:
    """Carry frames until the initiator has pulled; returns the first frame of records, not yet carried."""
    one, other = pair.initiator, pair.responder
    while True:
        other.handle(other.session.receive_many(one.session.frames_to_send(), 0))
        frames = other.session.frames_to_send()
        if any(isinstance(event, RecordsRequested) for event in other.events):
            return frames[0]
        one.handle(one.session.receive_many(frames, 0))


def test_records_that_trickle_in_are_not_kept_waiting() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:400])
    first = until_requested(Pair.of(one, other))
    one.handle(one.session.receive(first, 1.0))
    assert one.batches == []
    assert one.session.next_timer() == 1.25
    one.handle(one.session.tick(1.25))
    assert len(one.batches) == 1


def test_a_quiet_session_pings_and_stays() -> None:
    pair = Pair.of().run()
    begun = len(pair.log)
    pair.wait(DAY)
    assert pair.initiator.ended is None
    assert pair.responder.ended is None
    said = Counter(type(frame) for frame in pair.frames[begun:])
    assert said.keys() == {Ping, Roots}
    assert said[Ping] <= 2 * DAY / IDLE_PING_SECONDS
    assert said[Roots] <= 4 * (DAY / RECHECK_MAX_SECONDS + 3)  # ten minutes, twenty and forty come first


def test_records_that_have_come_are_handed_over_before_the_end() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:400])
    first = until_requested(Pair.of(one, other))
    one.session.receive(first, 0)
    events = one.session.tick(IDLE_DEAD_SECONDS)
    assert isinstance(events[0], RecordsReceived)
    assert one.session.state is SessionState.ENDED


def test_goodbye_ends_both_sides_and_what_follows_is_not_heard() -> None:
    pair = Pair.of().run()
    pair.initiator.session.bye(Code.DUPLICATE)
    pair.run()
    assert pair.responder.ended is not None
    assert pair.responder.ended.code is Code.DUPLICATE
    assert pair.responder.session.next_timer() is None
    assert pair.responder.session.receive(b"\xc1", pair.now) == []


def test_an_own_node_that_answers_out_of_turn_is_told_so() -> None:
    side = Side(BOB)
    side.start(ALICE, initiator=False)
    for call in (
        side.admit,
        side.session.committed,
        lambda: side.session.supply([]),
        lambda: side.session.update(Phase.CONTENT, [], []),
    ):
        with pytest.raises(LocalError):
            call()
    pair = Pair.of().run()
    with pytest.raises(LocalError):
        pair.initiator.admit()


def test_a_node_does_not_talk_to_itself() -> None:
    one, other = Side(ALICE), Side(ALICE)
    for side in (one, other):
        side.learn(ALICE)
    one.start(ALICE, initiator=True)
    other.start(ALICE, initiator=False)
    with pytest.raises(RemoteError) as caught:
        Pair(one, other).run()
    assert caught.value.code is Code.REFUSED


@pytest.mark.parametrize("by", [By.INITIATOR, By.RESPONDER])
def test_every_state_but_the_last_can_end_and_all_can_be_reached(by: By) -> None:
    reached = {SessionState.GREETING} | {row.target for row in TRANSITIONS if row.by in (By.EITHER, by)}
    assert reached == set(SessionState)
    for state in SessionState:
        assert is_possible(state, Trigger.OVER, by) == (state is not SessionState.ENDED)


@pytest.mark.parametrize("by", [By.INITIATOR, By.RESPONDER])
def test_a_trigger_leads_from_a_state_to_one_other_or_nowhere(by: By) -> None:
    rows = [(row.source, row.trigger) for row in TRANSITIONS if row.by in (By.EITHER, by)]
    assert len(rows) == len(set(rows))
    assert {trigger for _, trigger in rows} <= set(Trigger)
    for state in SessionState:
        for trigger in Trigger:
            if (state, trigger) in rows:
                assert next_state(state, trigger, by) in SessionState
            else:
                with pytest.raises(LocalError):
                    next_state(state, trigger, by)
