"""Remembers from one session with a person to the next what they have shown and this node could not take.

Otherwise each session would bring the same records again, and each would be verified and refused again. It is remembered
by the person who has shown it, while the program runs, and only until the reason has gone (see `refusals`). Room for it
is shared out by introducer: a flood of records that cannot be taken pushes out only what the same account has brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from weakref import WeakSet

from msgspec import Struct, field

from meshnode.replica.refused_record import RefusedRecord
from protocol import PersonId, RecordId, limits


class _Shown(Struct):
    """The refused records of one person; `account` is the person who answers for them."""

    account: PersonId
    records: dict[RecordId, RefusedRecord] = field(default_factory=dict)


class RefusalMemory:
    """Keeps what each peer has shown and what is refused still. Used in the store thread."""

    def __init__(self) -> None:
        self._shown: dict[PersonId, _Shown] = {}
        self._counts: dict[PersonId, int] = {}  # by account
        self._sessions: WeakSet[Sized] = WeakSet()

    def __len__(self) -> int:
        return sum(self._counts.values())

    def watch(self, refused: Sized) -> None:
        """Count the refused records of a session, for as long as they live."""
        self._sessions.add(refused)

    @property
    def most_in_one_session(self) -> int:
        """How many refused records one session may remember: few, where all sessions together remember many."""
        in_all = sum(map(len, self._sessions))
        return limits.REFUSED_REMEMBERED if in_all < limits.REFUSED_IN_SESSIONS_MAX else limits.REFUSED_REMEMBERED_LEAST

    def of(self, peer: PersonId, account: PersonId) -> PeerMemory:
        """Return the part of the memory that is about `peer`, for whom `account` answers now."""
        known = self._shown.get(peer)
        if known is not None and known.account != account:
            self._count(known.account, -len(known.records))
            self._count(account, len(known.records))
            known.account = account
        return PeerMemory(self, peer, account)

    def records(self, peer: PersonId) -> list[RefusedRecord]:
        """Return what `peer` has shown and what was refused, the oldest refusal first."""
        known = self._shown.get(peer)
        return [] if known is None else list(known.records.values())

    def note(self, peer: PersonId, account: PersonId, refusal: RefusedRecord) -> None:
        """Remember a refusal; where there is no room, the largest account loses its oldest one."""
        known = self._shown.setdefault(peer, _Shown(account))
        if known.records.pop(refusal.item[1], None) is None:
            self._count(known.account, 1)
        known.records[refusal.item[1]] = refusal
        while len(self) > limits.REFUSED_KEPT_MAX:
            self._make_way(max(self._counts, key=lambda one: (self._counts[one], one == known.account)))

    def forget(self, peer: PersonId, ids: Iterable[RecordId]) -> None:
        """Forget these refusals: the reason has gone."""
        known = self._shown.get(peer)
        if known is None:
            return
        for record_id in ids:
            if known.records.pop(record_id, None) is not None:
                self._count(known.account, -1)
        if not known.records:
            del self._shown[peer]

    def _make_way(self, account: PersonId) -> None:
        shown = max(
            ((len(one.records), peer) for peer, one in self._shown.items() if one.account == account),
            default=None,
        )
        assert shown is not None
        peer = shown[1]
        self.forget(peer, [next(iter(self._shown[peer].records))])

    def _count(self, account: PersonId, more: int) -> None:
        left = self._counts.get(account, 0) + more
        if left:
            self._counts[account] = left
        else:
            self._counts.pop(account, None)


class PeerMemory(Struct, frozen=True):
    """The part of the memory that is about one peer."""

    memory: RefusalMemory
    peer: PersonId
    account: PersonId

    def records(self) -> list[RefusedRecord]:
        """Return what the peer has shown and what was refused, the oldest refusal first."""
        return self.memory.records(self.peer)

    def watch(self, refused: Sized) -> None:
        """Count the refused records of a session, for as long as they live."""
        self.memory.watch(refused)

    @property
    def most_in_one_session(self) -> int:
        """How many refused records one session may remember."""
        return self.memory.most_in_one_session

    def note(self, refusal: RefusedRecord) -> None:
        """Remember a refusal."""
        self.memory.note(self.peer, self.account, refusal)

    def forget(self, ids: Iterable[RecordId]) -> None:
        """Forget these refusals: the reason has gone."""
        self.memory.forget(self.peer, ids)
