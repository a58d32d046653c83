"""Multicast DNS as trio sees it: what we announce goes out, what others announce comes in.

zeroconf does the work, in threads of its own, none of which this side ever waits for without a bound. What is heard
comes through one bounded channel: under a flood the surplus is lost, and the next regular announcement makes up for it.
Nobody's liveness is judged here; that is for sessions.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

import trio

from meshnode.net.services import AnnouncedService, ReceivedService
from protocol import limits

if TYPE_CHECKING:
    from meshnode.net.mdns_thread import Engine

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0  # goodbyes take 0.25 s


class Inbox:
    """The way from zeroconf's thread into trio: bounded at both ends, and never a wait for either."""

    def __init__(self, token: trio.lowlevel.TrioToken, out: trio.MemorySendChannel[ReceivedService]) -> None:
        self._token = token
        self._out = out
        self._waiting: deque[ReceivedService] = deque(maxlen=limits.MDNS_QUEUE_MAX)

    def put(self, heard: ReceivedService) -> None:
        """Hand over from any thread."""
        self._waiting.append(heard)
        try:
            self._token.run_sync_soon(self._deliver, idempotent=True)
        except trio.RunFinishedError:
            self._waiting.clear()

    def _deliver(self) -> None:
        while self._waiting:
            try:
                self._out.send_nowait(self._waiting.popleft())
            except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
                return


class Mdns:
    """One multicast DNS responder and listener. `heard` is where the announcements of others come out."""

    def __init__(self) -> None:
        self._send, self.heard = trio.open_memory_channel[ReceivedService](limits.MDNS_QUEUE_MAX)
        self._engine: Engine | None = None
        self._changing = trio.Lock()

    async def open(self) -> None:
        """Start without any interface; takes as long as importing zeroconf does. OSError where port 5353 is refused."""
        inbox = Inbox(trio.lowlevel.current_trio_token(), self._send)
        self._engine = await trio.to_thread.run_sync(_open_engine, inbox)

    async def close(self) -> None:
        """Say goodbye and stop; whatever the network does, within CLOSE_SECONDS."""
        engine, self._engine = self._engine, None
        if engine is not None:
            with trio.move_on_after(CLOSE_SECONDS, shield=True):
                await trio.to_thread.run_sync(engine.close, abandon_on_cancel=True)

    async def use(self, interfaces: list[str | int]) -> None:
        """Join and leave, so that exactly these interfaces are used (as by `Interfaces.for_multicast`)."""
        if self._engine is not None:
            async with self._changing:
                await trio.to_thread.run_sync(self._engine.use, interfaces)

    async def announce(self, service: AnnouncedService | None) -> None:
        """Announce `service` from now on, in place of what was announced before (None: nothing)."""
        if self._engine is not None:
            async with self._changing:
                await trio.to_thread.run_sync(self._engine.announce, service)

    def repeat(self) -> None:
        """Say once more what is announced: whoever was cut off, or missed it, hears it now."""
        if self._engine is not None:
            self._engine.repeat()


def _open_engine(inbox: Inbox) -> Engine:
    """Import zeroconf here and not above: 60 ms that the node's start need not wait for."""
    from meshnode.net.mdns_thread import Engine

    return Engine(inbox.put)
