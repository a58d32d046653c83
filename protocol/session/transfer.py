"""Gives and takes records: one side offers, the other pulls a window at a time, in the order of the offers.

A Pull names nothing: both sides count. It also acknowledges what came before, since a side pulls on only when its node
has committed. The window bounds the memory of the side that pulls, the backlog that of the side that gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import (
    BACKLOG_BYTES,
    BATCH_BYTES,
    BATCH_RECORDS,
    BATCH_SECONDS,
    PULLED_MAX,
    WANTED_ITEMS,
    WINDOW_BYTES,
    WINDOW_RECORDS,
)
from protocol.records.record import Record, RecordId
from protocol.session.events import Phase, RecordsReceived, RecordsRequested, turn_of
from protocol.session.offers import OfferQueue
from protocol.session.successors import Arrival
from protocol.wire.frames import Records, pack
from protocol.wire.index import Item
from protocol.wire.marks import ItemTable

_TYPICAL_BYTES = 600  # of a record, until some have been seen
_SMALLEST_WINDOW = 64  # records that are pulled ahead even if they are as long as records may be
_PARSED_BYTES = 1200  # of memory for a record that was parsed, beside its bytes twice: measured

KindsOf: TypeAlias = Callable[[Sequence[RecordId]], Mapping[RecordId, int]]
"""Returns the kinds of those of these records that are held."""


def in_turn(phase: Phase, items: Iterable[Item], kinds_of: KindsOf) -> Iterable[Item]:
    """Return the items in the order in which the other side can use them at once; only in GRAPH it matters."""
    if phase is not Phase.GRAPH:
        return items
    offered = list(items)
    kinds = kinds_of([id_ for _, id_ in offered]) if offered else {}
    return sorted(offered, key=lambda item: turn_of(kinds.get(item[1], 0)))


class Outgoing:
    """Keeps our offers: which of them the other side has pulled, and which the node has supplied. The session drives it."""

    def __init__(self) -> None:
        self._offers = OfferQueue()
        self._granted = 0  # pulled, not yet requested of the node
        self._requested: deque[list[tuple[Phase, Item]]] = deque()
        self._entries: list[bytes | None] = []
        self._supplied_records = 0
        self._supplied_bytes = 0

    @property
    def idle(self) -> bool:
        """Whether everything offered has been answered."""
        return not self._offers and not self._requested and not self._entries

    @property
    def pullable(self) -> bool:
        """Whether something is pulled that the node has not been asked for."""
        return self._granted > 0

    def has_room(self, buffered: int) -> bool:
        """Whether the node may be asked for more, with `buffered` bytes waiting to be sent.

        One RecordsRequested at a time, until the first records have shown how large records are here.
        """
        if not self._supplied_records:
            return not self._requested and buffered < BACKLOG_BYTES
        ahead = sum(map(len, self._requested)) * self._supplied_bytes // self._supplied_records
        return buffered + ahead < BACKLOG_BYTES

    def share(self, table: ItemTable) -> None:
        """Number the offers by this table, in which the items are anyway. To be called before the first offer."""
        self._offers = OfferQueue(table)

    def offer(self, phase: Phase, items: Iterable[Item]) -> None:
        """Append items that the other side lacks to the offers; `Marks` are offered in any order."""
        self._offers.add(phase, items)

    def pulled(self, count: int) -> None:
        """Note that the other side pulls. RemoteError OUT_OF_ORDER beyond the offers, OVERSIZED too far ahead."""
        if count == 0 or self._granted + count > len(self._offers):
            raise RemoteError(Code.OUT_OF_ORDER, "a pull of what was not offered")
        self._granted += count
        if self._granted > PULLED_MAX:
            raise RemoteError(Code.OVERSIZED, "a pull too far ahead")

    def next_request(self) -> RecordsRequested | None:
        """Return the request for the next pulled records; None if nothing is pulled."""
        count = min(self._granted, WANTED_ITEMS)
        if count == 0:
            return None
        items = self._offers.take(count)
        self._granted -= count
        self._requested.append(items)
        return RecordsRequested([id_ for _, (_, id_) in items])

    def supply(
        self, records: Iterable[Record], wire_of: Callable[[Record], bytes]
    ) -> tuple[list[tuple[Phase, Item]], list[Record]]:
        """Take the node's answer to the oldest RecordsRequested. Return what it could not give, and what else it gave.

        `wire_of` returns the bytes by which a record is given. LocalError if nothing is requested.
        """
        if not self._requested:
            raise LocalError("nothing is requested")
        given = {record.id: record for record in records}
        missing = []
        for phase, item in self._requested.popleft():
            record = given.get(item[1])
            if record is None or record.body is None:
                missing.append((phase, item))
                self._entries.append(None)
            else:
                del given[item[1]]
                wire = wire_of(record)
                self._entries.append(wire)
                self._supplied_records += 1
                self._supplied_bytes += len(wire)
        return missing, list(given.values())

    def frames(self) -> list[Records]:
        """Return the frames to send now: full ones, and the last one as well if nothing is about to follow."""
        full, rest = pack(self._entries)
        if self._requested or self._granted:
            self._entries = rest
        else:
            self._entries = []
            if rest:
                full.append(tuple(rest))
        return [Records(entries) for entries in full]


class Incoming:
    """Counts the other side's offers: how many are pulled, have come, and are committed. The session drives it."""

    def __init__(self) -> None:
        self._available = 0  # offered, not yet pulled
        self._outstanding = 0  # pulled, not yet here
        self._arrived: list[Record] = []  # here, not yet given to the node
        self._bases: dict[RecordId, RecordId] = {}  # of those that could not be made whole
        self._arrived_bytes = 0
        self._arrived_at = 0.0
        self._batches: deque[tuple[int, int]] = deque()  # given to the node: how many pulled records, how much memory
        self._uncommitted = 0
        self._uncommitted_memory = 0
        self._seen_bytes = _TYPICAL_BYTES
        self._seen_records = 1

    @property
    def idle(self) -> bool:
        """Whether everything offered to us has come and is committed."""
        return not (self._available or self._outstanding or self._arrived or self._batches)

    @property
    def held(self) -> int:
        """An estimate of the memory, in bytes, of the records that have come and are not committed."""
        return _memory(len(self._arrived), self._arrived_bytes) + self._uncommitted_memory

    def expect(self, count: int) -> None:
        """Note that the other side offers `count` more."""
        self._available += count

    def to_pull(self) -> int:
        """Return how many to pull now, and count them as pulled. Small pulls wait until a quarter of the window is free."""
        window = max(_SMALLEST_WINDOW, min(WINDOW_RECORDS, WINDOW_BYTES * self._seen_records // self._seen_bytes))
        free = window - self._outstanding - len(self._arrived) - self._uncommitted
        if free < min(self._available, window // 4):
            return 0
        count = min(free, self._available)
        self._available -= count
        self._outstanding += count
        return count

    def take(self, entries: Sequence[bytes | None], now: float, read: Callable[[bytes], Arrival]) -> list[Arrival]:
        """Take pulled records, each read by `read`. RemoteError UNSOLICITED for more than were pulled, or as from `read`."""
        if not entries or len(entries) > self._outstanding:
            raise RemoteError(Code.UNSOLICITED, "records that were not pulled")
        self._outstanding -= len(entries)
        taken = [read(entry) for entry in entries if entry is not None]
        for one in taken:
            self._arrived_bytes += one.size
            self._seen_bytes += one.size
            if one.base is not None:
                self._bases[one.record.id] = one.base
        self._seen_records += len(taken)
        if not self._arrived:
            self._arrived_at = now
        self._arrived += [one.record for one in taken]
        return taken

    def batch_due(self) -> float | None:
        """Return when what has come must go to the node, full batch or not; None if nothing has."""
        return self._arrived_at + BATCH_SECONDS if self._arrived else None

    def batch(self, now: float, *, at_once: bool = False, all_of_it: bool = False) -> RecordsReceived | None:
        """Return what has come, if it is enough for one commit, nothing more is on its way, or it has waited long.

        With `at_once` it is enough in any case; `all_of_it` says beside that that nothing more will come.
        """
        due = self.batch_due()
        if due is None:
            return None
        full = len(self._arrived) >= BATCH_RECORDS or self._arrived_bytes >= BATCH_BYTES
        if not (at_once or all_of_it or full or now >= due or not self._outstanding):
            return None
        records = self._arrived
        self._note_batch(len(records), _memory(len(records), self._arrived_bytes))
        bases, self._bases = self._bases, {}
        self._arrived, self._arrived_bytes = [], 0
        return RecordsReceived(records, not all_of_it and bool(self._outstanding or self._available), bases)

    def unasked(self, headers: list[Record]) -> RecordsReceived:
        """Return a batch of headers that came without a pull."""
        self._note_batch(0, _memory(len(headers), sum(len(header.header_bytes) for header in headers)))
        return RecordsReceived(headers, more=bool(self._outstanding or self._available))

    def _note_batch(self, pulled: int, memory: int) -> None:
        self._batches.append((pulled, memory))
        self._uncommitted += pulled
        self._uncommitted_memory += memory

    def committed(self) -> None:
        """Note that the node has committed the oldest batch. LocalError if there is none."""
        if not self._batches:
            raise LocalError("nothing is to be committed")
        pulled, memory = self._batches.popleft()
        self._uncommitted -= pulled
        self._uncommitted_memory -= memory


def _memory(records: int, size: int) -> int:
    return records * _PARSED_BYTES + 2 * size
