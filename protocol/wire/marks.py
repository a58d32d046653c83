"""Numbers the items of all sessions in one table, so that a session keeps one bit for an item and not the item itself.

Many sessions of one node compare nearly the same items. The table keeps each of them once, in packed arrays of 40 bytes
without a Python object, and sorted numbers of 4 bytes; a set is a string of bits. So 64 sets of 300,000 items take 2 MiB.
What a set has follows from its bits alone: that an item is in the table says nothing about any set.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import compress
from operator import or_
from typing import Protocol, TypeAlias
from weakref import WeakSet, ref

Item: TypeAlias = tuple[int, bytes]  # (created in UNIX seconds, record id of 32 bytes)

ID_BYTES = 32
_MERGE_FROM = 16  # fewer new items than this are put in one by one, each a memmove; more are merged in one sweep
_SWEEP_FROM = 1024  # items before a table looks for those that no set has any longer
_GATHERED = 4096  # ids that are joined at once, to be hashed: no whole set of them lies in memory
SORTED_AT_ONCE = (
    8  # sets of which the order is kept, 4 bytes an item: that of others is found again when it is asked for
)
_DIGITS = bytes.maketrans(b"01", b"\0\1")
_ANY = re.compile(rb"[^\0]", re.DOTALL)


class Ordered(Protocol):
    """A set that keeps the order of its items for a while."""

    def forget_order(self) -> None:
        """Give the memory of the order back until a position is asked for again."""


class ItemTable:
    """Gives each item a number, which stays the same while any set of marks has the item.

    Numbers of items that no set has any longer are given out again, now and then. The order is (created, id).
    """

    def __init__(self) -> None:
        self._created = array("q")  # by number, as are the ids
        self._ids = bytearray()
        self._order = array("I")  # numbers, in the order of their items
        self._free = array("I")
        self._sweep_at = _SWEEP_FROM
        self._marks: WeakSet[Marks] = WeakSet()
        self._sorted: deque[ref[Ordered]] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def watch(self, marks: Marks) -> None:
        """Keep the numbers of the items that `marks` has, for as long as it lives."""
        self._marks.add(marks)

    def item(self, number: int) -> Item:
        """Return the item with this number."""
        return self._created[number], self.id(number)

    def id(self, number: int) -> bytes:
        """Return the id (32 bytes) of the item with this number."""
        at = number * ID_BYTES
        return bytes(self._ids[at : at + ID_BYTES])

    def ids(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield the ids of these items, one after another, in pieces that each hold many."""
        ids = self._ids
        for start in range(0, len(numbers), _GATHERED):
            some = numbers[start : start + _GATHERED]
            yield b"".join([ids[at : at + ID_BYTES] for at in [number * ID_BYTES for number in some]])

    def number(self, item: Item) -> int | None:
        """Return the number of an item; None if it has none."""
        position = self.position(self._order, *item)
        return self._order[position] if self._is_at(position, item) else None

    def numbers(self, items: Sequence[Item]) -> list[int]:
        """Return the numbers of these items, which are sorted and all different; new ones get a number.

        The caller marks them before it asks for anything else: a number without a mark may be given again.
        """
        found = self._found(items)
        fresh = [item for item, number in zip(items, found, strict=True) if number is None]
        if not fresh:
            return [number for number in found if number is not None]
        if len(fresh) > len(self._free) and len(self._order) + len(fresh) > self._sweep_at:
            self._sweep([number for number in found if number is not None])
        given = iter(self._put(fresh))
        return [next(given) if number is None else number for number in found]

    def with_prefix(self, created: int, prefix: bytes) -> Iterator[int]:
        """Yield the numbers of the items made at `created` whose ids begin with `prefix`, in order."""
        for position in range(self.position(self._order, created, prefix), len(self._order)):
            number = self._order[position]
            if self._created[number] != created or not self.id(number).startswith(prefix):
                return
            yield number

    def in_order(self, bits: int) -> array[int]:
        """Return the numbers whose bits are set, in the order of their items."""
        flags = self._flags(bits)
        return array("I", compress(self._order, map(flags.__getitem__, self._order)))

    def keep_order_of(self, index: Ordered) -> None:
        """Let `index` keep its order, and the one that has kept it for longest forget it, if there are many."""
        self._sorted.append(ref(index))
        if len(self._sorted) > SORTED_AT_ONCE:
            oldest = self._sorted.popleft()()
            if oldest is not None and oldest is not index:
                oldest.forget_order()

    def position(self, numbers: Sequence[int], created: int, prefix: bytes = b"", lo: int = 0) -> int:
        """Return how many of these numbers, which are in order, lie before the bound (created, prefix); `lo` at least.

        The prefix is read as if padded with zeros.
        """
        made_at = self._created.__getitem__
        lo = bisect_left(numbers, created, lo, key=made_at)
        if not prefix or lo == len(numbers) or made_at(numbers[lo]) != created:
            return lo
        hi = bisect_right(numbers, created, lo, key=made_at)
        return bisect_left(numbers, prefix, lo, hi, key=self.id)

    def _found(self, items: Sequence[Item]) -> list[int | None]:
        """Return the numbers of these sorted items; most of them lie one behind the other."""
        found: list[int | None] = []
        order, at = self._order, 0
        for item in items:
            if not self._is_at(at, item):
                at = self.position(order, *item, at)
                if not self._is_at(at, item):
                    found.append(None)
                    continue
            found.append(order[at])
            at += 1
        return found

    def _is_at(self, position: int, item: Item) -> bool:
        if position >= len(self._order):
            return False
        number = self._order[position]
        return self._created[number] == item[0] and self.id(number) == item[1]

    def _put(self, fresh: Sequence[Item]) -> list[int]:
        given = []
        for created, id_ in fresh:
            if self._free:
                number = self._free.pop()
                self._created[number] = created
                self._ids[number * ID_BYTES : (number + 1) * ID_BYTES] = id_
            else:
                number = len(self._created)
                self._created.append(created)
                self._ids += id_
            given.append(number)
        if not self._order or fresh[0] > self.item(self._order[-1]):
            self._order.extend(given)
        elif len(fresh) < _MERGE_FROM:
            for number, item in zip(given, fresh, strict=True):
                self._order.insert(self.position(self._order, *item), number)
        else:
            self._merge(given, fresh)
        return given

    def _merge(self, given: Sequence[int], fresh: Sequence[Item]) -> None:
        order, done = array("I"), 0
        for number, item in zip(given, fresh, strict=True):
            position = self.position(self._order, *item)
            order += self._order[done:position]
            order.append(number)
            done = position
        order += self._order[done:]
        self._order = order

    def _sweep(self, kept: Iterable[int]) -> None:
        """Free the numbers that no set has, and that are not among `kept`."""
        used = reduce(or_, (marks.as_integer() for marks in self._marks), 0)
        for number in kept:
            used |= 1 << number
        self._order = self.in_order(used)
        flags = self._flags(used)
        self._free = array("I", [number for number in range(len(flags) - 1, -1, -1) if not flags[number]])
        self._sweep_at = max(_SWEEP_FROM, len(self._order) * 5 // 4)

    def _flags(self, bits: int) -> bytes:
        """Return a byte for each number, which is 1 if its bit is set."""
        return bin(bits | 1 << len(self._created))[:2:-1].encode().translate(_DIGITS)


class Marks:
    """A set of items, as bits over the numbers that a table gives them."""

    __slots__ = ("__weakref__", "_bits", "_count", "table")

    def __init__(self, table: ItemTable | None = None) -> None:
        """Begin with no item. Without a table it has one for itself."""
        self.table = ItemTable() if table is None else table
        self._bits = bytearray()
        self._count = 0
        self.table.watch(self)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, item: Item) -> bool:
        number = self.table.number(item)
        return number is not None and self.has(number)

    def __iter__(self) -> Iterator[Item]:
        return map(self.table.item, self.numbers())

    def has(self, number: int) -> bool:
        """Whether the item with this number is in the set."""
        at = number >> 3
        return at < len(self._bits) and bool(self._bits[at] >> (number & 7) & 1)

    def insert(self, items: Iterable[Item]) -> list[Item]:
        """Add items, and return those that were not in the set, in order."""
        ordered = sorted(set(items))
        numbers = self.table.numbers(ordered)
        return [item for item, number in zip(ordered, numbers, strict=True) if self.mark(number)]

    def remove(self, items: Iterable[Item]) -> list[Item]:
        """Take items out, and return those that were in the set, in order."""
        gone = []
        for item in sorted(set(items)):
            number = self.table.number(item)
            if number is not None and self.unmark(number):
                gone.append(item)
        return gone

    def mark(self, number: int) -> bool:
        """Add the item with this number; return whether it was not in the set."""
        at, bit = number >> 3, 1 << (number & 7)
        if at >= len(self._bits):
            self._bits.extend(bytes(max(at + 1, len(self._bits) * 5 // 4) - len(self._bits)))
        if self._bits[at] & bit:
            return False
        self._bits[at] |= bit
        self._count += 1
        return True

    def unmark(self, number: int) -> bool:
        """Take out the item with this number; return whether it was in the set."""
        if not self.has(number):
            return False
        self._bits[number >> 3] ^= 1 << (number & 7)
        self._count -= 1
        return True

    def first(self, most: int) -> list[int]:
        """Return the lowest numbers of items in the set, `most` at most."""
        found: list[int] = []
        for match in _ANY.finditer(self._bits):
            at = match.start()
            found += [at * 8 + bit for bit in range(8) if self._bits[at] >> bit & 1]
            if len(found) >= most:
                break
        return found[:most]

    def numbers(self) -> array[int]:
        """Return the numbers of all items in the set, in the order of the items."""
        return self.table.in_order(self.as_integer())

    def copy(self) -> Marks:
        """Return another set with the same items."""
        other = Marks(self.table)
        other._bits, other._count = self._bits.copy(), self._count
        return other

    def clear(self) -> None:
        """Take out all items."""
        self._bits, self._count = bytearray(), 0

    def as_integer(self) -> int:
        """Return the bits of the set as an integer, the lowest first."""
        return int.from_bytes(self._bits, "little")
