"""What one peer may have, kept current while a session with it lasts: filter first, then sync.

A view is computed from the judge's answers about that one peer and nothing else. Whatever is not in it does not exist
for the session: it is in no fingerprint, count or bound. The session itself adds what the peer has shown, so that both
sides come to equal sets even where their knowledge differs.

A view holds answers, not records: all records that pose one question stand and fall together, so what moves with a
question is read from the store when it moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessCache, AccessKey, AccessPolicy, access_key
from meshnode.replica.changes import Change, Superseding
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.store import RecordState, Row, Store
from protocol import Kind, PersonId, Record, RecordId, Register, device_slot, limits
from protocol.session import Phase, phase_of
from protocol.wire import Item

_KINDS = {phase: frozenset(kind for kind in Kind if phase_of(kind) is phase) for phase in Phase}
_QUESTIONS_SPARE = 1000  # of records long gone; beyond as many as were asked at first, the view is asked anew


@dataclass(slots=True)
class Delta:
    """How a view moved: items that came and went per phase, and newer headers to be shown for what went."""

    added: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.CONTENT: []})
    removed: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.CONTENT: []})
    newer: list[Superseding] = field(default_factory=list)


class ServedSet:
    """The records of this node as the person `peer`, who is not us, may know them.

    With `shut`, nothing: for somebody who left the web and is only told which of his copies are superseded.
    """

    def __init__(
        self, store: Store, access: AccessPolicy, clock: Clock, me: PersonId, peer: PersonId, *, shut: bool = False
    ) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._me = me
        self._peer = peer
        self.shut = shut
        self._consent = AccessCache(access, peer)
        self._answers: dict[AccessKey, bool] = {}  # as the session has been told
        self._taken_back: set[RecordId] = (
            set()
        )  # was in the view and is not for the peer any more; it may hold it still
        self._lent: set[RecordId] = set()  # certificates shown because a header needs them
        self._refused: dict[RecordId, tuple[Item, int, AccessKey]] = {}
        self._refused_lately: set[RecordId] = set()
        self._moved = StandingTracker(access.trust_state, peer)
        self._moved_for_me = StandingTracker(access.trust_state, me)
        self._asked_at_first = 0
        self._heard: set[RecordId] = set()

    def items(self, phase: Phase) -> list[Item]:
        """The items of `phase`, in no particular order."""
        self._consent.keep_up()
        now = self._clock.now()
        items = [
            (row.created, row.id)
            for row in self._store.records.rows(kinds=_KINDS[phase], states=(RecordState.LIVE,))
            if self._allowed(row) and row.expires > now
        ]
        self._asked_at_first = len(self._answers)
        return items

    def note_refused(self, records: Iterable[tuple[Record, AccessKey]]) -> None:
        """The peer has shown what we may not have, and so will not show it again, until that changes."""
        for record, asked in records:
            header = record.header
            if len(self._refused) < limits.REFUSED_REMEMBERED:
                self._refused[record.id] = ((header.created, record.id), header.kind, asked)
                self._refused_lately.add(record.id)

    @contextmanager
    def hearing(self, records: Iterable[Record]) -> Iterator[None]:
        """While these are taken in, which the peer has just shown: that they are here now is no news to it."""
        self._heard = {record.id for record in records}
        try:
            yield
        finally:
            self._heard = set()

    def apply(self, change: Change, *, shut: bool = False) -> Delta:
        """Follow a commit: what came, what went, and, where trust moved, whatever is now judged otherwise."""
        self._consent.keep_up()
        delta = Delta()
        ended: dict[Register, Row] = {}  # what the peer may hold and should not use any more
        for row in change.ended:
            delta.removed[phase_of(row.kind)].append((row.created, row.id))
            if row.state == RecordState.PENDING:
                continue  # unproved: it ends nobody's use of anything
            if self._answers.get(access_key(row)) or row.id in self._taken_back or row.id in self._lent:
                self._taken_back.discard(row.id)
                ended[row.author, row.kind, row.slot] = row
        if shut is not self.shut:
            self.shut = shut
            self._moved.forget()
            silenced = self._judge_anew(delta)
        elif change.trust or change.people:
            silenced = self._judge_anew(delta)
        else:
            silenced = set()
        now = self._clock.now()
        for row in change.stored:
            if row.state == RecordState.PENDING:
                continue
            allowed = self._allowed(row)  # remembered for a header too: when it ends, its register may need a newer one
            if allowed and row.state == RecordState.LIVE and row.expires > now and row.id not in self._heard:
                delta.added[phase_of(row.kind)].append((row.created, row.id))
        delta.newer = [*self._newer(ended), *self._other_words(silenced)]
        return delta

    def other_words(self, shown: Iterable[Record]) -> list[Superseding]:
        """What people have said on other devices, of whom the peer has shown a policy that is not for it any more.

        It must not take the word of one device for all there is: another may have taken back what that one gave.
        """
        self._consent.keep_up()
        policies = [record for record in shown if record.header.kind == Kind.POLICY and not record.header_only]
        rows = self._store.records.rows_of([record.id for record in policies])
        authors = {
            row.author
            for row in rows
            if row.state in {RecordState.LIVE, RecordState.SUSPENDED} and not self._allowed(row)
        }
        known = {record.id for record in policies}
        return [newer for newer in self._other_words(authors) if newer.newest.id not in known]

    def _other_words(self, authors: Iterable[PersonId]) -> list[Superseding]:
        """The headers of all policies of these people that are not for the peer and that it does not hold already."""
        found = []
        for author in sorted(authors):
            for row in self._store.records.rows(
                kinds=(Kind.POLICY,), author=author, states=(RecordState.LIVE, RecordState.HEADER)
            ):
                head = self._store.records.get(row.id)
                if head is not None and row.id not in self._taken_back and not (head.body and self._allowed(row)):
                    found.append(Superseding(head, b""))
        return found

    def supply(self, ids: Sequence[RecordId]) -> tuple[list[Record], list[Superseding]]:
        """The wanted records, consent checked again now; where it ended, what is newer if there is something."""
        self._consent.keep_up()
        now = self._clock.now()
        rows = self._store.records.rows_of(ids)
        given = {row.id for row in rows if row.state == RecordState.LIVE and row.expires > now and self._consents(row)}
        # What is held may bear the name of somebody who had no hand in it: it must not draw his header out.
        proved = [row for row in rows if row.id not in given and row.state != RecordState.PENDING]
        newer = self._newer({(row.author, row.kind, row.slot): row for row in proved})
        return self._store.records.get_many([row.id for row in rows if row.id in given]), newer

    def lend_certificates(self, newer: Iterable[Superseding]) -> list[Item]:
        """Certificates of devices that took over from others, where the peer would not get them otherwise.

        A header from a device that it has not met would prove nothing to it.
        """
        heads = [head.header for head, device in newer if head.header.device != device]
        slots = {(header.author, device_slot(header.device)) for header in heads}
        used = [self._store.records.used((author, Kind.DEVICE, slot)) for author, slot in sorted(slots)]
        rows = self._store.records.rows_of([record.id for record in used if record is not None])
        lent = [row for row in rows if row.state == RecordState.LIVE and not self._allowed(row)]
        self._lent.update(row.id for row in lent)
        return [(row.created, row.id) for row in lent]

    # --- inside ----------------------------------------------------------------------------------------------------

    def _ask(self, asked: AccessKey) -> bool:
        return not self.shut and self._consent[asked] is Access.YES

    def _allowed(self, row: Row) -> bool:
        asked = access_key(row)
        allowed = self._answers.get(asked)
        if allowed is None:
            allowed = self._answers[asked] = self._ask(asked)
        return allowed

    def _consents(self, row: Row) -> bool:
        return row.id in self._lent or self._ask(access_key(row))

    def _judge_anew(self, delta: Delta) -> set[PersonId]:
        """Ask again about everybody whose standing moved; read the records of those alone about whom an answer changed.

        Returns whose policies, or some of them, were for the peer and are no more.
        """
        silenced: set[PersonId] = set()
        before = self._answers
        if len(before) > 2 * self._asked_at_first + _QUESTIONS_SPARE:
            before = {access_key(row): before.get(access_key(row), False) for row in self._store.records.rows()}
            self._asked_at_first = len(before)
        moved = self._moved.since_last()
        self._answers = {
            asked: self._ask(asked) if moved is None or asked[1] in moved else allowed
            for asked, allowed in before.items()
        }
        now = self._clock.now()
        for author in sorted({asked[1] for asked, allowed in self._answers.items() if allowed is not before[asked]}):
            for row in self._store.records.rows(author=author, states=(RecordState.LIVE,)):
                asked = access_key(row)
                allowed, was_allowed = self._allowed(row), before.get(asked, False)
                if allowed is was_allowed or row.expires <= now:
                    continue
                (delta.added if allowed else delta.removed)[phase_of(row.kind)].append((row.created, row.id))
                (self._taken_back.discard if allowed else self._taken_back.add)(row.id)
                if not allowed and row.kind == Kind.POLICY:
                    silenced.add(author)
        self._recall_refused(delta)
        return silenced

    def _recall_refused(self, delta: Delta) -> None:
        """Let the peer show again what may be for us now. What was refused lately may have been judged before a commit."""
        if not self._refused:
            return
        moved, lately = self._moved_for_me.since_last(), self._refused_lately
        self._refused_lately = set()
        for id_, (item, kind, asked) in list(self._refused.items()):
            unsure = moved is None or asked[1] in moved or id_ in lately
            if unsure and self._access.answer(self._me, asked) is not Access.NO:
                delta.removed[phase_of(kind)].append(item)
                del self._refused[id_]

    def _newer(self, ended: Mapping[Register, Row]) -> list[Superseding]:
        """What supersedes these, where the peer does not get the whole record anyway."""
        found = []
        for register, row in sorted(ended.items()):
            head = self._store.records.head(register)
            if head is not None and head.id != row.id:
                found.append(Superseding(head, row.device))
        if not found:
            return []
        rows = self._store.records.rows_of([newer.newest.id for newer in found])
        whole = {row.id for row in rows if row.state == RecordState.LIVE and self._allowed(row)}
        return [newer for newer in found if newer.newest.id not in whole]
