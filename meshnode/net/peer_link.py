"""Carries bytes between one socket and one conversation, at the pace of the slower one.

The link stops reading while much is still to be written, so that a peer that asks and never reads cannot fill memory;
while the account of a person has used more than its share of the store thread (`fair_share`); and while all links together
have received as much as there is room for (`intake`). The conversation reads and writes
records, so it runs on the store thread; the link itself knows only sockets, time and how connections end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import perf_counter
from typing import Any, Protocol

import trio
from msgspec import Struct

from meshnode.app.explain.status import Peer
from meshnode.app.peers.accounts import NOBODY
from meshnode.app.peers.conversation_end import ConversationEnd
from meshnode.errors import StorageFailed, StorageFull
from meshnode.net.address import Address
from meshnode.net.fair_share import FairShare
from meshnode.net.intake import Intake
from meshnode.net.tcp_watch import UNDER_WAY_SECONDS, TcpWatch
from meshnode.net.turns import Rank
from meshnode.replica.changes import Change
from meshnode.replica.refused_record import NotTaken
from meshnode.replica.replica import StoreRunner
from meshnode.wakeup import Wakeup
from protocol import Code, DeviceId, PersonId, limits, short_id

log = logging.getLogger(__name__)

READ_BYTES = 256 * 1024  # at once: a thousand short records, which fill a commit
READ_LESS_BYTES = 64 * 1024  # where memory is short: each link may have read so much while it waits
WRITE_BYTES = 64 * 1024
BUSY_BYTES = 256 * 1024  # with this much unwritten, the conversation is not asked for more
STALL_SECONDS = 60.0  # for one piece of WRITE_BYTES: a peer slower than 1 kB/s counts as gone
PROVING_SECONDS = 2.0  # in which a caller who was answered has proven who they are, even in a slow network
LINGER_SECONDS = 0.5  # for the peer to read what was sent last, before the socket is closed
FRESH_SECONDS = 5.0  # after a sign of life nobody asks for another one
GREETS_SECONDS = 3.0  # after which our Hello waits no longer for what goes with it: a fifth of PREAUTH_SECONDS
ANSWER_SECONDS = 2.0  # in which a sign of life comes: two or three tries, of which a bad network loses some
LOOK_FIRST_SECONDS, LOOK_SECONDS = (
    0.005,
    1.0,
)  # until it is looked for, doubled each time up to the second: a LAN is quick


class PeerConversation(Protocol):
    """The part of `app.peers.conversation.Conversation` that a link uses. All methods run on the store thread."""

    @property
    def peer(self) -> PersonId | None: ...
    @property
    def device(self) -> DeviceId | None: ...
    @property
    def run(self) -> bytes | None: ...
    @property
    def account(self) -> PersonId | None: ...
    @property
    def proven(self) -> bool: ...
    @property
    def at_door(self) -> bool: ...
    @property
    def live(self) -> bool: ...
    @property
    def comparisons(self) -> int: ...
    @property
    def came(self) -> int: ...
    @property
    def missing(self) -> tuple[tuple[NotTaken, int], ...]: ...

    gives_way: bool

    @property
    def busy(self) -> bool: ...
    @property
    def works_on_all(self) -> bool: ...
    def go_on(self) -> None: ...
    def greet(self) -> None: ...
    @property
    def settled(self) -> bool: ...
    @property
    def idle(self) -> bool: ...
    @property
    def contact(self) -> bool: ...
    @property
    def enrolling(self) -> bool: ...
    @property
    def end(self) -> ConversationEnd | None: ...
    @property
    def waiting(self) -> bool: ...
    def let_in(self) -> None: ...
    @property
    def held(self) -> int: ...
    def hand_over(self, now: float) -> None: ...
    def note(self, change: Change) -> None: ...
    @property
    def behind(self) -> bool: ...
    def follow(self) -> None: ...
    def compare(self, now: float) -> None: ...
    def receive(self, data: bytes, now: float) -> None: ...
    def data_to_send(self) -> bytes: ...
    def next_timer(self) -> float | None: ...
    def tick(self, now: float) -> None: ...
    def close(self, code: Code = ..., pause: int = ...) -> None: ...


class Origin(Struct, frozen=True):
    """The address at the other end, and whether this node dialed it."""

    address: Address
    dialed: bool


class PeerLink:
    """Runs one conversation over one stream. Use once: `Network` creates it and awaits `run`.

    `conversation` is fed bytes, the time and its timers, always on `store_thread`. `fair_share` is charged for that time
    once it is known who answers for the person. `close`, `compare`, `drop` and `wake` are called on the event loop while `run` runs.
    """

    def __init__(
        self,
        stream: trio.abc.HalfCloseableStream,
        conversation: PeerConversation,
        store_thread: StoreRunner,
        origin: Origin,
        fair_share: FairShare,
        intake: Intake,
        tcp: TcpWatch | None = None,
    ) -> None:
        self.conversation = conversation
        conversation.gives_way = True
        self.origin = origin
        self.since = trio.current_time()
        self.bytes_in = 0
        self.bytes_out = 0
        self.failure: StorageFailed | None = None
        """Why the link ended, if the disk failed: nothing more can be stored, so the node must stop."""
        self._stream = stream
        self._tcp = TcpWatch(stream) if tcp is None else tcp
        self._resting = trio.CancelScope()  # of the wait after which what was written last has been acknowledged
        self._asking: float | None = None  # since when the kernel asks for a sign of life
        self._answered = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._store_thread = store_thread
        self._fair_share = fair_share
        self._intake = intake
        self._uncharged = 0.0  # seconds of the store thread that went by before the account was known
        self._outbox = bytearray()
        self._timer: float | None = None
        self._woken = False
        self._stepping = 0  # steps that wait for the store thread or run on it
        self._closing: tuple[Code, int] | None = None
        self._given_up = False
        self._to_write = Wakeup()
        self._written = Wakeup()
        self._to_time = Wakeup()
        self._reading = trio.CancelScope()
        self._on_identified: Callable[[], None] | None = None

    async def run(self, on_identified: Callable[[], None]) -> None:
        """Converse until one side ends it, then close the stream and return.

        `on_identified` is called once, as soon as the other side has proven who it is. Nothing that a peer sends makes
        `run` raise; a failure of the disk is left in `failure`. Cancelling it closes the stream without a Bye.
        """
        self._on_identified = on_identified
        try:
            self._tcp.begin()
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._write)
                nursery.start_soon(self._keep_time)
                if self.origin.dialed:  # the other end has the first word else
                    await self._step(None)
                with self._reading:
                    await self._read()
                await self._flush()
                nursery.cancel_scope.cancel()
        finally:
            self._nursery = None
            self._intake.hold(self, self._account, 0)
            await trio.aclose_forcefully(self._stream)

    @property
    def idle(self) -> bool:
        """Whether the two sides have nothing left to say to each other for now."""
        return self.conversation.idle and not self._outbox

    @property
    def in_progress(self) -> bool:
        """Whether the other end waits for this node to deal with what it has sent, or has lately got an answer."""
        answered = self.bytes_out > 0 and trio.current_time() < self.since + PROVING_SECONDS
        return self.bytes_in > 0 and (self._stepping > 0 or answered or self.conversation.enrolling)

    def close(self, code: Code, pause: int = 0) -> None:
        """End the conversation with this code; `run` returns soon after.

        With BUSY, `pause` says in how many seconds the other side is to come back.
        """
        self._closing = code, pause
        self.wake()

    async def compare(self) -> None:
        """Begin a comparison of all that both ends hold for each other, if one may begin now."""
        await self._step(self.conversation.compare, trio.current_time())

    @property
    def was_turned_away(self) -> bool:
        """Whether the other end has called, proven that it may, and got nothing for it, or broken the protocol."""
        end = self.conversation.end
        if self.origin.dialed or end is None or end.silent:
            return False
        return end.fault or end.code in (Code.BUSY, Code.REFUSED)

    @property
    def summary(self) -> dict[str, object]:
        """The fields of the line that the log gets when the link has ended."""
        end, peer = self.conversation.end, self.conversation.peer
        about: dict[str, object] = {
            "address": str(self.origin.address),
            "seconds": round(trio.current_time() - self.since, 1),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "code": "lost" if end is None else end.code.name.lower(),
        }
        return about if peer is None else {**about, "peer": short_id(peer)}

    @property
    def answers(self) -> bool:
        """Whether the machine at the other end seems to be there: nobody has asked it in vain for ANSWER_SECONDS."""
        return self._asking is None or trio.current_time() < self._asking + ANSWER_SECONDS

    async def check(self) -> None:
        """Find out whether the machine at the other end still `answers`, unless it has just shown that it does.

        Takes ANSWER_SECONDS at most. If there is no answer, the link ends some time later.
        """
        silent = self._tcp.silent_seconds
        if self._nursery is None or silent is None or (self._asking is None and silent < FRESH_SECONDS):
            return
        if self._asking is None:
            self._asking, self._answered = trio.current_time(), trio.Event()
            self._nursery.start_soon(self._ask, self._asking, self._answered)
        with trio.move_on_at(self._asking + ANSWER_SECONDS):
            await self._answered.wait()

    async def _ask(self, begun: float, answered: trio.Event) -> None:
        """Have the kernel ask for a sign of life until one comes, or until it ends the connection, and this link with it."""
        self._tcp.ask()
        pause = LOOK_FIRST_SECONDS
        while (silent := self._tcp.silent_seconds) is not None and silent >= trio.current_time() - begun:
            await trio.sleep(pause)
            pause = min(2 * pause, LOOK_SECONDS)
        self._tcp.asked_enough()
        self._asking = None
        answered.set()

    def drop(self) -> None:
        """End the connection at once, without a Bye."""
        self._give_up()

    def wake(self) -> None:
        """Send what the conversation has to send: a commit has given it something."""
        self._woken = True
        self._to_time.set()

    # --- three tasks ---------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            while len(self._outbox) > limits.SESSION_BUFFER_BYTES:
                await self._written.wait()
            data = b""
            known = self.conversation.peer is not None or self.conversation.enrolling
            deadline = float("inf") if known else self.since + limits.PREAUTH_SECONDS
            with trio.move_on_at(deadline), suppress(trio.BrokenResourceError):
                data = bytes(await self._stream.receive_some(READ_LESS_BYTES if self._intake.is_tight else READ_BYTES))
            if not data:
                return
            self.bytes_in += len(data)
            if self._tcp.at_rest():
                self._resting.deadline = float("inf")
            await self._take_in(data)
            if self.conversation.account is not None:
                await trio.sleep(self._fair_share.pause(self.conversation.account, trio.current_time()))

    async def _take_in(self, data: bytes) -> None:
        """Pass on what was read, when there is room for the records in it, and have them committed where room is short."""
        if not self.conversation.proven:  # there can be no records in it
            await self._step(self.conversation.receive, data, trio.current_time())
            return
        async with self._intake.entering(self._account, len(data)):
            await self._step(self.conversation.receive, data, trio.current_time())
            if self._intake.is_tight and self.conversation.held:
                await self._step(self.conversation.hand_over, trio.current_time())

    @property
    def _account(self) -> PersonId:
        account = self.conversation.account
        return NOBODY if account is None else account

    async def _write(self) -> None:
        while True:
            if not self._outbox:
                await self._rest()
                continue
            piece = bytes(self._outbox[:WRITE_BYTES])
            try:
                with trio.fail_after(STALL_SECONDS):
                    await self._stream.send_all(piece)
            except (trio.BrokenResourceError, trio.TooSlowError):
                self._give_up()
                return
            self._tcp.under_way()
            del self._outbox[: len(piece)]
            self.bytes_out += len(piece)
            self._written.set()
            if not self._outbox:
                self._to_time.set()  # the conversation may have held something back

    async def _rest(self) -> None:
        """Wait until there is something to write. What was written before is acknowledged meanwhile, or the link is cut."""
        with trio.CancelScope(deadline=trio.current_time() + UNDER_WAY_SECONDS) as self._resting:
            await self._to_write.wait()
        if self._resting.cancelled_caught:
            self._tcp.at_rest()
            await self._to_write.wait()

    async def _keep_time(self) -> None:
        while self.conversation.end is None:
            if self._closing is not None:
                await self._step(self.conversation.close, *self._closing)
            elif self._woken:
                self._woken = False
                if len(self._outbox) > BUSY_BYTES:
                    await self._step(None)
                else:  # it may not have been told the time for long
                    await self._step(self.conversation.tick, trio.current_time())
            elif self._timer is not None and self._timer <= trio.current_time():
                if len(self._outbox) > BUSY_BYTES:
                    await self._written.wait()
                else:
                    await self._step(self.conversation.tick, trio.current_time())
            else:
                with trio.move_on_at(float("inf") if self._timer is None else self._timer):
                    await self._to_time.wait()
        # The conversation may have ended in a commit of another link: send what it has left, and stop reading.
        await self._step(None)

    # --- on the store thread -------------------------------------------------------------------------------------------

    async def _step(self, function: Callable[..., None] | None, *arguments: Any) -> None:
        """Run `function`, if any, on the store thread when nothing is half done, and then what it has begun; see `_one_step`."""
        await self._go_on()
        await self._one_step(function, *arguments)
        await self._go_on()

    async def _go_on(self) -> None:
        while self.conversation.busy and not self._given_up:
            if self.conversation.works_on_all:
                await self._work_in_turn()
            else:
                await self._one_step(self.conversation.go_on)

    async def _work_in_turn(self) -> None:
        """Look at all that the peer may have, when it is our turn. Where that takes long, our Hello goes out before."""
        greets_at = trio.current_time() + GREETS_SECONDS
        with trio.move_on_at(greets_at) as turn:
            await self._intake.turn.acquire()
        if turn.cancelled_caught:
            greets_at = inf
            await self._one_step(self.conversation.greet)
            await self._intake.turn.acquire()
        try:
            while self.conversation.works_on_all and not self._given_up:
                await self._one_step(self.conversation.go_on)
                if trio.current_time() >= greets_at:
                    greets_at = inf
                    await self._one_step(self.conversation.greet)
        finally:
            self._intake.turn.release()

    async def _one_step(self, function: Callable[..., None] | None, *arguments: Any) -> None:
        """Run `function`, if any, on the store thread; then send what the conversation has to send.

        Also notes its next timer, its peer and its end.
        """
        self._stepping += 1
        try:
            data, self._timer, seconds = await self._store_thread.run(_advance, self.conversation, function, arguments)
        except StorageFailed as error:
            self.failure = error
            self._give_up()
            return
        except StorageFull:
            log.warning("the disk is full")
            self._give_up()
            return
        except Exception:
            # A bug of ours that this peer's bytes have found. It costs this connection, never the node.
            log.exception("a conversation failed", extra={"peer": self.origin.address.host})
            self._give_up()
            return
        finally:
            self._stepping -= 1
        self._intake.hold(self, self._account, self.conversation.held)
        if data:
            self._outbox += data
            self._to_write.set()
        self._to_time.set()
        self._uncharged += seconds
        if self.conversation.account is not None:
            self._fair_share.spend(self.conversation.account, self._uncharged, trio.current_time())
            self._uncharged = 0.0
        if self.conversation.peer is not None and self.conversation.end is None and self._on_identified is not None:
            on_identified, self._on_identified = self._on_identified, None
            on_identified()
            if self.conversation.at_door and self._closing is None:
                await self._step(self.conversation.let_in)
        if self.conversation.end is not None:
            self._reading.cancel()

    def _give_up(self) -> None:
        self._given_up = True
        self._reading.cancel()
        self._written.set()

    async def _flush(self) -> None:
        """Write what is left, and give the other side a moment to read it: closing at once could discard it."""
        end = self.conversation.end
        if self._given_up or end is None or end.silent:
            return
        with trio.move_on_after(LINGER_SECONDS), suppress(trio.BrokenResourceError):
            while self._outbox and not self._given_up:
                await self._written.wait()
            await self._stream.send_eof()
            while await self._stream.receive_some(READ_BYTES):
                pass


class ConnectedPeer(Struct, eq=False):
    """A link whose other end has proven who it is.

    `since` is in monotonic seconds, `wall` the same time in UNIX seconds; `seated` is when it was given its session.
    """

    link: PeerLink
    person: PersonId
    device: DeviceId
    run: bytes
    rank: Rank
    account: PersonId
    since: float
    wall: int
    seated: float

    @property
    def dialed(self) -> bool:
        """Whether this node dialed."""
        return self.link.origin.dialed

    @property
    def idle(self) -> bool:
        """Whether the two sides have nothing left to say to each other for now."""
        return self.link.idle

    @property
    def shown(self) -> Peer:
        """The session as the owner sees it."""
        address, conversation = str(self.link.origin.address), self.link.conversation
        return Peer(self.person, self.device, address, self.dialed, self.wall, conversation.live, conversation.missing)


def _advance(
    conversation: PeerConversation, function: Callable[..., None] | None, arguments: tuple[Any, ...]
) -> tuple[bytes, float | None, float]:
    """Run `function`, if any. Return the bytes to write, the next timer, and how many seconds it took."""
    start = perf_counter()
    if function is not None:
        function(*arguments)
    return conversation.data_to_send(), conversation.next_timer(), perf_counter() - start
