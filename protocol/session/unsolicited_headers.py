"""Headers sent unasked, because the other side may hold what they supersede: paced, since each costs it a signature check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from protocol.errors import Code, RemoteError
from protocol.limits import FRAME_MAX_BYTES, HEADERS_PER_MINUTE, HEADERS_WAITING_MAX, MINUTE, RECORDS_PER_FRAME_MAX
from protocol.records.record import Record, RecordId
from protocol.wire.frames import Headers


class _Minute:
    """Counts up to a limit within each minute; the first count begins it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._since = float("-inf")

    def left(self, now: float) -> int:
        if now >= self.ends:
            self._count, self._since = 0, now
        return self._limit - self._count

    def spend(self, count: int) -> None:
        self._count += count

    @property
    def ends(self) -> float:
        return self._since + MINUTE


class UnsolicitedHeaders:
    """Unasked headers in both directions."""

    def __init__(self) -> None:
        self._waiting: dict[RecordId, bytes] = {}
        self._sending = _Minute(HEADERS_PER_MINUTE)
        self._taking = _Minute(2 * HEADERS_PER_MINUTE)

    def add(self, records: Iterable[Record]) -> None:
        """Have these sent, their bodies left at home. Those for which there is no room are told in another session."""
        for record in records:
            if len(self._waiting) < HEADERS_WAITING_MAX:
                self._waiting[record.id] = record.without_body().wire

    def frames(self, now: float) -> list[Headers]:
        """What may be sent by now."""
        frames = []
        while self._waiting and (left := self._sending.left(now)) > 0:
            portion: list[bytes] = []
            size = 16
            for id_, wire in list(self._waiting.items())[: min(left, RECORDS_PER_FRAME_MAX)]:
                size += len(wire) + 3
                if size > FRAME_MAX_BYTES:
                    break
                portion.append(wire)
                del self._waiting[id_]
            self._sending.spend(len(portion))
            frames.append(Headers(tuple(portion)))
        return frames

    def next_timer(self) -> float | None:
        """When more may be sent."""
        return self._sending.ends if self._waiting else None

    def take(self, entries: Sequence[bytes], now: float) -> list[Record]:
        """Read what came. RemoteError UNSOLICITED for bodies that nobody asked for, and for too much of it."""
        self._taking.left(now)
        self._taking.spend(len(entries))
        if self._taking.left(now) < 0:
            raise RemoteError(Code.UNSOLICITED, "too many headers that nobody asked for")
        records = [Record.parse(entry) for entry in entries]
        if not records or any(record.body for record in records):
            raise RemoteError(Code.UNSOLICITED, "a record that nobody asked for")
        return records
