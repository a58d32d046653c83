"""No news is lost, however commits, comparisons, answers and full buffers interleave: no later comparison is needed.

Two sessions write, take back and give freely while frames are under way, while they compare, and while their nodes take
their time with what has come. As soon as both are quiet, each has all that the other may give it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from protocol import Record, RecordId
from protocol.limits import LIVE_COMPARE_SECONDS, RECHECK_SECONDS
from protocol.session import Event, Phase, SessionState, phase_of
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item

ALICE, BOB = Person("Alice"), Person("Bob")
OTHERS = [Person(f"Author {number}") for number in range(40)]
LISTINGS = [OTHERS[0].listing(f"offer {number}", now=NOW + number) for number in range(400)]
RECORDS = [*(person.certificate() for person in OTHERS), *LISTINGS]
STEPS = 1200
ROUNDS = 3
MOST_STEPS = 5000  # until both are quiet
STEP_SECONDS = 0.01


@dataclass
class SlowSide(Side):
    """A node that handles what its session asks of it when it gets to it."""

    waiting: deque[Event] = field(default_factory=deque)
    superseded: set[RecordId] = field(default_factory=set)
    """What it has deleted since there is a newer version, and takes no longer."""

    def handle(self, events: Iterable[Event]) -> None:
        self.waiting.extend(events)

    def work(self) -> None:
        """Handle the oldest event."""
        if self.waiting:
            super().handle([self.waiting.popleft()])

    def take(self, records: list[Record]) -> None:
        for record in records:
            if record.id not in self.refused and record.id not in self.superseded:
                self.store[record.id] = record
        self.session.committed()
        for record in records:  # as a node does whose set follows its own commit
            if record.id in self.store and record.id not in self.hidden:
                self.session.update(phase_of(record.header.kind), [item(record)], [])

    def lose(self, record: Record) -> None:
        """Delete a record: a newer one has come."""
        self.superseded.add(record.id)
        if self.store.pop(record.id, None) is not None:
            self.session.update(phase_of(record.header.kind), [], [item(record)])

    def hide(self, record: Record) -> None:
        """Let the other side have it no longer."""
        if record.id in self.store and record.id not in self.hidden:
            self.hidden.add(record.id)
            self.session.update(phase_of(record.header.kind), [], [item(record)])

    def show(self, record: Record) -> None:
        """Let the other side have it again."""
        if record.id in self.hidden:
            self.hidden.discard(record.id)
            self.session.update(phase_of(record.header.kind), [item(record)], [])


@dataclass
class Play:
    """Two sides, the frames on their way, and the chance by which things happen."""

    chance: random.Random
    busy: float
    """How likely it is that something new happens between two steps of those that carry on."""
    pair: Pair = field(init=False)
    under_way: dict[bool, deque[bytes]] = field(default_factory=lambda: {True: deque(), False: deque()})
    new: list[Record] = field(default_factory=lambda: list(RECORDS))

    def __post_init__(self) -> None:
        one, other = SlowSide(ALICE), SlowSide(BOB)
        self.chance.shuffle(self.new)
        for side in (one, other):
            side.put(self.chance.sample(self.new, 20))
            side.refused = {record.id for record in self.chance.sample(RECORDS, 10)}
        self.new = [record for record in self.new if record.id not in one.store and record.id not in other.store]
        for side in (one, other):
            side.refused -= side.store.keys()
        self.pair = Pair.of(one, other)
        self.sides: tuple[SlowSide, SlowSide] = (one, other)

    def compare_again(self) -> None:
        """Let the initiator begin another comparison."""
        self.pair.now += LIVE_COMPARE_SECONDS
        self.pair.initiator.session.recheck(self.pair.now)

    def run(self) -> None:
        """Let things happen, then carry on until all is quiet."""
        for step in range(MOST_STEPS):
            if step < STEPS and self.chance.random() < self.busy and self._admitted:
                self._happen()
            elif step >= STEPS and not self._is_under_way():
                return
            self.pair.now += STEP_SECONDS
            self._carry_on()
        raise AssertionError("they never fall silent")

    @property
    def _admitted(self) -> bool:
        return all(side.session._admission is not None for side in self.sides)

    def _happen(self) -> None:
        side = self.chance.choice(self.sides)
        held = [side.store[one] for one in sorted(side.store)]
        what = self.chance.choice(("new", "new", "new", "edit", "hide", "show", "ask", "ask"))
        if what in ("new", "edit") and self.new:
            if what == "edit" and held:
                side.lose(self.chance.choice(held))
            record = self.new.pop()
            side.refused.discard(record.id)
            side.publish(record)
        elif what == "hide" and held:
            side.hide(self.chance.choice(held))
        elif what == "show" and side.hidden:
            shown = self.chance.choice(sorted(side.hidden & side.store.keys()) or [b""])
            if shown:
                side.show(side.store[shown])
        elif what == "ask" and side.refused:
            wanted = self.chance.choice(sorted(side.refused))
            side.ask_again(next(record for record in RECORDS if record.id == wanted))

    def _carry_on(self) -> None:
        number = self.chance.randrange(2)
        side = self.sides[number]
        what = self.chance.choice(("send", "send", "take", "take", "work", "tick"))
        if what == "send":
            frames = side.session.frames_to_send()
            self.under_way[number == 0].extend(frames)
            self.pair.log += [(">" if number == 0 else "<", frame) for frame in frames]
        elif what == "take":
            frames_here = self.under_way[number == 1]
            some = [frames_here.popleft() for _ in range(self.chance.randint(0, len(frames_here)))]
            if some:
                side.handle(side.session.receive_many(some, self.pair.now))
        elif what == "work":
            side.work()
        else:
            timer = side.session.next_timer()
            if timer is not None and timer <= self.pair.now:
                side.handle(side.session.tick(self.pair.now))

    def lacking(self) -> list[str]:
        """Return whom how many records are lacking that the other side may give, in words."""
        found = []
        for side, other in (self.sides, self.sides[::-1]):
            given = side.store.keys() - side.hidden
            lacking = given - other.store.keys() - other.refused - other.superseded
            if lacking:
                found.append(f"{len(lacking)} records that {side.person.name} has are not with {other.person.name}")
        return found

    def _is_under_way(self) -> bool:
        return (
            any(self.under_way.values())
            or any(side.waiting or not side.session.idle for side in self.sides)
            or any(
                side.session._admitted.announcer._peer_sets[phase].has_news for side in self.sides for phase in Phase
            )
        )


@pytest.mark.parametrize("busy", [0.05, 0.15, 0.5])
@pytest.mark.parametrize("seed", range(20))
def test_when_both_are_quiet_each_has_all_that_the_other_may_give(seed: int, busy: float) -> None:
    play = Play(random.Random(f"{seed}/{busy}"), busy)
    for _ in range(ROUNDS):
        play.run()
        assert play.lacking() == []
        play.compare_again()
    assert play.pair.now < RECHECK_SECONDS


@dataclass
class SideOfTwoMinds(Side):
    """A node that refuses records, and changes its mind as soon as it has."""

    asked_while: list[SessionState] = field(default_factory=list)

    def take(self, records: list[Record]) -> None:
        super().take(records)
        for record in records:
            if record.id in self.refused:
                self.asked_while.append(self.session.state)
                self.ask_again(record)


def test_what_is_asked_for_again_in_the_middle_of_a_comparison_comes() -> None:
    alice, bob = SideOfTwoMinds(ALICE), Side(BOB)
    known, fresh = (person.certificate() for person in OTHERS[:2])
    bob.put([known])
    pair = Pair.of(alice, bob).run().wait(2 * LIVE_COMPARE_SECONDS)
    alice.session.update(Phase.GRAPH, [], [item(known)])  # so that there is something to find out
    alice.refused = {fresh.id}
    bob.publish(fresh)
    announcement = bob.session.frames_to_send()
    alice.session.recheck(pair.now)
    alice.handle(alice.session.receive_many(announcement, pair.now))
    pair.run()
    assert alice.asked_while == [SessionState.EXCHANGING]
    assert fresh.id in alice.store
