"""Keeps what one side has offered and the other has not pulled yet, in few bytes for each offer."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable

from protocol.session.events import Phase
from protocol.wire.index import Item
from protocol.wire.marks import ItemTable, Marks

_TRIM_FROM = 4096  # offers taken that may pile up before their memory is given back


class OfferQueue:
    """The offers of one session: of what a comparison found one bit each, of others a number."""

    def __init__(self, table: ItemTable | None = None) -> None:
        """Begin with no offer. The numbers are those of `table`, if there is one."""
        self._numbers = array("I")
        self._phases = bytearray()
        self._kept = Marks(table)  # so that the numbers stay those of their items
        self._next = 0  # the first of them not yet taken
        self._compared: deque[tuple[Phase, Marks]] = deque()

    def __len__(self) -> int:
        return len(self._numbers) - self._next + sum(len(items) for _, items in self._compared)

    def add(self, phase: Phase, items: Iterable[Item]) -> None:
        """Append items. Marks are kept as they are, and belong to the queue from then on."""
        if isinstance(items, Marks):
            if items:
                self._compared.append((phase, items))
            return
        for item in items:
            (number,) = self._kept.table.numbers([item])
            self._kept.mark(number)
            self._numbers.append(number)
            self._phases.append(phase)

    def take(self, count: int) -> list[tuple[Phase, Item]]:
        """Take the next offers out, `count` at most."""
        stop = min(self._next + count, len(self._numbers))
        table = self._kept.table
        taken = [(Phase(self._phases[at]), table.item(self._numbers[at])) for at in range(self._next, stop)]
        self._next = stop
        self._trim()
        while len(taken) < count and self._compared:
            phase, items = self._compared[0]
            for number in items.first(count - len(taken)):
                items.unmark(number)
                taken.append((phase, items.table.item(number)))
            if not items:
                self._compared.popleft()
        return taken

    def _trim(self) -> None:
        if self._next == len(self._numbers):
            self._kept.clear()
        elif self._next < _TRIM_FROM:
            return
        del self._numbers[: self._next]
        del self._phases[: self._next]
        self._next = 0
