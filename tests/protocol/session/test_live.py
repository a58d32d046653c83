"""A live session: it announces new items at once, sends headers unasked, and compares again now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest

from protocol.limits import (
    HEADERS_PER_MINUTE,
    IDLE_PING_SECONDS,
    MINUTE,
    PROGRESS_SECONDS,
    RECHECK_MAX_SECONDS,
    RECHECK_SECONDS,
)
from protocol.session import Event, LiveStarted, Phase
from protocol.wire.frames import Compare, Have, Headers, Hello, Pull, Records, Roots, Want
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


@pytest.mark.parametrize(
    "quiet", [PROGRESS_SECONDS - 1, PROGRESS_SECONDS * 3, IDLE_PING_SECONDS - 1, RECHECK_SECONDS - 1]
)
def test_an_announcement_after_a_quiet_time_is_given_time_to_be_answered(quiet: int) -> None:
    """A node with news after a long rest does not know the time before its next timer, which must not count as waiting."""
    pair = live_pair().wait(quiet)
    side = pair.responder
    side.publish(MANY[0])
    assert len(side.session.frames_to_send()) == 1
    timer = side.session.next_timer()
    assert timer is not None
    for now in (max(timer, pair.now), pair.now + PROGRESS_SECONDS - 1):
        side.handle(side.session.tick(now))
        assert side.ended is None
    side.handle(side.session.tick(pair.now + 2 * PROGRESS_SECONDS))
    assert side.ended is not None
    assert side.ended.detail == "makes no progress"


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


def comparisons(pair: Pair, seconds: float) -> list[float]:
    """Let time pass, a minute at a time, and return after how many of these seconds the two have compared."""
    begun, found = pair.now, []
    while pair.now < begun + seconds:
        before = kinds(pair)[Roots]
        pair.wait(MINUTE)
        if kinds(pair)[Roots] > before:
            found.append(pair.now - begun)
    return found


def test_comparisons_that_find_nothing_become_rare_and_never_end() -> None:
    times = comparisons(live_pair(), 6 * RECHECK_MAX_SECONDS)
    pauses = [after - before for before, after in pairwise([0.0, *times])]
    assert pauses == [RECHECK_SECONDS, 2 * RECHECK_SECONDS, 4 * RECHECK_SECONDS] + [RECHECK_MAX_SECONDS] * len(
        pauses[3:]
    )
    assert len(pauses) > 6


CHANGES: dict[str, Callable[[Pair], None]] = {
    "the initiator has news": lambda pair: pair.initiator.publish(MANY[200]),
    "the responder has news": lambda pair: pair.responder.publish(MANY[200]),
    "the responder may have less": lambda pair: pair.initiator.session.update(Phase.CONTENT, [], [item(MANY[7])]),
}


@pytest.mark.parametrize("quiet", [0, RECHECK_SECONDS - 1, 2 * RECHECK_MAX_SECONDS, 2 * RECHECK_MAX_SECONDS + 700])
@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_the_two_soon_compare_again(change: str, quiet: int) -> None:
    pair = Pair.of(Side(ALICE), Side(BOB))
    for side in (pair.initiator, pair.responder):
        side.put(MANY[:100])
    pair.run().wait(quiet)
    CHANGES[change](pair)
    assert comparisons(pair.run(), 3 * RECHECK_SECONDS)[0] <= 2 * RECHECK_SECONDS


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


class Witness(Side):
    """Checks at each agreement that both sides hold what they are said to hold."""

    other: Side
    agreed = 0

    def handle(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, LiveStarted):
                ids = {id_ for marks in event.agreed for _, id_ in marks}
                assert ids <= set(self.store) & set(self.other.store)
                self.agreed = len(ids)
            super().handle([event])


def test_each_agreement_tells_what_both_sides_have_and_nothing_that_only_one_has_yet() -> None:
    alice, bob = Witness(ALICE), Witness(BOB)
    alice.other, bob.other = bob, alice
    alice.put(MANY[:20])
    bob.put(MANY[20:30])
    pair = Pair.of(alice, bob).run_until(Roots)
    bob.publish(MANY[30])  # while the two compare
    pair.run()
    alice.publish(MANY[31])
    bob.publish(MANY[32])
    pair.wait(2 * RECHECK_SECONDS)
    assert (alice.agreed, bob.agreed) == (33, 33)
