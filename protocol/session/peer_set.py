"""The compared set of one phase for a peer: the items that take part in comparisons, and which are news to the peer.

A set holds what the peer may have, and all that it has given, whether we kept that or refused it. While a comparison
reads positions the set is frozen: changes wait, in order, until it is over.
Spec: protocol/README.md, "The compared set".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from protocol.limits import HAVE_ITEMS_MAX
from protocol.wire.index import Index, Item


class PeerSet:
    """The compared set of one phase. The session drives it: `freeze` and `thaw` come in turns."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Begin with these items. An index becomes the set itself: a caller has filled it in steps."""
        self.index = items if isinstance(items, Index) else Index(items)
        self.to_ask: dict[Item, None] = {}
        """What was taken out, for the other side to announce it again, in the order in which to ask for it."""
        self._news: dict[Item, None] = {}  # in the set, not yet announced, in order of arrival
        self._in_root: set[Item] = set()  # those of the news that were in the set when its root was made
        self._frozen = False
        self._waiting: list[Callable[[], None]] = []  # changes, in order
        self._coming: set[Item] = set()  # what these put into the set

    def freeze(self) -> None:
        """Let changes wait from now on, so that positions stay the same. All of the set takes part: none of it is news."""
        self._frozen = True
        self._news.clear()

    def thaw(self) -> None:
        """Make the changes that waited, in order."""
        self._frozen = False
        waiting, self._waiting = self._waiting, []
        self._coming.clear()
        for change in waiting:
            change()

    def add(self, items: Iterable[Item], *, news: bool) -> None:
        """Put items into the set. With `news`, those that were not in it are to be announced."""
        if self._frozen:
            coming = list(items)
            self._coming.update(coming)
            self._waiting.append(partial(self.add, coming, news=news))
            return
        fresh = self.index.insert(items)
        if news:
            self._news.update(dict.fromkeys(fresh))

    def remove(self, items: Iterable[Item]) -> None:
        """Take items out of the set."""
        if self._frozen:
            self._waiting.append(partial(self.remove, list(items)))
            return
        for item in self.index.remove(items):
            self._news.pop(item, None)

    def ask_again(self, items: Iterable[Item]) -> None:
        """Take items out of the set, as `remove` does, and put those that were in it into `to_ask`.

        Nothing is said about the others: the other side may not know that they are known here.
        """
        if self._frozen:
            self._waiting.append(partial(self.ask_again, list(items)))
            return
        present = [item for item in items if item in self.index]
        self.remove(present)
        self.to_ask.update(dict.fromkeys(present))

    def root_made(self) -> None:
        """Note that the other side is sent the root of the set as it is now."""
        self._in_root = set(self._news)

    def agreed(self) -> None:
        """Note that the other side's root was the same: what was in ours needs no announcing."""
        for item in self._in_root:
            self._news.pop(item, None)

    @property
    def has_news(self) -> bool:
        """Whether an item is to be announced."""
        return bool(self._news)

    def next_news(self) -> list[Item]:
        """Return the items for the next announcement, and count them as announced."""
        items = list(islice(self._news, HAVE_ITEMS_MAX))
        for item in items:
            del self._news[item]
        return items

    def announce_again(self, created: int, prefix: bytes) -> None:
        """Count the item made at `created` whose id begins with `prefix` as news, if the set has one."""
        item = self.index.with_prefix(created, prefix)
        if item is not None:
            self._news[item] = None

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
        self._news.pop(item, None)
        return False
