"""The sorted set of items that one session reconciles.

The order is (created, id), oldest first: most differences are recent, and so lie side by side. At rest a set is nothing but
bits over a table that all sets of a node share (`marks`). Its order, 4 bytes an item, is found when a position is asked
for. A position is valid until the next insert or remove.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from protocol.wire.marks import ID_BYTES, Item, ItemTable, Marks

__all__ = ["ID_BYTES", "Index", "Item"]


class Index(Marks):
    """A sorted set of items."""

    __slots__ = ("_order",)

    def __init__(self, items: Iterable[Item] = (), table: ItemTable | None = None) -> None:
        super().__init__(table)
        self._order: array[int] | None = None
        self.insert(items)

    def items(self, lo: int, hi: int) -> Iterator[Item]:
        """Give the items at positions lo (included) to hi (not included)."""
        return map(self.table.item, self._ordered()[lo:hi])

    def item_at(self, position: int) -> Item:
        """Return the item at a position."""
        return self.table.item(self._ordered()[position])

    def number_at(self, position: int) -> int:
        """Return the number of the item at a position."""
        return self._ordered()[position]

    def ids(self, lo: int, hi: int) -> Iterator[bytes]:
        """Give the ids at positions lo to hi, one after another, in pieces that each hold many."""
        return self.table.ids(self._ordered()[lo:hi])

    def position(self, created: int, prefix: bytes = b"") -> int:
        """Return how many items lie before the bound (created, prefix), the prefix read as if padded with zeros."""
        return self.table.position(self._ordered(), created, prefix)

    def with_prefix(self, created: int, prefix: bytes) -> Item | None:
        """Return the first item made at `created` whose id begins with `prefix`; None if there is none."""
        found = next(filter(self.has, self.table.with_prefix(created, prefix)), None)
        return None if found is None else self.table.item(found)

    def mark(self, number: int) -> bool:
        """Add the item with this number; return whether it was not in the set."""
        self._order = None
        return super().mark(number)

    def unmark(self, number: int) -> bool:
        """Take out the item with this number; return whether it was in the set."""
        self._order = None
        return super().unmark(number)

    @property
    def keeps_order(self) -> bool:
        """Whether the order of its items lies in memory now."""
        return self._order is not None

    def forget_order(self) -> None:
        """Give the memory of the order back until a position is asked for again. Positions stay the same."""
        self._order = None

    def _ordered(self) -> array[int]:
        if self._order is None:
            self._order = self.numbers()
            self.table.keep_order_of(self)
        return self._order
