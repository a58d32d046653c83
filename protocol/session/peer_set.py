"""The compared set of one phase for a peer: the items that take part in comparisons, and which are news to the peer.

A set holds what the peer may have, and all that it has given, whether we kept that or refused it. While a comparison
reads positions the set is frozen: changes wait until it is over. All of it is kept as bits (`wire.marks`), so a peer that
does not go on makes nothing pile up here.
Spec: protocol/README.md, "The compared set".
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from protocol.limits import HAVE_ITEMS_MAX
from protocol.session.events import Phase
from protocol.wire.index import Index, Item
from protocol.wire.marks import ItemTable, Marks


class PeerSet:
    """The compared set of one phase. The session drives it: `freeze` and `thaw` come in turns."""

    def __init__(self, items: Iterable[Item], table: ItemTable | None = None) -> None:
        """Begin with these items. An index becomes the set itself: a caller has filled it in steps."""
        self.index = items if isinstance(items, Index) else Index(items, table)
        self._news = _News(self.index.table)
        self._held = Marks(self.index.table)  # news that is announced only when it is released
        self._in_root = Marks(self.index.table)  # those of the news that were in the set when its root was made
        self._frozen = False
        self._going, self._coming, self._coming_news = (Marks(self.index.table) for _ in range(3))

    def freeze(self) -> None:
        """Let changes wait from now on, so that positions stay the same. All of the set takes part: none of it is news."""
        self._frozen = True
        self._news.clear()
        self._held.clear()

    def thaw(self) -> None:
        """Make the changes that waited."""
        self._frozen = False
        for number in self._going.first(len(self._going)):
            self.index.unmark(number)
            self._no_news(number)
        for number in self._coming.first(len(self._coming)):
            self.index.mark(number)
            if self._coming_news.has(number):
                self._news.add(number)
        for waiting in (self._going, self._coming, self._coming_news):
            waiting.clear()

    def add(self, items: Iterable[Item], *, news: bool, held: bool = False) -> None:
        """Put items into the set. With `news`, those that were not in it are to be announced.

        If they are `held`, that waits until they are released; while the set is frozen, it makes no difference.
        """
        ordered = sorted(set(items))
        for number in self.index.table.numbers(ordered):
            if self._frozen:
                self._add_later(number, news=news)
            elif self.index.mark(number) and news:
                if held:
                    self._held.mark(number)
                else:
                    self._news.add(number)

    def holds(self, item: Item) -> bool:
        """Whether the item is news that waits to be released: the other side is not known to have it."""
        return item in self._held

    def release(self, items: Iterable[Item]) -> None:
        """Let those of these items be announced that are held."""
        for item in items:
            number = self.index.table.number(item)
            if number is not None and self._held.unmark(number):
                self._news.add(number)

    def remove(self, items: Iterable[Item]) -> None:
        """Take items out of the set."""
        for item in items:
            number = self.index.table.number(item)
            if number is None:
                continue
            if self._frozen:
                self._remove_later(number)
            elif self.index.unmark(number):
                self._no_news(number)

    def _add_later(self, number: int, *, news: bool) -> None:
        if (not self.index.has(number) or self._going.has(number)) and self._coming.mark(number) and news:
            self._coming_news.mark(number)

    def _remove_later(self, number: int) -> None:
        self._coming.unmark(number)
        self._coming_news.unmark(number)
        if self.index.has(number):
            self._going.mark(number)

    def take_out(self, items: Iterable[Item]) -> list[Item]:
        """Take items out of the set, as `remove` does, and return those that are in it now."""
        present = [item for item in items if item in self.index]
        self.remove(present)
        return present

    def root_made(self) -> None:
        """Note that the other side is sent the root of the set as it is now."""
        self._in_root.clear()
        for number in (*self._news.numbers(), *self._held.numbers()):
            self._in_root.mark(number)

    def agreed(self) -> None:
        """Note that the other side's root was the same: what was in ours needs no announcing."""
        for number in self._in_root.numbers():
            self._no_news(number)
        self._in_root.clear()

    def shared(self) -> Marks:
        """Return the items that are no news to the other side: after `agreed` those that both sides have."""
        shared = self.index.copy()
        for number in (*self._news.numbers(), *self._held.numbers()):
            shared.unmark(number)
        return shared

    def is_shared(self, item: Item) -> bool:
        """Whether the item is in the set and no news to the other side, as far as is known."""
        number = self.index.table.number(item)
        return number is not None and self.index.has(number) and not self._news.has(number)

    def find(self, created: int, prefix: bytes) -> Item | None:
        """Return the item made at `created` whose id begins with `prefix`, if the set has one."""
        return self.index.with_prefix(created, prefix)

    @property
    def has_news(self) -> bool:
        """Whether an item is to be announced."""
        return bool(self._news)

    def next_news(self) -> list[Item]:
        """Return the items for the next announcement, and count them as announced."""
        return list(map(self.index.table.item, self._news.take(HAVE_ITEMS_MAX)))

    def announce_again(self, created: int, prefix: bytes) -> None:
        """Count the item made at `created` whose id begins with `prefix` as news, if the set has one."""
        item = self.index.with_prefix(created, prefix)
        if item is not None:
            number = self._number(item)
            self._held.unmark(number)
            self._news.add(number)

    def __contains__(self, item: Item) -> bool:
        """Whether the item is in the set, or comes into it when the comparison is over."""
        return item in self._coming or item in self.index

    def lacks(self, created: int, prefix: bytes) -> bool:
        """Whether the set has no item made at `created` whose id begins with `prefix`.

        The other side has announced it; so where the set has it, it is no news to the other side.
        """
        item = self.index.with_prefix(created, prefix)
        if item is None:
            return True
        self._no_news(self._number(item))
        return False

    def _no_news(self, number: int) -> None:
        """Announce the item with this number no longer."""
        self._news.discard(number)
        self._held.unmark(number)

    def _number(self, item: Item) -> int:
        number = self.index.table.number(item)
        assert number is not None, "an item of the set has a number"
        return number


def peer_sets(graph: Iterable[Item], content: Iterable[Item]) -> dict[Phase, PeerSet]:
    """Return the sets of both phases. Unless they are indexes, which bring theirs, their items share one table."""
    table = ItemTable()
    return {Phase.GRAPH: PeerSet(graph, table), Phase.CONTENT: PeerSet(content, table)}


class _News:
    """The numbers of items that are not yet announced, in the order of their arrival."""

    def __init__(self, table: ItemTable) -> None:
        self._marks = Marks(table)
        self._order = array("I")  # those that are not marked any longer are passed over

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, number: int) -> None:
        if self._marks.mark(number):
            self._order.append(number)
        if len(self._order) > 2 * len(self._marks) + HAVE_ITEMS_MAX:
            self._order = array("I", dict.fromkeys(filter(self._marks.has, self._order)))

    def has(self, number: int) -> bool:
        return self._marks.has(number)

    def numbers(self) -> Sequence[int]:
        return self._marks.numbers()

    def discard(self, number: int) -> None:
        self._marks.unmark(number)

    def take(self, most: int) -> Sequence[int]:
        taken: list[int] = []
        passed = 0
        for number in self._order:
            if len(taken) == most:
                break
            passed += 1
            if self._marks.unmark(number):
                taken.append(number)
        del self._order[:passed]
        return taken

    def clear(self) -> None:
        self._marks.clear()
        self._order = array("I")
