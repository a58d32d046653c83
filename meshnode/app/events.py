"""Numbers events that say which part of the node has changed, so that readers know what to read again.

An event names a kind and nothing more. A reader asks for the changed data as always, so that no event can show what its
reader may no longer see, and many changes at once make one event. Only the latest events are kept: a reader who was away
for longer gets a reset, and reads everything again.
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
REMEMBERED = 256  # events kept for readers who come back; a reader who missed more gets a reset

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
    """Something changed: `kind` says what to read again, `at` when this node noticed it (UNIX seconds).

    `kind` is `listings`, `people`, `groups`, `exchanges`, `alerts` (a watch has found something), `peers`, `status`, or
    `reset`: events were missed, read everything again. `id` resumes the stream after this event.
    """

    id: str
    kind: str
    at: int


def kinds_of(change: Change) -> frozenset[str]:
    """Return what to read again after a commit. A change of trust changes which listings are visible as well."""
    numbers = {row.kind for row in change.stored if row.state == RecordState.LIVE} | {row.kind for row in change.ended}
    found = {_OF_RECORDS[Kind(number)] for number in numbers}
    if change.trust:
        found |= {PEOPLE, LISTINGS}
    if change.exchanges:
        found.add(EXCHANGES)
    if change.people:
        found.add(PEOPLE)
    return frozenset(found)


class Journal:
    """Keeps the latest events of one run of the node. `run` is in every id, and tells them from those of other runs."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._events: deque[EventView] = deque(maxlen=REMEMBERED)
        self.newest = 0
        """The number of the latest event; 0 before the first."""

    def add(self, kinds: Iterable[str], now: int) -> None:
        """Add an event for each of these kinds, at `now` (UNIX seconds)."""
        for kind in sorted(kinds, key=KINDS.index):
            self.newest += 1
            self._events.append(EventView(self.id_of(self.newest), kind, now))

    def id_of(self, number: int) -> str:
        """Return the id of the event with this number."""
        return f"{self._run}.{number}"

    def number_of(self, event_id: str) -> int | None:
        """Return the number in an id of this run; None for an id of another run, and for what is not an id."""
        run, _, number = event_id.rpartition(".")
        if run != self._run or not number.isascii() or not number.isdigit() or len(number) > len(str(self.newest)):
            return None
        return int(number) if int(number) <= self.newest else None

    def after(self, number: int | None, now: int) -> EventView | None:
        """Return the event after the one with this number: None if there is none yet, a reset if it was not kept."""
        if number == self.newest:
            return None
        oldest = self.newest - len(self._events) + 1
        if number is None or number + 1 < oldest:
            return EventView(self.id_of(self.newest), RESET, now)
        return self._events[number + 1 - oldest]
