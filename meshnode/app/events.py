"""What happened lately, in few words: which part of the node changed, numbered, for whoever wants to look again.

An event names a kind and nothing more. What changed is asked for where everything is asked for, so no event can show
what its reader may not see any more, and many changes at once make one event. Only the latest are remembered: who was
away for longer is told so, by a reset, and looks at everything anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from meshnode.replica.changes import Change
from meshnode.store import RecordState
from protocol import Kind

LISTINGS, PEOPLE, GROUPS, EXCHANGES, ALERTS = "listings", "people", "groups", "exchanges", "alerts"
PEERS, STATUS = "peers", "status"
RESET = "reset"
KINDS = (LISTINGS, PEOPLE, GROUPS, EXCHANGES, ALERTS, PEERS, STATUS)
REMEMBERED = 256  # events for those who come back; a reader so far behind starts anew

_OF_RECORDS = {
    Kind.DEVICE: PEOPLE,
    Kind.POLICY: PEOPLE,
    Kind.PROFILE: PEOPLE,
    Kind.JOIN: GROUPS,
    Kind.LISTING: LISTINGS,
    Kind.LETTER: EXCHANGES,
}


@dataclass(frozen=True, slots=True)
class EventView:
    """Something changed: `kind` says what to look at again, `at` when it was seen (UNIX seconds).

    `kind` is `listings`, `people`, `groups`, `exchanges`, `alerts` (a watch has found something), `peers`, `status`, or
    `reset`: events were missed, look at everything again. `id` resumes the stream behind this event.
    """

    id: str
    kind: str
    at: int


def kinds_of(change: Change) -> frozenset[str]:
    """What to look at again after a commit. Where trust moved, that is also what it lets through."""
    numbers = {row.kind for row in change.stored if row.state == RecordState.LIVE} | {row.kind for row in change.ended}
    found = {_OF_RECORDS[Kind(number)] for number in numbers}
    if change.trust:
        found |= {PEOPLE, LISTINGS}
    if change.people:
        found.add(PEOPLE)
    return frozenset(found)


class Journal:
    """The latest events of one run of the node. `run` tells it from other runs, whose ids say nothing here."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._events: deque[EventView] = deque(maxlen=REMEMBERED)
        self.newest = 0
        """The number of the latest event; 0 before the first."""

    def add(self, kinds: Iterable[str], now: int) -> None:
        """These kinds changed, just `now` (UNIX seconds)."""
        for kind in sorted(kinds, key=KINDS.index):
            self.newest += 1
            self._events.append(EventView(self.id_of(self.newest), kind, now))

    def id_of(self, number: int) -> str:
        """The id of the event of this number."""
        return f"{self._run}.{number}"

    def number_of(self, event_id: str) -> int | None:
        """The number in an id of this run; None where it is of another, or none at all."""
        run, _, number = event_id.rpartition(".")
        if run != self._run or not number.isascii() or not number.isdigit() or len(number) > len(str(self.newest)):
            return None
        return int(number) if int(number) <= self.newest else None

    def after(self, number: int | None, now: int) -> EventView | None:
        """The event that follows the one of this number, None if there is none yet; a reset where it is forgotten."""
        if number == self.newest:
            return None
        oldest = self.newest - len(self._events) + 1
        if number is None or number + 1 < oldest:
            return EventView(self.id_of(self.newest), RESET, now)
        return self._events[number + 1 - oldest]
