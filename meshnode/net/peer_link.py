"""One connection: carries bytes between a socket and a conversation, at the pace of the slower one.

Nothing more is read while much is still to be written, so a peer that asks and never takes cannot fill memory, nor of
somebody who has kept the node busy for long (see pace). The
conversation runs on the desk, for what it does is a matter of records; this file knows sockets, time and ends only.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar

import trio

from meshnode.errors import StorageFailed, StorageFull
from meshnode.net.dialer import Address
from meshnode.net.fair_share import FairShare
from meshnode.replica.changes import Change
from protocol import Code, DeviceId, PersonId, limits

log = logging.getLogger(__name__)

READ_BYTES = 256 * 1024
WRITE_BYTES = 64 * 1024
BUSY_BYTES = 256 * 1024  # with this much unwritten, the conversation is not asked for more
STALL_SECONDS = 60.0  # for one piece of WRITE_BYTES: slower than 1 kB/s is as good as gone
LINGER_SECONDS = 0.5  # for the last words to be read before the socket goes
KEEPALIVE = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
USER_TIMEOUT_MS = 20_000  # unacknowledged for this long: the way is cut, and a new connection does better (RFC 5482)

Result = TypeVar("Result")


class Ending(Protocol):
    """How a conversation ended (see `app.conversation.End`)."""

    @property
    def code(self) -> Code: ...
    @property
    def detail(self) -> str: ...
    @property
    def silent(self) -> bool: ...
    @property
    def fault(self) -> bool: ...


class PeerConversation(Protocol):
    """What a link needs of a conversation."""

    @property
    def peer(self) -> PersonId | None: ...
    @property
    def device(self) -> DeviceId | None: ...
    @property
    def live(self) -> bool: ...
    @property
    def comparisons(self) -> int: ...
    @property
    def came(self) -> int: ...
    @property
    def settled(self) -> bool: ...
    @property
    def end(self) -> Ending | None: ...
    @property
    def waiting(self) -> bool: ...
    def changed(self, change: Change) -> None: ...
    def compare(self, now: float) -> None: ...
    def receive(self, data: bytes, now: float) -> None: ...
    def data_to_send(self) -> bytes: ...
    def next_timer(self) -> float | None: ...
    def tick(self, now: float) -> None: ...
    def close(self, code: Code = ...) -> None: ...


class StoreRunner(Protocol):
    """Where everything that touches the store runs."""

    def run(self, function: Callable[..., Result], /, *arguments: Any) -> Awaitable[Result]:
        """Run `function(*arguments)` there and return what it returns."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes to or came from; `dialed` says which of the two."""

    address: Address
    dialed: bool


class PeerLink:
    """Use once: `await link.run(...)`; it returns when the connection is over, and the socket is closed then."""

    def __init__(
        self,
        stream: trio.abc.HalfCloseableStream,
        talk: PeerConversation,
        store_thread: StoreRunner,
        origin: Origin,
        pace: FairShare,
    ) -> None:
        self.talk = talk
        self.origin = origin
        self.since = trio.current_time()
        self.bytes_in = 0
        self.bytes_out = 0
        self.failure: StorageFailed | None = None
        self._stream = stream
        self._store_thread = store_thread
        self._pace = pace
        self._outbox = bytearray()
        self._timer: float | None = None
        self._poked = False
        self._closing: Code | None = None
        self._given_up = False
        self._to_write = _ParkingLot()
        self._written = _ParkingLot()
        self._to_time = _ParkingLot()
        self._reading = trio.CancelScope()
        self._on_met: Callable[[], None] | None = None

    async def run(self, on_met: Callable[[], None]) -> None:
        """PeerConversation until one side ends it. `on_met` is called once, as soon as the other side has proven who it is."""
        self._on_met = on_met
        try:
            _set_options(self._stream)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                nursery.start_soon(self._keep_time)
                await self._step(_nothing)
                with self._reading:
                    await self._read()
                await self._say_last_words()
                nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(self._stream)

    def close(self, code: Code) -> None:
        """End it with this code; `run` returns soon after."""
        self._closing = code
        self.poke()

    async def compare(self) -> None:
        """Have both ends go through all that they hold for each other, if it may be now."""
        await self._step(self.talk.compare, trio.current_time())

    def drop(self) -> None:
        """End it at once and without a word."""
        self._give_up()

    def poke(self) -> None:
        """The conversation may have something to say without having been asked: a commit has woken it."""
        self._poked = True
        self._to_time.ring()

    # --- three tasks ---------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            while len(self._outbox) > limits.SESSION_BUFFER_BYTES:
                await self._written.rung()
            data = b""
            patience = float("inf") if self.talk.peer is not None else self.since + limits.PREAUTH_SECONDS
            with trio.move_on_at(patience), suppress(trio.BrokenResourceError):
                data = bytes(await self._stream.receive_some(READ_BYTES))
            if not data:
                return
            self.bytes_in += len(data)
            await self._step(self.talk.receive, data, trio.current_time())
            if self.talk.peer is not None:
                await trio.sleep(self._pace.pause(self.talk.peer, trio.current_time()))

    async def _write(self) -> None:
        while True:
            while not self._outbox:
                await self._to_write.rung()
            piece = bytes(self._outbox[:WRITE_BYTES])
            try:
                with trio.fail_after(STALL_SECONDS):
                    await self._stream.send_all(piece)
            except (trio.BrokenResourceError, trio.TooSlowError):
                self._give_up()
                return
            del self._outbox[: len(piece)]
            self.bytes_out += len(piece)
            self._written.ring()
            if not self._outbox:
                self._to_time.ring()  # what the conversation held back may go now

    async def _keep_time(self) -> None:
        while self.talk.end is None:
            if self._closing is not None:
                await self._step(self.talk.close, self._closing)
            elif self._poked:
                self._poked = False
                await self._step(_nothing)
            elif self._timer is not None and self._timer <= trio.current_time():
                if len(self._outbox) > BUSY_BYTES:
                    await self._written.rung()
                else:
                    await self._step(self.talk.tick, trio.current_time())
            else:
                with trio.move_on_at(float("inf") if self._timer is None else self._timer):
                    await self._to_time.rung()
        # A commit of somebody else's may have ended it: take its last words, and stop reading.
        await self._step(_nothing)

    # --- at the desk ---------------------------------------------------------------------------------------------------

    async def _step(self, function: Callable[..., None], *arguments: Any) -> None:
        """Let the conversation do something, and see what came of it."""
        try:
            data, self._timer, seconds = await self._store_thread.run(_act, self.talk, function, arguments)
        except StorageFailed as error:
            self.failure = error  # nothing more can be stored: that is the node's business, not this peer's
            self._give_up()
            return
        except StorageFull:
            log.warning("no room left on the disk")
            self._give_up()
            return
        except Exception:
            # A fault of ours that this peer's bytes have found. It costs this connection, never the node.
            log.exception("a conversation failed", extra={"peer": self.origin.address.host})
            self._give_up()
            return
        if data:
            self._outbox += data
            self._to_write.ring()
        self._to_time.ring()
        if self.talk.peer is not None:
            self._pace.spend(self.talk.peer, seconds, trio.current_time())
        if self.talk.peer is not None and self.talk.end is None and self._on_met is not None:
            on_met, self._on_met = self._on_met, None
            on_met()
        if self.talk.end is not None:
            self._reading.cancel()

    def _give_up(self) -> None:
        self._given_up = True
        self._reading.cancel()
        self._written.ring()

    async def _say_last_words(self) -> None:
        """Write what is left, and leave the other side a moment to read it: closing at once could throw it away."""
        end = self.talk.end
        if self._given_up or end is None or end.silent:
            return
        with trio.move_on_after(LINGER_SECONDS), suppress(trio.BrokenResourceError):
            while self._outbox and not self._given_up:
                await self._written.rung()
            await self._stream.send_eof()
            while await self._stream.receive_some(READ_BYTES):
                pass


class _ParkingLot:
    """Wakes whoever waits at this moment; those who wait look first whether they still have to."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = trio.Event()

    async def rung(self) -> None:
        await self._event.wait()


def _nothing() -> None:
    """The conversation is only asked what it has to say."""


def _act(
    talk: PeerConversation, function: Callable[..., None], arguments: tuple[Any, ...]
) -> tuple[bytes, float | None, float]:
    """What there is to write, the next timer, and how many seconds it took."""
    begun = perf_counter()
    function(*arguments)
    return talk.data_to_send(), talk.next_timer(), perf_counter() - begun


def _set_options(stream: trio.abc.HalfCloseableStream) -> None:
    """Let the kernel notice a dead way within half a minute; it costs no wake-up of ours."""
    if not isinstance(stream, trio.SocketStream):
        return
    with suppress(OSError, AttributeError):  # not every system has all of these
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            stream.setsockopt(socket.IPPROTO_TCP, option, value)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
