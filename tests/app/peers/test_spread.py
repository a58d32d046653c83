"""When one peer of a node with many sessions is told of what others have posted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from meshnode.app.peers.spread import HELD_MAX, LATE_SECONDS, SOON_SECONDS, SpreadTo
from meshnode.replica.changes import Change
from meshnode.replica.spreading import CHOSEN, FEW_SESSIONS, Spreading
from meshnode.store import RecordState, Row
from protocol import Record, RecordId
from protocol.limits import LIVE_COMPARE_SECONDS
from protocol.session import Phase
from protocol.wire import Item
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, item

ME, AUTHOR, OTHER = Person("Alice"), Person("Carol"), Person("Dora")
MANY = FEW_SESSIONS + 1  # sessions
SOON = SOON_SECONDS[1]


def row(record: Record) -> Row:
    return Row.of(record, RecordState.LIVE, None)


@dataclass
class Node:
    """A node that is the initiator of a session, and the posts that its peer asks for."""

    pair: Pair = field(default_factory=lambda: Pair.of().run())
    spreading: Spreading = field(default_factory=Spreading)
    commits: int = 0
    chance: Callable[[int], bytes] = bytes
    spread: SpreadTo = field(init=False)

    def __post_init__(self) -> None:
        self.spread = SpreadTo(self.spreading, self.pair.initiator.session, self.chance)
        give = self.pair.initiator.give

        def note_and_give(ids: list[RecordId]) -> None:
            self.spread.asked_for(ids)
            give(ids)

        self.pair.initiator.give = note_and_give  # type: ignore[method-assign]

    def commit(self, *records: Record, sessions: int = MANY, ended: Iterable[Row] = ()) -> dict[Item, bytes]:
        """Let posts come from another peer; return those that are held."""
        self.commits += 1
        for _ in range(sessions):
            self.spreading.note(self.commits)
        side = self.pair.initiator
        side.put(records)
        added = [item(record) for record in records]
        change = Change(stored=tuple(map(row, records)), ended=tuple(ended))
        held = self.spread.to_hold(change, added, ME.id)
        side.session.update(Phase.CONTENT, [one for one in added if one not in held], [])
        self.spread.hold(held)
        self.go_on()
        return dict(held)

    def go_on(self, seconds: float = 0.0) -> None:
        """Let time pass, with the session's own timers far off."""
        self.pair.now += seconds
        self.spread.tick(self.pair.now)
        self.pair.run()

    def has(self, record: Record) -> bool:
        return record.id in self.pair.responder.store


def posts(number: int, author: Person = AUTHOR) -> list[Record]:
    return [author.listing(f"offer {at}", now=NOW + at, version=2, min_valid_version=1) for at in range(number)]


def others_are_told(node: Node, record: Record) -> None:
    """Let as many other peers be chosen for a post as there are places."""
    for _ in range(CHOSEN):
        assert node.spreading.chooses(record.id)


def test_a_post_waits_for_a_short_time_and_is_announced_then() -> None:
    node, (one,) = Node(), posts(1)
    assert set(node.commit(one)) == {item(one)}
    assert not node.spread.unplanned
    assert node.spread.due(0.0) == SOON_SECONDS[0]
    node.go_on(SOON_SECONDS[0] / 2)
    assert not node.has(one)
    node.go_on(SOON_SECONDS[0])
    assert node.has(one)
    assert node.spread.due(node.pair.now) is None


def test_the_wait_is_drawn_by_chance() -> None:
    node = Node(chance=lambda size: b"\xff" * size)
    node.commit(*posts(1))
    due = node.spread.due(0.0)
    assert due is not None
    assert due == pytest.approx(SOON_SECONDS[1])


def test_the_time_is_asked_for_where_it_is_not_known_when_a_post_came() -> None:
    node, (one,) = Node(), posts(1)
    node.commit()
    node.spread.hold({item(one): AUTHOR.id})
    assert node.spread.unplanned
    assert node.spread.due(100.0) == 100.0


def test_a_node_with_few_sessions_holds_nothing() -> None:
    node, (one,) = Node(), posts(1)
    assert not node.commit(one, sessions=MANY - 1)
    assert node.has(one)


def test_what_the_owner_writes_and_what_takes_back_is_not_held() -> None:
    node, (one, other) = Node(), posts(2)
    own, profile, withdrawn = ME.listing("offer"), AUTHOR.profile(), AUTHOR.withdrawal(other)
    assert not node.commit(own, profile, withdrawn)
    assert not node.commit(one, ended=[row(one)._replace(id=bytes(32))])
    assert node.has(one)


def test_a_version_that_ends_older_ones_is_not_held_though_none_of_them_was_here() -> None:
    """The peer may have one of them, and pass it on to people who may no longer see it."""
    narrower = AUTHOR.listing("offer", version=2, min_valid_version=2)
    node = Node()
    assert not node.commit(narrower)
    assert node.has(narrower)


def test_nothing_is_held_while_sets_are_compared() -> None:
    node, (one,) = Node(pair=Pair.of()), posts(1)
    node.commits += 1
    for _ in range(MANY):
        node.spreading.note(node.commits)
    assert not node.spread.to_hold(Change(stored=(row(one),)), [item(one)], ME.id)


def test_of_too_many_posts_the_peer_is_told_at_once() -> None:
    node, many = Node(), posts(HELD_MAX + 1)
    assert not node.commit(*many)
    assert node.commit(*posts(1, OTHER))


def test_who_has_shown_a_post_of_an_author_is_told_of_the_next_by_chance_or_late() -> None:
    node, (shown, second) = Node(), posts(2)
    node.commit(shown)
    node.pair.responder.publish(shown)
    node.go_on(SOON)
    node.commit(second)
    others_are_told(node, second)
    node.go_on(SOON)
    assert not node.has(second)
    due = node.spread.due(node.pair.now)
    assert due == node.pair.now + LATE_SECONDS
    node.spread.tick(due)
    node.pair.run()
    assert node.has(second)


def test_who_has_brought_a_post_gets_those_of_the_author_from_elsewhere() -> None:
    node, (brought, second) = Node(), posts(2)
    node.pair.responder.publish(brought)
    node.pair.run()
    assert not node.commit(brought)
    node.commit(second)
    others_are_told(node, second)
    node.go_on(SOON)
    assert not node.has(second)


def test_who_gets_posts_from_elsewhere_is_told_where_few_others_are() -> None:
    node, (brought, second) = Node(), posts(2)
    node.pair.responder.publish(brought)
    node.pair.run()
    node.commit(brought)
    node.commit(second)
    node.go_on(SOON)
    assert node.has(second)


def test_who_lacked_a_post_is_told_of_the_next_ones_however_many_others_are() -> None:
    node = Node()
    for one in posts(4):
        node.commit(one)
        others_are_told(node, one)
        node.go_on(SOON)
        assert node.has(one)


def left_to_later(node: Node, shown: Record, left: Record) -> float:
    """Let the peer bring a post, and be told late of another one of its author; return when."""
    node.pair.responder.publish(shown)
    node.pair.run()
    node.commit(shown)
    node.commit(left)
    others_are_told(node, left)
    node.go_on(SOON)
    due = node.spread.due(node.pair.now)
    assert due is not None
    return due


def test_who_lacked_a_post_that_came_late_is_told_of_the_next_at_once() -> None:
    node, (shown, left, following) = Node(), posts(3)
    due = left_to_later(node, shown, left)
    node.spread.tick(due)
    node.pair.run()
    assert node.has(left)
    node.commit(following)
    others_are_told(node, following)
    node.go_on(SOON)
    assert node.has(following)


@pytest.mark.parametrize("has", [False, True])
def test_a_comparison_ends_the_wait_and_shows_who_lacked_a_post(has: bool) -> None:
    node, (shown, left, following) = Node(), posts(3)
    left_to_later(node, shown, left)
    if has:
        node.pair.responder.put([left])
        node.pair.responder.session.peer_set(Phase.CONTENT).add([item(left)], news=True, held=True)
    node.pair.wait(LIVE_COMPARE_SECONDS)
    node.pair.initiator.session.recheck(node.pair.now)
    node.pair.run()
    assert node.has(left)
    node.spread.compared()
    assert node.spread.due(node.pair.now) is None
    node.commit(following)
    others_are_told(node, following)
    node.go_on(SOON)
    assert node.has(following) is not has


def test_posts_of_other_authors_are_not_taken_to_come_from_elsewhere() -> None:
    node, (shown,), (other,) = Node(), posts(1), posts(1, OTHER)
    node.pair.responder.publish(shown)
    node.pair.run()
    node.commit(shown)
    node.commit(other)
    others_are_told(node, other)
    node.go_on(SOON)
    assert node.has(other)


def test_when_a_session_has_ended_nobody_is_taken_to_get_posts_from_elsewhere() -> None:
    node, (shown, second) = Node(), posts(2)
    node.pair.responder.publish(shown)
    node.pair.run()
    node.commit(shown, sessions=MANY + 1)
    node.commit(second, sessions=MANY)
    others_are_told(node, second)
    node.go_on(SOON)
    assert node.has(second)


def test_what_the_peer_has_shown_meanwhile_is_not_announced() -> None:
    node, (one,) = Node(), posts(1)
    node.commit(one)
    node.pair.responder.publish(one)
    node.pair.run()
    node.go_on(SOON)
    assert sum(type(frame).__name__ == "Have" for frame in node.pair.frames) == 1
