"""Sends and takes headers that nobody asked for, because the other side may hold what they supersede.

Both directions have a rate limit, since each header costs its receiver a check of a signature. One commit can take a
thousand records back from each peer, so what waits in all sessions of a node is bounded together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from weakref import WeakSet

from protocol.errors import Code, RemoteError
from protocol.limits import (
    FRAME_MAX_BYTES,
    HEADERS_IN_SESSIONS_MAX,
    HEADERS_PER_MINUTE,
    HEADERS_WAITING_LEAST,
    HEADERS_WAITING_MAX,
    MINUTE,
    RECORDS_PER_FRAME_MAX,
)
from protocol.rate import RateLimit
from protocol.records.record import Record, RecordId
from protocol.wire.frames import ENTRY_OVERHEAD, FRAME_OVERHEAD, Headers


class HeaderRoom:
    """Says how many headers may wait in one session. The sessions of a node share it; each is counted while it lives."""

    def __init__(self) -> None:
        self._sessions: WeakSet[Sized] = WeakSet()

    def share(self, headers: Sized) -> None:
        """Count the headers that wait in a session."""
        self._sessions.add(headers)

    @property
    def most_in_one(self) -> int:
        """How many headers may wait in one session: few, where very many wait in all sessions together."""
        in_all = sum(map(len, self._sessions))
        return HEADERS_WAITING_MAX if in_all < HEADERS_IN_SESSIONS_MAX else HEADERS_WAITING_LEAST


class UnsolicitedHeaders:
    """Queues the headers to send unasked, and reads those that come. The session drives it."""

    def __init__(self, room: HeaderRoom) -> None:
        room.share(self)
        self._room = room
        self._waiting: dict[RecordId, bytes] = {}
        self._sending = RateLimit(HEADERS_PER_MINUTE, MINUTE)
        self._taking = RateLimit(2 * HEADERS_PER_MINUTE, MINUTE)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, records: Iterable[Record]) -> None:
        """Have these sent without their bodies. Those for which there is no room are left to a later comparison."""
        most = self._room.most_in_one
        for record in records:
            if len(self._waiting) < most:
                self._waiting[record.id] = record.without_body().wire

    def frames(self, now: float) -> list[Headers]:
        """Return the frames that may be sent at `now`."""
        frames = []
        while self._waiting and (left := self._sending.left(now)):
            portion: list[bytes] = []
            size = FRAME_OVERHEAD
            for id_, wire in list(self._waiting.items())[: min(left, RECORDS_PER_FRAME_MAX)]:
                size += ENTRY_OVERHEAD + len(wire)
                if size > FRAME_MAX_BYTES:
                    break
                portion.append(wire)
                del self._waiting[id_]
            self._sending.spend(len(portion), now)
            frames.append(Headers(tuple(portion)))
        return frames

    def next_timer(self) -> float | None:
        """Return when more may be sent; None if nothing waits."""
        return self._sending.resets_at if self._waiting else None

    def take(self, entries: Sequence[bytes], now: float) -> list[Record]:
        """Read headers that came. RemoteError UNSOLICITED for a body that nobody asked for, and for too many headers."""
        if not self._taking.spend(len(entries), now):
            raise RemoteError(Code.UNSOLICITED, "too many headers that nobody asked for")
        records = [Record.parse(entry) for entry in entries]
        if not records or any(record.body for record in records):
            raise RemoteError(Code.UNSOLICITED, "a record that nobody asked for")
        return records
