"""News that is held: in the set at once, announced when it is released, and not at all where the peer shows that it has it."""

from __future__ import annotations

from protocol.limits import RECHECK_SECONDS
from protocol.session import Phase
from protocol.session.peer_set import PeerSet
from protocol.wire.frames import Compare, Have, Pull, Records, Want
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, kinds, settled

BOB = Person("Bob")
ONE, OTHER = (BOB.listing(f"offer {number}", now=NOW + number) for number in range(2))


def hold(side: Side) -> None:
    """Commit ONE, and hold it for the peer."""
    side.put([ONE])
    side.session.peer_set(Phase.CONTENT).add([item(ONE)], news=True, held=True)


def release(side: Side) -> None:
    side.session.peer_set(Phase.CONTENT).release([item(ONE)])


def test_what_is_held_is_announced_when_it_is_released_and_not_before() -> None:
    pair = Pair.of().run()
    before = len(pair.log)
    hold(pair.initiator)
    pair.run()
    assert len(pair.log) == before
    assert pair.initiator.session.peer_set(Phase.CONTENT).holds(item(ONE))
    assert pair.initiator.session.shares(Phase.CONTENT, item(ONE))
    release(pair.initiator)
    assert not pair.initiator.session.peer_set(Phase.CONTENT).holds(item(ONE))
    pair.run()
    assert [type(frame) for frame in pair.frames[before:]] == [Have, Want, Pull, Records]
    settled(pair)


def test_other_news_does_not_wait_for_what_is_held() -> None:
    pair = Pair.of().run()
    hold(pair.initiator)
    pair.initiator.publish(OTHER)
    pair.run()
    assert set(pair.responder.store) == {OTHER.id}
    release(pair.initiator)
    pair.run()
    settled(pair)


def test_what_the_peer_has_announced_meanwhile_is_held_no_longer() -> None:
    pair = Pair.of().run()
    hold(pair.initiator)
    pair.responder.publish(ONE)
    pair.run()
    assert not pair.initiator.session.peer_set(Phase.CONTENT).holds(item(ONE))
    before = len(pair.log)
    release(pair.initiator)
    pair.run()
    assert len(pair.log) == before
    assert kinds(pair)[Have] == 1
    settled(pair)


def test_what_is_taken_out_of_the_set_is_not_announced() -> None:
    pair = Pair.of().run()
    before = len(pair.log)
    hold(pair.initiator)
    pair.initiator.session.update(Phase.CONTENT, [], [item(ONE)])
    release(pair.initiator)
    pair.run()
    assert len(pair.log) == before


def test_a_comparison_brings_what_is_held_to_a_peer_that_lacks_it() -> None:
    pair = Pair.of().run()
    hold(pair.initiator)
    pair.wait(RECHECK_SECONDS).run()
    assert set(pair.responder.store) == {ONE.id}
    assert not kinds(pair)[Have]
    settled(pair)


def test_a_comparison_of_equal_sets_makes_the_announcement_needless() -> None:
    """Both hold what a third has given them, and neither knows that the other has it."""
    pair = Pair.of().run()
    hold(pair.initiator)
    hold(pair.responder)
    pair.wait(RECHECK_SECONDS).run()
    for side in (pair.initiator, pair.responder):
        assert not side.session.peer_set(Phase.CONTENT).holds(item(ONE))
        release(side)
    pair.run()
    assert not kinds(pair)[Have]
    assert not kinds(pair)[Compare]


def test_the_peer_is_not_taken_to_have_what_is_held() -> None:
    peer_set = PeerSet([item(OTHER)])
    peer_set.add([item(ONE)], news=True, held=True)
    assert list(peer_set.shared()) == [item(OTHER)]
    peer_set.root_made()
    peer_set.agreed()
    assert sorted(peer_set.shared()) == sorted([item(ONE), item(OTHER)])


def test_what_is_held_waits_no_longer_when_the_peer_asks_for_it_again() -> None:
    peer_set = PeerSet(())
    peer_set.add([item(ONE)], news=True, held=True)
    assert not peer_set.has_news
    peer_set.announce_again(NOW, ONE.id[:12])
    assert not peer_set.holds(item(ONE))
    assert peer_set.next_news() == [item(ONE)]
