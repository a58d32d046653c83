"""Multicast DNS for trio: sends our announcements, one on each interface, and receives those of others.

zeroconf does the work in threads of its own; this side never waits for one without a time limit. Received announcements
come through one bounded channel: under a flood the surplus is dropped, and the next regular announcement makes up for it.
An announcement that ends says nothing about its node; only a session shows that a node is alive.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from meshnode.net.interfaces import Link
from meshnode.net.services import AnnouncedService, LinkId, ReceivedService
from protocol import limits

if TYPE_CHECKING:
    from meshnode.net.mdns_thread import Engine

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0  # withdrawing takes zeroconf 0.25 s


class Inbox:
    """Passes received announcements from zeroconf's thread to trio, in bounded buffers and without blocking either side."""

    def __init__(self, token: trio.lowlevel.TrioToken, out: trio.MemorySendChannel[ReceivedService]) -> None:
        self._token = token
        self._out = out
        self._pending: deque[ReceivedService] = deque(maxlen=limits.MDNS_QUEUE_MAX)

    def put(self, service: ReceivedService) -> None:
        """Pass on a received announcement; may be called from any thread."""
        self._pending.append(service)
        try:
            self._token.run_sync_soon(self._deliver, idempotent=True)
        except trio.RunFinishedError:
            self._pending.clear()

    def _deliver(self) -> None:
        while self._pending:
            try:
                self._out.send_nowait(self._pending.popleft())
            except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
                return


class Mdns:
    """One multicast DNS responder and listener. Announcements of others come out of the channel `received`."""

    def __init__(self) -> None:
        self._send, self.received = trio.open_memory_channel[ReceivedService](limits.MDNS_QUEUE_MAX)
        self._engine: Engine | None = None
        self._changing = trio.Lock()

    async def open(self) -> None:
        """Start, on no interface yet; takes as long as importing zeroconf does. OSError if port 5353 cannot be opened."""
        inbox = Inbox(trio.lowlevel.current_trio_token(), self._send)
        self._engine = await trio.to_thread.run_sync(_open_engine, inbox)

    async def close(self) -> None:
        """Withdraw the announcement and stop, within CLOSE_SECONDS whatever the network does."""
        engine, self._engine = self._engine, None
        if engine is not None:
            with trio.move_on_after(CLOSE_SECONDS, shield=True):
                await trio.to_thread.run_sync(engine.close, abandon_on_cancel=True)

    async def use(self, links: Sequence[Link]) -> frozenset[LinkId]:
        """Use exactly these interfaces from now on. Return those on which it does not work, or not with every address."""
        if self._engine is None:
            return frozenset()
        async with self._changing:
            return await trio.to_thread.run_sync(self._engine.use, links)

    async def announce(self, services: Mapping[LinkId, AnnouncedService | None]) -> None:
        """Announce these from now on instead of those before on the same interfaces; None announces nothing there."""
        if self._engine is not None:
            async with self._changing:
                await trio.to_thread.run_sync(self._engine.announce, services)

    def repeat(self) -> None:
        """Send the announcements once more, for nodes that were cut off or missed them."""
        if self._engine is not None:
            self._engine.repeat()


def _open_engine(inbox: Inbox) -> Engine:
    """Import zeroconf only now: it takes 60 ms, for which the node's start need not wait."""
    from meshnode.net.mdns_thread import Engine

    return Engine(inbox.put)
