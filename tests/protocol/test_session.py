"""Two sessions that mean well: they meet, settle, and stay current, whatever each of them holds and hides."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol
from protocol import (
    Code,
    Kind,
    LocalError,
    NowLive,
    PeerIntroduced,
    Phase,
    Received,
    Record,
    RemoteError,
    Wanted,
    keep_this_one,
)
from protocol.frames import Bye, Compare, Have, Headers, Hello, Introduce, Ping, Pull, Records, Roots, Want, Who
from protocol.limits import BATCH_RECORDS, HEADERS_PER_MINUTE, PASSES_MAX, RECHECK_SECONDS, WINDOW_RECORDS
from protocol.session import ALLOWED, TRANSITIONS, State, Trigger
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item
from tests.support.vectors_session import session_vectors

ALICE, BOB = Person("Alice"), Person("Bob")


def listings(count: int, label: str = "offer", by: Person = BOB) -> list[Record]:
    return [by.listing(f"{label} {number}", now=NOW + number) for number in range(count)]


MANY = listings(3000)


def kinds(pair: Pair) -> Counter[type]:
    return Counter(type(frame) for frame in pair.frames)


def settled(pair: Pair) -> None:
    """Both are live, hold the same, and have the same roots: one more comparison says no more than that."""
    for side in (pair.initiator, pair.responder):
        assert side.live
        assert side.ended is None
    before = len(pair.log)
    pair.wait(RECHECK_SECONDS + 1)
    again = pair.frames[before:]
    assert not any(isinstance(frame, Compare | Records) for frame in again)
    assert sum(isinstance(frame, Roots) for frame in again) == 4


# --- meeting ---------------------------------------------------------------------------------------------------------


def test_with_nothing_new_both_are_live_after_one_round_trip_and_few_bytes() -> None:
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put([ALICE.certificate(), BOB.certificate(), *MANY[:500]])
    pair = Pair.of(one, other).run()
    assert pair.round_trips == 1
    assert pair.bytes_on_the_wire() <= 200
    assert one.live
    assert other.live


def test_each_learns_who_the_other_is_before_anything_is_admitted() -> None:
    pair = Pair.of(acquainted=False).run()
    for side, peer in ((pair.initiator, BOB), (pair.responder, ALICE)):
        met = side.events[0]
        assert isinstance(met, PeerIntroduced)
        assert (met.person, met.device, met.wall) == (peer.id, peer.device, NOW)
        assert met.certificate == peer.certificate()
        assert side.live
    assert kinds(pair)[Who] == kinds(pair)[Introduce] == 2


def test_who_holds_a_card_introduces_himself_at_once() -> None:
    one, other = Side(ALICE), Side(BOB)
    one.learn(BOB)
    one.start(BOB, initiator=True, introduce=True, more=(ALICE.profile(),))
    other.start(ALICE, initiator=False)
    pair = Pair(one, other).run()
    met = other.events[0]
    assert isinstance(met, PeerIntroduced)
    assert met.extra == [ALICE.profile()]
    assert not kinds(pair)[Who]
    assert one.live
    assert other.live


def test_a_responder_says_nothing_but_who_until_its_node_admits() -> None:
    one, other = Side(ALICE), Side(BOB)
    one.start(BOB, initiator=True)
    other.start(ALICE, initiator=False)
    other.session.receive_many(one.session.frames_to_send(), 0)
    asked = other.session.frames_to_send()
    assert len(asked) == 1
    one.session.receive_many(asked, 0)
    events = other.session.receive_many(one.session.frames_to_send(), 0)
    assert isinstance(events[0], PeerIntroduced)
    assert other.session.frames_to_send() == []
    other.session.bye(Code.REFUSED)
    pair = Pair(one, other).run()
    assert pair.initiator.ended is not None
    assert pair.initiator.ended.code is Code.REFUSED


def test_an_initiator_that_does_not_know_the_key_asks_too() -> None:
    """Dialed at an address, admitted early or not: what it may have is compared once it is known."""
    one, other = Side(ALICE), Side(BOB)
    other.learn(ALICE)
    one.put(MANY[:20])
    one.start(BOB, initiator=True)
    other.start(ALICE, initiator=False)
    one.admit()
    one.admitted = True
    pair = Pair(one, other).run()
    assert set(other.store) == set(one.store)
    settled(pair)


# --- settling --------------------------------------------------------------------------------------------------------


def test_an_empty_node_gets_everything_in_large_batches() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put([*MANY, BOB.certificate(), BOB.policy({ALICE: 700})])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    assert len(one.batches) <= 2 + len(MANY) // BATCH_RECORDS + 1
    record_bytes = sum(len(record.wire) for record in other.store.values())
    assert pair.bytes_on_the_wire() < 1.02 * record_bytes
    settled(pair)


def test_certificates_and_policies_come_before_listings() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put([*MANY[:50], BOB.certificate(), BOB.policy(), BOB.profile()])
    Pair.of(one, other).run()
    order = [record.header.kind for batch in one.batches for record in batch]
    assert set(order[:3]) == {Kind.DEVICE, Kind.POLICY, Kind.PROFILE}


@pytest.mark.parametrize("differing", [1, 10, 1000])
def test_differences_both_ways_are_made_up(differing: int) -> None:
    one, other = Side(ALICE), Side(BOB)
    common, rest = MANY[: 3000 - differing], MANY[3000 - differing :]
    one.put([*common, *rest[::2]])
    other.put([*common, *rest[1::2]])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store) == {record.id for record in MANY}
    assert sum(len(frame.entries) for frame in pair.frames if isinstance(frame, Records)) == differing
    settled(pair)


PEOPLE = [ALICE, BOB, Person("Carol")]
POOL = [
    *(person.certificate() for person in PEOPLE),
    *(person.policy() for person in PEOPLE),
    *(person.profile() for person in PEOPLE),
    *(person.listing(f"thing {number}", now=NOW + number % 3) for number in range(20) for person in PEOPLE),
]
SOME = st.sets(st.integers(0, len(POOL) - 1))


@given(SOME, SOME, SOME, SOME)
def test_each_gets_what_the_other_shows_and_nothing_else(
    mine: set[int], yours: set[int], hidden_from_you: set[int], hidden_from_me: set[int]
) -> None:
    one, other = Side(ALICE), Side(BOB)
    for side, held, hidden in ((one, mine, hidden_from_you), (other, yours, hidden_from_me)):
        for number in held:
            side.put([POOL[number]], hidden=number in hidden)
    pair = Pair.of(one, other).run()
    assert set(one.store) == {POOL[number].id for number in mine | (yours - hidden_from_me)}
    assert set(other.store) == {POOL[number].id for number in yours | (mine - hidden_from_you)}
    settled(pair)


def test_what_came_in_the_first_phase_may_show_more_in_the_first_and_second() -> None:
    """A policy arrives, and only then may its author have the others and what is for those whom he vouches for."""

    class Opening(Side):
        def take(self, records: list[Record]) -> None:
            opens = any(record.header.kind == Kind.POLICY for record in records)
            super().take(records)
            if opens and self.hidden:
                shown = [self.store[id_] for id_ in self.hidden]
                self.hidden.clear()
                self.publish(*shown)

    one, other = Side(ALICE), Opening(BOB)
    one.put([ALICE.certificate(), ALICE.policy({BOB: 700})])
    other.put([BOB.certificate(), *MANY[:40]])
    other.put([BOB.policy({ALICE: 500}), *MANY[40:60]], hidden=True)
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    assert not kinds(pair)[Have]
    settled(pair)


# --- differing views (FAULT 34) --------------------------------------------------------------------------------------


def test_what_a_node_refuses_is_not_offered_to_it_again() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:30])
    one.refused = {record.id for record in MANY[:10]}
    pair = Pair.of(one, other).run()
    assert len(one.store) == 20
    assert sum(len(frame.entries) for frame in pair.frames if isinstance(frame, Records)) == 30
    settled(pair)


def test_what_cannot_be_given_after_all_holds_nobody_up() -> None:
    class Forgetful(Side):
        def give(self, ids: list[bytes]) -> None:
            self.session.supply([])

    one, other = Side(ALICE), Forgetful(BOB)
    other.put(MANY[:300])
    pair = Pair.of(one, other).run()
    assert one.store == {}
    settled(pair)


def test_nodes_that_never_agree_stop_comparing_and_go_on() -> None:
    """This one forgets at once whatever it was given, so its set never becomes the other's."""

    class Amnesiac(Side):
        def take(self, records: list[Record]) -> None:
            for phase in Phase:
                self.session.update(phase, [], [item(record) for record in records])
            self.session.judged()

    one, other = Side(ALICE), Amnesiac(BOB)
    one.put([ALICE.certificate(), *MANY[:20]])
    pair = Pair.of(one, other).run()
    assert one.live
    assert other.live
    assert kinds(pair)[Records] == 2 * PASSES_MAX
    assert kinds(pair)[Roots] <= 4 * (PASSES_MAX + 1)


def test_a_set_that_changes_under_every_comparison_stops_being_compared_too() -> None:
    class Restless(Side):
        count = 0

        def take(self, records: list[Record]) -> None:
            super().take(records)
            self.count += 1
            self.publish(BOB.listing(f"restless {self.count}"))

    one, other = Side(ALICE), Restless(BOB)
    one.put(MANY[:1])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    settled(pair)


# --- live ------------------------------------------------------------------------------------------------------------


def live_pair() -> Pair:
    return Pair.of().run()


def test_news_travels_at_once_and_only_one_way() -> None:
    pair = live_pair()
    before = len(pair.log)
    pair.responder.publish(*MANY[:3])
    pair.run()
    assert set(pair.initiator.store) == {record.id for record in MANY[:3]}
    assert [type(frame) for frame in pair.frames[before:]] == [Have, Want, Pull, Records]
    settled(pair)


def test_the_same_news_on_both_sides_is_not_sent() -> None:
    pair = live_pair()
    pair.initiator.publish(MANY[0])
    pair.responder.publish(MANY[0])
    pair.run()
    assert kinds(pair)[Have] >= 1
    assert not kinds(pair)[Records]
    settled(pair)


def test_much_news_comes_in_portions() -> None:
    pair = live_pair()
    pair.initiator.publish(*MANY)
    pair.run()
    assert set(pair.responder.store) == {record.id for record in MANY}
    settled(pair)


def test_news_while_the_sets_are_compared_again_is_not_lost() -> None:
    pair = live_pair().wait(100)
    pair.initiator.session.recheck(pair.now)
    pair.responder.publish(MANY[0])
    pair.initiator.publish(MANY[1])
    pair.run()
    assert set(pair.initiator.store) == set(pair.responder.store) == {MANY[0].id, MANY[1].id}
    settled(pair)


def test_what_one_side_has_lost_comes_back_with_the_next_comparison() -> None:
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put(MANY[:100])
    pair = Pair.of(one, other).run()
    del one.store[MANY[7].id]
    one.session.update(Phase.REST, [], [item(MANY[7])])
    pair.wait(RECHECK_SECONDS - 1)
    assert MANY[7].id not in one.store
    pair.wait(2)
    assert MANY[7].id in one.store


def test_a_withdrawn_item_is_not_announced() -> None:
    pair = live_pair()
    pair.responder.publish(MANY[0])
    pair.responder.session.update(Phase.REST, [], [item(MANY[0])])
    pair.run()
    assert not kinds(pair)[Have]


def test_a_header_alone_goes_out_unasked_and_its_body_stays_home() -> None:
    pair = live_pair()
    newer = BOB.listing("offer 0", version=2)
    pair.responder.session.supersede([newer])
    pair.run()
    assert pair.initiator.headers == [newer.without_body()]
    assert not pair.initiator.headers[0].body


def test_a_header_told_before_the_session_is_live_waits_for_it() -> None:
    class Eager(Side):
        def meet(self) -> None:
            super().meet()
            self.session.supersede([BOB.listing("offer 0", version=2)])

    pair = Pair.of(Side(ALICE), Eager(BOB), acquainted=False).run()
    assert len(pair.initiator.headers) == 1
    settled(pair)


def test_an_item_superseded_since_it_was_offered_is_answered_with_the_newer_header() -> None:
    newer = BOB.listing("offer 0", version=2)

    class Superseding(Side):
        def give(self, ids: list[bytes]) -> None:
            self.session.supply([newer.without_body()])

    one, other = Side(ALICE), Superseding(BOB)
    other.put(MANY[:1])
    pair = Pair.of(one, other).run()
    assert one.store == {}
    assert one.headers == [newer.without_body()]
    settled(pair)


def test_very_many_headers_are_spread_over_minutes() -> None:
    pair = live_pair()
    newer = [BOB.listing(f"offer {number}", version=2) for number in range(HEADERS_PER_MINUTE + 300)]
    pair.responder.session.supersede(newer)
    pair.run()
    assert len(pair.initiator.headers) == HEADERS_PER_MINUTE
    pair.wait(61)
    assert len(pair.initiator.headers) == len(newer)
    assert sum(isinstance(frame, Headers) for frame in pair.frames) > 1


# --- flow and time ---------------------------------------------------------------------------------------------------


def test_no_more_is_under_way_than_the_window_allows() -> None:
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
        one.session.judged()
    pair.run()
    assert sum(map(len, one.batches)) > taken


def until_wanted(pair: Pair) -> bytes:
    """Carry frames until the initiator has pulled; returns the first frame of records, not yet carried."""
    one, other = pair.initiator, pair.responder
    while True:
        other.handle(other.session.receive_many(one.session.frames_to_send(), 0))
        frames = other.session.frames_to_send()
        if any(isinstance(event, Wanted) for event in other.events):
            return frames[0]
        one.handle(one.session.receive_many(frames, 0))


def test_records_that_trickle_in_are_not_kept_waiting() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:400])
    first = until_wanted(Pair.of(one, other))
    one.handle(one.session.receive(first, 1.0))
    assert one.batches == []
    assert one.session.next_timer() == 1.25
    one.handle(one.session.tick(1.25))
    assert len(one.batches) == 1


def test_a_quiet_session_pings_and_stays() -> None:
    pair = live_pair().wait(500)
    assert pair.initiator.ended is None
    assert pair.responder.ended is None
    assert 30 <= len(pair.log) <= 40


def test_records_that_have_come_are_handed_over_before_the_end() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:400])
    first = until_wanted(Pair.of(one, other))
    one.session.receive(first, 0)
    events = one.session.tick(200)
    assert isinstance(events[0], Received)
    assert one.session.state is State.ENDED


def test_goodbye_ends_both_sides_and_what_follows_is_not_heard() -> None:
    pair = live_pair()
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
        side.session.judged,
        lambda: side.session.supply([]),
        lambda: side.session.update(Phase.REST, [], []),
    ):
        with pytest.raises(LocalError):
            call()
    pair = live_pair()
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


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_of_two_connections_both_sides_keep_the_same(mine: bytes, yours: bytes) -> None:
    if mine == yours:
        return
    i_keep_mine = keep_this_one(mine, yours, i_am_initiator=True)
    you_keep_mine = keep_this_one(yours, mine, i_am_initiator=False)
    assert i_keep_mine == you_keep_mine
    assert keep_this_one(mine, yours, i_am_initiator=False) != i_keep_mine


def test_every_state_but_the_last_can_end_and_all_can_be_reached() -> None:
    reached = {State.GREETING} | {to for ways in TRANSITIONS.values() for to in ways.values()}
    assert reached == set(State)
    assert all(State.ENDED in ways.values() for state, ways in TRANSITIONS.items() if state is not State.ENDED)


def test_the_specification_has_the_table_of_states_as_the_code_has_it() -> None:
    spec = (Path(protocol.__file__).parent / "README.md").read_text()
    for state, ways in TRANSITIONS.items():
        if state is not State.ENDED:
            frames = ", ".join(sorted(frame.__name__ for frame in ALLOWED[state] - {Ping, Bye}))
            to = "; ".join(f"{to.name} ({by.value})" for by, to in ways.items() if by is not Trigger.OVER)
            assert f"| {state.name}: {state.value} | {frames} | {to} |" in spec


def test_the_golden_sessions_hold() -> None:
    golden = json.loads((Path(protocol.__file__).parent / "vectors" / "session.json").read_text())
    assert session_vectors() == golden


def test_live_is_announced_once() -> None:
    pair = live_pair()
    assert sum(isinstance(event, NowLive) for event in pair.initiator.events) == 1
    assert [type(frame) for frame in pair.frames] == [Hello, Hello]
