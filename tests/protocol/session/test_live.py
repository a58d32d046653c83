"""A live session: it announces new items at once, sends headers unasked, and compares again now and then."""

from __future__ import annotations

from protocol.limits import (
    HEADERS_PER_MINUTE,
    PROGRESS_SECONDS,
    RECHECK_SECONDS,
)
from protocol.session import LiveStarted, Phase
from protocol.wire.frames import Compare, Have, Headers, Hello, Pull, Records, Want
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, kinds, settled

ALICE, BOB = Person("Alice"), Person("Bob")
MANY = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(3000)]


def live_pair() -> Pair:
    return Pair.of().run()


def test_a_peer_with_nothing_new_is_live_at_once_and_told_so_once() -> None:
    pair = live_pair()
    assert sum(isinstance(event, LiveStarted) for event in pair.initiator.events) == 1
    assert [type(frame) for frame in pair.frames] == [Hello, Hello]


def test_an_announcement_after_a_long_quiet_time_is_given_time_to_be_answered() -> None:
    pair = live_pair().wait(PROGRESS_SECONDS * 3)
    pair.responder.publish(MANY[0])
    have = pair.responder.session.frames_to_send()
    assert len(have) == 1
    timer = pair.responder.session.next_timer()
    assert timer is not None
    assert timer > pair.now
    pair.responder.handle(pair.responder.session.tick(pair.now + 20))
    assert pair.responder.ended is None


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


def test_news_in_the_middle_of_a_comparison_is_not_lost() -> None:
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put(MANY[:-2])
    pair = Pair.of(one, other).run().wait(100)
    lost = MANY[:-2:50]
    for record in lost:
        del one.store[record.id]
    one.session.update(Phase.CONTENT, [], [item(record) for record in lost])
    one.session.recheck(pair.now)
    pair.run_until(Compare)
    one.publish(MANY[-1])
    other.publish(MANY[-2])
    pair.run()
    assert set(one.store) == set(other.store) == {record.id for record in MANY}
    settled(pair)


def test_what_one_side_has_lost_comes_back_with_the_next_comparison() -> None:
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put(MANY[:100])
    pair = Pair.of(one, other).run()
    del one.store[MANY[7].id]
    one.session.update(Phase.CONTENT, [], [item(MANY[7])])
    pair.wait(RECHECK_SECONDS - 1)
    assert MANY[7].id not in one.store
    pair.wait(2)
    assert MANY[7].id in one.store


def test_a_withdrawn_item_is_not_announced() -> None:
    pair = live_pair()
    pair.responder.publish(MANY[0])
    pair.responder.session.update(Phase.CONTENT, [], [item(MANY[0])])
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
