"""What one peer may have, kept current while a session with it lasts: filter first, then sync.

A view is computed from the judge's answers about that one peer and nothing else. Whatever is not in it does not exist
for the session: it is in no fingerprint, count or bound. Beside what the peer may have, a view holds what the peer is
known to hold or to have refused, so that both sides come to equal sets even where their knowledge differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from meshnode.app.changes import Change
from meshnode.app.judge import Answer, Answers, Judge, Question, question
from meshnode.clock import Clock
from meshnode.store import Row, State, Store
from protocol import Item, PersonId, Phase, Record, RecordId, phase_of


@dataclass(slots=True)
class Delta:
    """How a view moved: items that came and went per phase, and newer headers to be shown for what went."""

    added: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.REST: []})
    removed: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.REST: []})
    headers: list[Record] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.headers or any(self.added.values()) or any(self.removed.values()))


@dataclass(slots=True)
class _Entry:
    """One item of the view, and why it is there."""

    created: int
    kind: int
    author: PersonId
    slot: bytes
    held: bool  # the peer is known to hold it or to have refused it

    @property
    def phase(self) -> Phase:
        return phase_of(self.kind)


class View:
    """The records of this node as the person `peer` may know them."""

    def __init__(self, store: Store, judge: Judge, clock: Clock, peer: PersonId) -> None:
        self._store = store
        self._judge = judge
        self._clock = clock
        self._peer = peer
        self._answers: dict[Question, bool] = {}
        self._consent = Answers(judge, peer)
        self._entries: dict[RecordId, _Entry] = {}
        for row in store.records.rows(states=(State.LIVE,)):
            self._consider(row)

    def items(self, phase: Phase) -> list[Item]:
        """The items of `phase`, in no particular order."""
        return [(entry.created, id_) for id_, entry in self._entries.items() if entry.phase is phase]

    def note_held(self, records: Iterable[Record]) -> None:
        """Take into the view what the peer has shown that it holds; the session has noticed that by itself."""
        for record in records:
            if record.header_only:
                continue
            header = record.header
            entry = self._entries.get(record.id)
            if entry is None:
                entry = _Entry(header.created, header.kind, header.author, header.slot, held=True)
                self._entries[record.id] = entry
            entry.held = True

    def apply(self, change: Change) -> Delta:
        """Follow a commit: what came, what went, and, where trust moved, whatever is now judged otherwise."""
        delta = Delta()
        gone: dict[RecordId, _Entry] = {}
        for id_ in change.gone:
            self._remove(id_, delta, gone)
        if change.trust or change.people:
            self._judge_anew(delta, gone)
        now = self._clock.now()
        for row in self._store.records.rows_of([id_ for id_ in change.stored if id_ not in self._entries]):
            if row.state == State.LIVE and row.expires > now:
                self._add(row, delta)
        delta.headers = self._headers_for(gone)
        return delta

    def supply(self, ids: Sequence[RecordId]) -> list[Record]:
        """The wanted records, consent checked again now; where it ended, the newer header alone if there is one."""
        now = self._clock.now()
        self._consent.keep_up()
        allowed = {
            row.id
            for row in self._store.records.rows_of(ids)
            if row.state == State.LIVE and self._consent.may_have(row, now) is Answer.YES
        }
        supplied = self._store.records.get_many([id_ for id_ in ids if id_ in allowed])
        withheld = {id_: entry for id_ in ids if id_ not in allowed and (entry := self._entries.get(id_))}
        return [*supplied, *self._headers_for(withheld)]

    # --- inside ----------------------------------------------------------------------------------------------------

    def _allowed(self, row: Row) -> bool:
        asked = question(row)
        allowed = self._answers.get(asked)
        if allowed is None:
            allowed = self._answers[asked] = self._judge.answer(self._peer, asked) is Answer.YES
        return allowed

    def _consider(self, row: Row) -> bool:
        if row.id in self._entries or not self._allowed(row):
            return False
        self._entries[row.id] = _Entry(row.created, row.kind, row.author, row.slot, held=row.author == self._peer)
        return True

    def _add(self, row: Row, delta: Delta) -> None:
        if self._consider(row):
            entry = self._entries[row.id]
            delta.added[entry.phase].append((entry.created, row.id))

    def _remove(self, id_: RecordId, delta: Delta, gone: dict[RecordId, _Entry]) -> None:
        entry = self._entries.pop(id_, None)
        if entry is not None:
            delta.removed[entry.phase].append((entry.created, id_))
            gone[id_] = entry

    def _judge_anew(self, delta: Delta, gone: dict[RecordId, _Entry]) -> None:
        """Ask every question again; read the rows of those authors only about whom an answer changed."""
        moved: set[PersonId] = set()
        for asked, before in self._answers.items():
            now = self._judge.answer(self._peer, asked) is Answer.YES
            if now is not before:
                self._answers[asked] = now
                moved.add(asked[1])
        for id_, entry in list(self._entries.items()):
            if entry.author in moved and not entry.held:
                row = next(iter(self._store.records.rows_of([id_])), None)
                if row is None or not self._allowed(row):
                    self._remove(id_, delta, gone)
        for author in sorted(moved):
            for row in self._store.records.rows(author=author, states=(State.LIVE,)):
                self._add(row, delta)

    def _headers_for(self, gone: dict[RecordId, _Entry]) -> list[Record]:
        """The newest header of every register an item of which went, if it is newer and not shown whole anyway."""
        headers: dict[RecordId, Record] = {}
        for id_, entry in gone.items():
            head = self._store.records.head((entry.author, entry.kind, entry.slot))
            if head is not None and head.id != id_ and head.id not in self._entries:
                headers[head.id] = head.without_body()
        return list(headers.values())
