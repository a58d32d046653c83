"""The sorted set of records that one session reconciles: what is in it, in which order, and nothing about messages.

Order is (created, id), oldest first, because most differences are recent and then lie side by side. The items are two
packed arrays (40 bytes an item, no Python object each), so that sixty-four sessions over 100,000 records stay small,
and a range is hashed in one call. Positions are only meaningful until the next insert or remove.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Item = tuple[int, bytes]  # (created in UNIX seconds, record id of 32 bytes)

ID_BYTES = 32
_MERGE_FROM = 16  # fewer changes than this are made one by one, each a memmove; more are merged in one sweep


class Index:
    """A sorted set of items; bulk changes cost one pass over packed memory, single ones a search and a memmove."""

    __slots__ = ("_created", "_ids")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._created = array("q")
        self._ids = bytearray()
        self.insert(items)

    def __len__(self) -> int:
        return len(self._created)

    def __contains__(self, item: Item) -> bool:
        return self._locate(item)[1]

    def __iter__(self) -> Iterator[Item]:
        return self.items(0, len(self))

    def items(self, lo: int, hi: int) -> Iterator[Item]:
        """The items at positions lo (included) to hi (not included)."""
        for position in range(lo, hi):
            yield self._created[position], self.id_at(position)

    def item_at(self, position: int) -> Item:
        return self._created[position], self.id_at(position)

    def id_at(self, position: int) -> bytes:
        at = position * ID_BYTES
        return bytes(self._ids[at : at + ID_BYTES])

    def ids_view(self) -> memoryview:
        """All ids, one after another. Release it before the next change, or the change raises BufferError."""
        return memoryview(self._ids)

    def position(self, created: int, prefix: bytes = b"") -> int:
        """How many items lie before the bound (created, prefix), the prefix read as if padded with zeros."""
        lo = bisect_left(self._created, created)
        if not prefix or lo == len(self._created) or self._created[lo] != created:
            return lo
        hi = bisect_right(self._created, created, lo)
        return bisect_left(range(hi), prefix, lo, hi, key=self.id_at)

    def with_prefix(self, created: int, prefix: bytes) -> Item | None:
        """The first item made at `created` whose id begins with `prefix`."""
        position = self.position(created, prefix)
        if position == len(self):
            return None
        item = self.item_at(position)
        return item if item[0] == created and item[1].startswith(prefix) else None

    def insert(self, items: Iterable[Item]) -> list[Item]:
        """Add items; returns those that were not in the set, in order."""
        ordered = sorted(set(items))
        if not self._created:
            self._created = array("q", [created for created, _ in ordered])
            self._ids = bytearray().join(id_ for _, id_ in ordered)
            return ordered
        fresh: list[Item] = []
        places: list[int] = []
        for item in ordered:
            position, present = self._locate(item)
            if not present:
                fresh.append(item)
                places.append(position)
        if len(fresh) < _MERGE_FROM:
            for shift, (position, item) in enumerate(zip(places, fresh, strict=True)):
                at = position + shift
                self._created.insert(at, item[0])
                self._ids[at * ID_BYTES : at * ID_BYTES] = item[1]
        else:
            self._merge(places, fresh)
        return fresh

    def remove(self, items: Iterable[Item]) -> list[Item]:
        """Take items out; returns those that were in the set, in order."""
        gone: list[Item] = []
        places: list[int] = []
        for item in sorted(set(items)):
            position, present = self._locate(item)
            if present:
                gone.append(item)
                places.append(position)
        if len(gone) < _MERGE_FROM:
            for position in reversed(places):
                del self._created[position]
                del self._ids[position * ID_BYTES : (position + 1) * ID_BYTES]
        else:
            self._cut(places)
        return gone

    def _locate(self, item: Item) -> tuple[int, bool]:
        position = self.position(*item)
        return position, position < len(self) and self.item_at(position) == item

    def _merge(self, places: list[int], fresh: list[Item]) -> None:
        created, ids, done = array("q"), bytearray(), 0
        for position, item in zip(places, fresh, strict=True):
            if position > done:
                created += self._created[done:position]
                ids += self._ids[done * ID_BYTES : position * ID_BYTES]
                done = position
            created.append(item[0])
            ids += item[1]
        created += self._created[done:]
        ids += self._ids[done * ID_BYTES :]
        self._created, self._ids = created, ids

    def _cut(self, places: list[int]) -> None:
        created, ids, done = array("q"), bytearray(), 0
        for position in [*places, len(self)]:
            created += self._created[done:position]
            ids += self._ids[done * ID_BYTES : position * ID_BYTES]
            done = position + 1
        self._created, self._ids = created, ids
