"""The two sets that a session has for its peer: frozen while they are compared, and what of them is still news.

A set holds what the peer may have and what it is known to hold or to have refused. What changes while a comparison
reads positions waits, in order, until it is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from protocol.limits import HAVE_ITEMS_MAX
from protocol.wire.index import Index, Item


class PeerSet:
    """One phase's set."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.index = Index(items)
        self._news: dict[Item, None] = {}  # in the set, not yet announced, in order of arrival
        self._frozen = False
        self._waiting: list[tuple[bool, list[Item], bool]] = []

    def freeze(self) -> None:
        """Positions must stay what they are."""
        self._frozen = True

    def thaw(self) -> None:
        """Make the changes that had to wait."""
        self._frozen = False
        waiting, self._waiting = self._waiting, []
        for adding, items, news in waiting:
            if adding:
                self.add(items, news=news)
            else:
                self.remove(items)

    def add(self, items: Iterable[Item], *, news: bool) -> None:
        """Put items into the set; as news, those of them that are new to it are to be announced."""
        if self._frozen:
            self._waiting.append((True, list(items), news))
            return
        fresh = self.index.insert(items)
        if news:
            self._news.update(dict.fromkeys(fresh))

    def remove(self, items: Iterable[Item]) -> None:
        """Take items out of the set."""
        if self._frozen:
            self._waiting.append((False, list(items), False))
            return
        for item in self.index.remove(items):
            self._news.pop(item, None)

    def compared(self) -> None:
        """The set's root goes to the other side as it is now: nothing in it needs announcing."""
        self._news.clear()

    @property
    def has_news(self) -> bool:
        return bool(self._news)

    def next_news(self) -> list[Item]:
        """Up to one announcement of items not yet announced."""
        items = list(islice(self._news, HAVE_ITEMS_MAX))
        for item in items:
            del self._news[item]
        return items

    def lacks(self, created: int, prefix: bytes) -> bool:
        """Whether an announced item is not in the set. If it is, it is no news to the other side."""
        item = self.index.with_prefix(created, prefix)
        if item is None:
            return True
        self._news.pop(item, None)
        return False
