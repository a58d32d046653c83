"""Has every conversation follow each commit on this node, a few of them at a time, and wakes all when the date changes.

A new post costs a conversation next to nothing. A change of trust costs it a search of the web from where its peer
stands: with many sessions in a large web, all of them together would hold the store thread for seconds. So the commit
goes to as many conversations as have room in one slice, and the others follow in slices of their own, between which
other work has its turn. A conversation that has to do anything before its turn follows first.

When this node comes to go by another date, or relies on it more or less than before, all links are woken: each tells its
peer at once, which would hear of it by the next sign of life else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import trio

from meshnode.net.peer_link import PeerLink
from meshnode.replica.changes import Change
from meshnode.replica.replica import StoreRunner
from meshnode.slices import SLICE_SECONDS
from meshnode.wakeup import Wakeup

log = logging.getLogger(__name__)


Subscribe = Callable[[Callable[[object], None]], Callable[[], None]]
"""Has a function called with every change, and returns the function that ends it."""


class Followed(NamedTuple):
    """The links whose conversations have something to send since they followed, and those whose conversations failed."""

    waiting: list[PeerLink]
    failed: list[PeerLink]


class Followers:
    """Follows with the conversations of all links. `links()` returns these, on any thread.

    `date_changes` calls a function, on the store thread, whenever
    this node goes by another date. `note` and `follow` run on the store thread, all else on the event loop.
    """

    def __init__(
        self, store_thread: StoreRunner, date_changes: Subscribe, links: Callable[[], tuple[PeerLink, ...]]
    ) -> None:
        self._store_thread = store_thread
        self._date_changes = date_changes
        self._links = links
        self._behind: dict[PeerLink, None] = {}  # those that have waited longest first
        self._left_behind = Wakeup()

    def note(self, change: Change) -> Followed:
        """Have every conversation take notice of a commit, and those follow it at once that have room in one slice."""
        for link in self._links():
            link.conversation.note(change)
            if link.conversation.behind:
                self._behind[link] = None
        return self.follow()

    def follow(self) -> Followed:
        """Have conversations follow for a slice, one at least."""
        followed = Followed([], [])
        until = time.monotonic() + SLICE_SECONDS
        while self._behind:
            link = next(iter(self._behind))
            del self._behind[link]
            try:
                link.conversation.follow()
            except Exception:
                # It must affect neither the caller whose commit this was nor the other links.
                log.exception("a conversation failed", extra={"address": str(link.origin.address)})
                followed.failed.append(link)
            else:
                if link.conversation.waiting:
                    followed.waiting.append(link)
            if time.monotonic() >= until:
                break
        return followed

    def wake(self, followed: Followed) -> None:
        """Have the links send, or drop them where they failed; the rest of the conversations follow soon."""
        for link in followed.waiting:
            link.wake()
        for link in followed.failed:
            link.drop()
        if self._behind:
            self._left_behind.set()

    async def run(self) -> None:
        """Have the conversations follow that were left behind, slice by slice, for ever; wake all when the date changes."""
        token = trio.lowlevel.current_trio_token()

        def date_changed(_: object) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(self._wake_all, idempotent=True)

        unsubscribe = self._date_changes(date_changed)
        try:
            while True:
                await self._left_behind.wait()
                while self._behind:
                    self.wake(await self._store_thread.run(self.follow))
        finally:
            unsubscribe()

    def _wake_all(self) -> None:
        for link in self._links():
            link.wake()
