"""Judging again what is already held, after the circle changed: what waited may be freed, what we lost is dropped.

This is where revoking, blocking and narrowing reach the copies: a record that its author's consent no longer reaches
us with is deleted, on positive evidence only. Its newest header stays as a tombstone, so that nothing comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from meshnode.replica.access import Access, AccessKey, AccessPolicy, access_key, as_asked_by
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Row, Store
from protocol import Kind, PersonId, RecordId

_IN_PLACE = (RecordState.LIVE, RecordState.SUSPENDED)
_ABOUT_NOBODY = frozenset({Kind.LISTING, Kind.LETTER})  # they do not say who stands how to whom


@dataclass(slots=True)
class Reevaluation:
    """What judging again changed: ids `released` for use, records `gone`, and whose part of the circle moved."""

    released: list[RecordId] = field(default_factory=list)
    dropped: list[Row] = field(default_factory=list)
    people: set[PersonId] = field(default_factory=set)


class Reevaluator:
    """Frees and drops for the person `me`. It keeps the questions that held records pose, not the records."""

    def __init__(self, store: Store, trust_state: TrustState, access: AccessPolicy, me: PersonId) -> None:
        self._store = store
        self._trust_state = trust_state
        self._access = access
        self._me = me
        self._questions: set[AccessKey] | None = None
        self._moved = StandingTracker(trust_state, me)

    def note(self, asked: Iterable[AccessKey]) -> None:
        """Records that pose these questions are about to be held."""
        if self._questions is not None:
            self._questions.update(as_asked_by(self._me, one) for one in asked)

    def forget(self) -> None:
        """What was noted may have been taken back: read the questions anew when next asked."""
        self._questions = None
        self._moved.forget()

    def reevaluate(
        self, people: Collection[PersonId], now: int, *, waited_for: Collection[PersonId] = ()
    ) -> Reevaluation:
        """Free what waited and drop what we may no longer have, until neither changes anything. In a transaction.

        `people` are those whose part of the circle has just changed; `waited_for` those of whom a policy was suspended
        for so long that it has now gone. A freed policy can free more, a dropped one can
        only take away, and nothing dropped comes back by itself: so this ends, at the latest when nothing is left.
        """
        settled = Reevaluation()
        while True:
            released, ended = self._free(now)
            moved = _people_affected([*released, *ended])
            self._trust_state.refresh(self._store, moved)  # a freed join or policy may be what keeps its author here
            dropped = self._drop({*people, *moved}, waited_for, now)
            settled.released += [row.id for row in released]
            settled.dropped += [*ended, *dropped]
            lost = _people_affected(dropped)
            self._trust_state.refresh(self._store, lost)
            people = moved | lost
            settled.people |= people
            if not people:
                return settled

    # --- what waited -------------------------------------------------------------------------------------------------

    def _free(self, now: int) -> tuple[list[Row], list[Row]]:
        """The records that wait no longer; and those that they took out of use, or that waited in vain.

        The latter count as gone, or nobody would show them again: with more of the web known they may be for us.
        """
        released: list[Row] = []
        ended: list[Row] = []
        for row in list(self._store.records.rows(states=(RecordState.PENDING,))):
            state = self._state_for(row, now)
            if state is None:
                self._store.records.delete([row.id])
                ended.append(row)
            elif state is not RecordState.PENDING:
                ended += self._release(row, state)
                released.append(row)
                self.note((access_key(row),))
        return released, ended

    def _state_for(self, row: Row, now: int) -> RecordState | None:
        """What becomes of a record that waits; None if it is of no use to anybody."""
        if self._trust_state.revoked(row.author, row.device):
            return None
        if not self._trust_state.certified(row.author, row.device):
            return RecordState.PENDING
        if row.complete:
            if row.kind == Kind.POLICY:
                return RecordState.LIVE
            answer = self._access.may_have(self._me, row, now)
            if answer is not Access.DENY:
                return RecordState.LIVE if answer is Access.ALLOW else RecordState.PENDING
        # All that is left for us is what the header says of an older version.
        return RecordState.HEADER if self._store.records.newest((row.author, row.kind, row.slot)) else None

    def _release(self, row: Row, state: RecordState) -> list[Row]:
        """Let a record that waited take its place in its register. Returns what it took out of use, if anything."""
        records = self._store.records
        register = (row.author, row.kind, row.slot)
        head, used, new = records.newest(register), records.current(register), records.get(row.id)
        if head is not None and new is not None and head.rank[:2] == new.rank[:2]:
            records.note_fork(head, new)
        before = records.rows_of([used.id]) if used is not None else []
        records.set_state([row.id], state)
        after = records.rows_of([used.id]) if used is not None else []
        return [old for old in before if not any(same.state == old.state for same in after)]

    # --- what we lost ------------------------------------------------------------------------------------------------

    def _drop(self, people: Collection[PersonId], waited_for: Collection[PersonId], now: int) -> list[Row]:
        """Drop the bodies of what the one rule, asked anew, says no to; each question is asked once."""
        silent = {person for person in people if self._silent(person, now)}
        silent |= {person for person in waited_for if person != self._me and self._trust_state.policy(person) is None}
        dropped = [
            row
            for author in sorted(silent | self._authors_lost())
            for row in self._store.records.rows(author=author, states=_IN_PLACE)
            if not self._keeps(row, silent=author in silent)
        ]
        self._store.records.drop_bodies([row.id for row in dropped])
        return dropped

    def _keeps(self, row: Row, *, silent: bool) -> bool:
        if row.author == self._me:
            return True
        if row.kind == Kind.DEVICE:
            # Without his keys we could neither reach whom we vouch for nor hear that his mind has changed.
            silent = False
            if self._trust_state.graph.weight(self._me, row.author) > 0:
                return True
        return not silent and self._access.decide(self._me, access_key(row)) is not Access.DENY

    def _authors_lost(self) -> set[PersonId]:
        """Whose records hold one at least that we may not have any more."""
        if self._questions is None:
            rows = self._store.records.rows(states=_IN_PLACE)
            self._questions = {as_asked_by(self._me, access_key(row)) for row in rows if row.author != self._me}
        moved = self._moved.since_last()
        again = [asked for asked in self._questions if moved is None or asked[1] in moved]
        lost = {asked for asked in again if self._access.decide(self._me, asked) is Access.DENY}
        self._questions -= lost
        return {author for _, author, *_ in lost}

    def _silent(self, person: PersonId, now: int) -> bool:
        """Whether we know of a policy that we may not read, for so long that the older one is gone."""
        if person == self._me or self._trust_state.has_policy(person):
            return False
        headers = self._store.records.rows(kinds=(Kind.POLICY,), author=person, states=(RecordState.HEADER,))
        return any(row.expires > now for row in headers)


def _people_affected(rows: Iterable[Row]) -> set[PersonId]:
    """Those whose part of the circle these records are."""
    return {row.author for row in rows if row.kind not in _ABOUT_NOBODY}
