"""The sorted set of items that one session reconciles.

The order is (created, id), oldest first: most differences are recent, and so lie side by side. Two packed arrays hold the
items (40 bytes each, without a Python object), so that 64 sessions over 100,000 records stay small, and a range is hashed
in one call. A position is valid until the next insert or remove.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Item = tuple[int, bytes]  # (created in UNIX seconds, record id of 32 bytes)

ID_BYTES = 32
_MERGE_FROM = 16  # fewer changes than this are made one by one, each a memmove; more are merged in one sweep


class Index:
    """A sorted set of items.

    A large change costs one pass over packed memory, a single one a search and a memmove; items that lie behind all
    others are appended.
    """

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
        """Give the items at positions lo (included) to hi (not included)."""
        for position in range(lo, hi):
            yield self._created[position], self.id_at(position)

    def item_at(self, position: int) -> Item:
        """Return the item at a position."""
        return self._created[position], self.id_at(position)

    def id_at(self, position: int) -> bytes:
        """Return the id (32 bytes) of the item at a position."""
        at = position * ID_BYTES
        return bytes(self._ids[at : at + ID_BYTES])

    def ids_view(self) -> memoryview:
        """Return a view of all ids, one after another. Release it before the next change: that raises BufferError else."""
        return memoryview(self._ids)

    def position(self, created: int, prefix: bytes = b"") -> int:
        """Return how many items lie before the bound (created, prefix), the prefix read as if padded with zeros."""
        lo = bisect_left(self._created, created)
        if not prefix or lo == len(self._created) or self._created[lo] != created:
            return lo
        hi = bisect_right(self._created, created, lo)
        return bisect_left(range(hi), prefix, lo, hi, key=self.id_at)

    def with_prefix(self, created: int, prefix: bytes) -> Item | None:
        """Return the first item made at `created` whose id begins with `prefix`; None if there is none."""
        position = self.position(created, prefix)
        if position == len(self):
            return None
        item = self.item_at(position)
        return item if item[0] == created and item[1].startswith(prefix) else None

    def insert(self, items: Iterable[Item]) -> list[Item]:
        """Add items, and return those that were not in the set, in order."""
        ordered = sorted(set(items))
        if not self._created or (ordered and ordered[0] > self.item_at(len(self) - 1)):
            self._created.extend(created for created, _ in ordered)
            self._ids += b"".join(id_ for _, id_ in ordered)
            return ordered
        fresh: list[Item] = []
        positions: list[int] = []
        for item in ordered:
            position, present = self._locate(item)
            if not present:
                fresh.append(item)
                positions.append(position)
        if len(fresh) < _MERGE_FROM:
            for shift, (position, item) in enumerate(zip(positions, fresh, strict=True)):
                at = position + shift
                self._created.insert(at, item[0])
                self._ids[at * ID_BYTES : at * ID_BYTES] = item[1]
        else:
            self._merge(positions, fresh)
        return fresh

    def remove(self, items: Iterable[Item]) -> list[Item]:
        """Take items out, and return those that were in the set, in order."""
        gone: list[Item] = []
        positions: list[int] = []
        for item in sorted(set(items)):
            position, present = self._locate(item)
            if present:
                gone.append(item)
                positions.append(position)
        if len(gone) < _MERGE_FROM:
            for position in reversed(positions):
                del self._created[position]
                del self._ids[position * ID_BYTES : (position + 1) * ID_BYTES]
        else:
            self._cut(positions)
        return gone

    def _locate(self, item: Item) -> tuple[int, bool]:
        position = self.position(*item)
        return position, position < len(self) and self.item_at(position) == item

    def _merge(self, positions: list[int], fresh: list[Item]) -> None:
        created, ids, done = array("q"), bytearray(), 0
        for position, item in zip(positions, fresh, strict=True):
            if position > done:
                created += self._created[done:position]
                ids += self._ids[done * ID_BYTES : position * ID_BYTES]
                done = position
            created.append(item[0])
            ids += item[1]
        created += self._created[done:]
        ids += self._ids[done * ID_BYTES :]
        self._created, self._ids = created, ids

    def _cut(self, positions: list[int]) -> None:
        created, ids, done = array("q"), bytearray(), 0
        for position in [*positions, len(self)]:
            created += self._created[done:position]
            ids += self._ids[done * ID_BYTES : position * ID_BYTES]
            done = position + 1
        self._created, self._ids = created, ids
