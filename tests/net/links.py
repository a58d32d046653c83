"""Links over streams in memory, whose conversations do what certain words ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, memory_stream_pair, wait_all_tasks_blocked

from meshnode.app.peers.conversation_end import ConversationEnd
from meshnode.errors import StorageFailed
from meshnode.net.address import Address
from meshnode.net.fair_share import FairShare
from meshnode.net.intake import Intake
from meshnode.net.peer_link import Origin, PeerLink
from meshnode.net.tcp_watch import TcpWatch
from meshnode.replica.changes import Change
from meshnode.replica.refused_record import NotTaken
from protocol import Code, limits

Stream = trio.StapledStream[MemorySendStream, MemoryReceiveStream]
RECORDS_HELD = 100_000  # bytes of memory, since it was told "records"
ALICE, BOB = b"a" * 32, b"b" * 32


@dataclass
class FakeConversation:
    """A conversation that echoes, and does what certain words ask for."""

    peer: bytes | None = None
    device: bytes | None = None
    run: bytes | None = None
    account: bytes | None = None
    at_door: bool = False
    gives_way: bool = False
    behind: bool = False
    steps_left: int = 0  # of opening, after which "opened" is sent
    live: bool = False
    settled: bool = True
    idle: bool = True
    contact: bool = False
    comparisons: int = 0
    came: int = 0
    held: int = 0
    missing: tuple[tuple[NotTaken, int], ...] = ()
    end: ConversationEnd | None = None
    received: bytes = b""
    timer: float | None = None
    ticks: list[float] = field(default_factory=list)
    outbox: list[bytes] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        return self.peer is not None

    @property
    def waiting(self) -> bool:
        return bool(self.outbox)

    def receive(self, data: bytes, now: float) -> None:
        self.received += data
        if data == b"I am Bob":
            self.peer = self.device = self.account = BOB
        elif data == b"stumble":
            raise RuntimeError("a bug of ours")
        elif data == b"disk":
            raise StorageFailed("the disk failed")
        elif data == b"nonsense":
            self.end = ConversationEnd(Code.MALFORMED, silent=True)
        elif data == b"open":
            self.steps_left = 3
        elif data == b"records":
            self.held = RECORDS_HELD
        elif data == b"much":
            self.outbox.append(bytes(2 * limits.SESSION_BUFFER_BYTES))
        else:
            self.outbox.append(data)

    def hand_over(self, now: float) -> None:
        self.held = 0
        self.outbox.append(b"handed over")

    def data_to_send(self) -> bytes:
        data = b"".join(self.outbox)
        self.outbox.clear()
        return data

    def next_timer(self) -> float | None:
        return self.timer

    def tick(self, now: float) -> None:
        self.ticks.append(now)
        self.timer = None
        self.outbox.append(b"tick")

    @property
    def busy(self) -> bool:
        return self.steps_left > 0

    @property
    def works_on_all(self) -> bool:
        return self.steps_left > 0

    def go_on(self) -> None:
        self.steps_left -= 1
        if not self.steps_left:
            self.outbox.append(b"opened")

    def greet(self) -> None:
        self.outbox.append(b"hello")

    def let_in(self) -> None:
        self.at_door = False
        self.outbox.append(b"come in")

    def note(self, change: Change) -> None:
        self.behind = True

    def follow(self) -> None:
        self.behind = False
        self.outbox.append(b"news")

    def compare(self, now: float) -> None:
        self.comparisons += 1
        self.outbox.append(b"compare")

    @property
    def enrolling(self) -> bool:
        return False

    def close(self, code: Code = Code.CLOSING, pause: int = 0) -> None:
        self.outbox.append(b"bye %d" % code)
        self.end = ConversationEnd(code, pause=pause)


class InlineStoreThread:
    """Stands in for the store thread, without a thread, so that the clock can jump."""

    async def run(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return function(*arguments)


@dataclass
class Ends:
    """A running link, and the other end of its stream."""

    link: PeerLink
    conversation: FakeConversation
    other: Stream
    met: list[float] = field(default_factory=list)
    over: trio.Event = field(default_factory=trio.Event)
    turned_away: bool = False

    async def run(self) -> None:
        await self.link.run(self._meet)
        self.over.set()

    def _meet(self) -> None:
        self.met.append(trio.current_time())
        if self.turned_away:
            self.link.close(Code.BUSY, 60)


async def linked(
    nursery: trio.Nursery,
    conversation: FakeConversation | None = None,
    fair_share: FairShare | None = None,
    *,
    dialed: bool = False,
    turned_away: bool = False,
    tcp: TcpWatch | None = None,
    intake: Intake | None = None,
) -> Ends:
    """Return a link that has just begun."""
    conversation, fair_share = conversation or FakeConversation(), fair_share or FairShare()
    ours, theirs = memory_stream_pair()
    ends = Ends(
        PeerLink(
            ours,
            conversation,
            InlineStoreThread(),
            Origin(Address("192.168.1.7", 7000), dialed=dialed),
            fair_share,
            intake or Intake(),
            tcp,
        ),
        conversation,
        theirs,
        turned_away=turned_away,
    )
    nursery.start_soon(ends.run)
    await wait_all_tasks_blocked()
    return ends
