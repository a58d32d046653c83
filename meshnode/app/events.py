"""Numbers events that say which part of the node has changed, so that readers know what to read again.

An event names a kind, and by their ids the things that changed, and nothing more. A reader asks for the changed data as
always, so that no event can show what its reader may no longer see, and many changes at once make one event. Only the latest events are kept: a reader who was away
for longer gets a reset, and reads everything again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec import Struct

from meshnode.app.catalog.ids import listing_id
from meshnode.replica.changes import Change
from meshnode.store import RecordState
from protocol import Kind, person_text

LISTINGS, PEOPLE, GROUPS, EXCHANGES, ALERTS = "listings", "people", "groups", "exchanges", "alerts"
PEERS, STATUS = "peers", "status"
RESET = "reset"
KINDS = (LISTINGS, PEOPLE, GROUPS, EXCHANGES, ALERTS, PEERS, STATUS)
SUBJECTS_MAX = 50  # ids in one event; a reader of more is quicker if it reads everything again
REMEMBERED = 256  # events kept for readers who come back; a reader who missed more gets a reset

_OF_RECORDS = {
    Kind.DEVICE: PEOPLE,
    Kind.POLICY: PEOPLE,
    Kind.PROFILE: PEOPLE,
    Kind.JOIN: GROUPS,
    Kind.LISTING: LISTINGS,
    Kind.LETTER: EXCHANGES,
}


class EventView(Struct, frozen=True):
    """Something changed: `kind` says what to read again, `at` when this node noticed it (UNIX seconds).

    `kind` is `listings`, `people`, `groups`, `exchanges`, `alerts` (a watch has found something), `peers`, `status`, or
    `reset`: events were missed, read everything again. `id` resumes the stream after this event.

    `subjects` are the ids of what has changed: of the listings; for `people` and `peers` of the people, for `groups` of
    those whose memberships have changed, for `exchanges` of those who have written. Null: unknown or many, read all.
    """

    id: str
    kind: str
    at: int
    subjects: tuple[str, ...] | None


Subjects = Mapping[str, frozenset[str] | None]
"""By kind of event, the ids of what has changed; None: unknown, or too many."""


def subjects_of(change: Change) -> Subjects:
    """Return what to read again after a commit. A change of trust changes which listings are visible as well."""
    found: dict[str, set[str]] = {}
    for row in (*(row for row in change.stored if row.state == RecordState.LIVE), *change.ended):
        kind = _OF_RECORDS[Kind(row.kind)]
        subject = listing_id(row.author, row.slot) if kind == LISTINGS else person_text(row.author)
        found.setdefault(kind, set()).add(subject)
    if change.people:
        found.setdefault(PEOPLE, set()).update(person_text(person) for person in change.people)
    if change.exchanges:
        found.setdefault(EXCHANGES, set()).update(person_text(person) for person in change.exchanges)
    every: dict[str, frozenset[str] | None] = {LISTINGS: None, PEOPLE: None} if change.trust else {}
    if change.asked:  # about a new device
        every[STATUS] = None
    return merged({kind: frozenset(subjects) for kind, subjects in found.items()}, every)


def merged(one: Subjects, other: Subjects) -> Subjects:
    """Return what both say has changed."""
    found = dict(one)
    for kind, subjects in other.items():
        before = found.get(kind, frozenset())
        both = None if before is None or subjects is None else before | subjects
        found[kind] = None if both is not None and len(both) > SUBJECTS_MAX else both
    return {kind: None if each is not None and len(each) > SUBJECTS_MAX else each for kind, each in found.items()}


class Journal:
    """Keeps the latest events of one run of the node. `run` is in every id, and tells them from those of other runs."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._events: deque[EventView] = deque(maxlen=REMEMBERED)
        self.newest = 0
        """The number of the latest event; 0 before the first."""

    def add(self, changed: Subjects, now: int) -> None:
        """Add an event for each of these kinds, at `now` (UNIX seconds)."""
        for kind in sorted(changed, key=KINDS.index):
            subjects = changed[kind]
            self.newest += 1
            named = None if subjects is None else tuple(sorted(subjects))
            self._events.append(EventView(self.id_of(self.newest), kind, now, named))

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
            return EventView(self.id_of(self.newest), RESET, now, None)
        return self._events[number + 1 - oldest]
