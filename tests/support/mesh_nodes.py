"""The nodes of a simulated mesh and the wires between them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.errors import StorageFull
from meshnode.net.connection_table import ConnectionTable
from meshnode.net.turns import Rank
from meshnode.replica.replica import Replica
from protocol import DeviceId, PersonId, limits
from protocol.wire import SeenEphemerals
from tests.support.virtual_clock import VirtualClock


class NeverSettles(AssertionError):
    """Nodes go on talking though nothing happens any longer."""


@dataclass(eq=False)
class Node:
    """One person's node in the mesh."""

    name: str
    replica: Replica
    clock: VirtualClock
    seen: SeenEphemerals = field(default_factory=SeenEphemerals)
    conversations: list[Conversation] = field(default_factory=list)
    behind: dict[Conversation, None] = field(default_factory=dict)
    """Conversations that have still to follow a commit, those that have waited longest first."""
    places: int = limits.SESSIONS_MAX
    """How many sessions it has at once."""
    kept_up: bool = False
    """Whether it has done what is due since its process began."""
    table: ConnectionTable[Seat] = field(init=False)
    """Its sessions."""

    def __post_init__(self) -> None:
        self.forget_sessions()

    def forget_sessions(self) -> None:
        """Begin as a new process does."""
        self.seen, self.kept_up = SeenEphemerals(), False
        self.table = ConnectionTable(self.replica.device, self.places)

    @property
    def person(self) -> PersonId:
        return self.replica.me

    def recognizes(self, other: Node) -> bool:
        """Whether this node would recognize the other's announcement."""
        said = contacts.announced(other.replica)
        return said is not None and (other.person, said.presence_key) in contacts.presence_candidates(self.replica)


@dataclass(eq=False)
class Seat:
    """What the table of connections of a node knows of one of them: see `net/connection_table.py`."""

    conversation: Conversation
    person: PersonId
    device: DeviceId
    run: bytes
    account: PersonId
    rank: Rank
    dialed: bool
    since: float
    seated: float

    @property
    def idle(self) -> bool:
        """Whether the two sides have nothing left to say to each other for now."""
        return self.conversation.idle


@dataclass(eq=False)
class End:
    """One end of a connection: what `net/peer_link.py` keeps beside its socket."""

    node: Node
    conversation: Conversation
    delay: float
    """Seconds that each byte is on its way to the other end."""
    rate: float
    """Bytes in a second that it can send."""
    chance: random.Random
    """Chance of its own: what is said elsewhere changes nothing here."""
    open: bool = True
    """Whether this end still takes the connection for one."""
    seat: Seat | None = None
    """Its place among the sessions of the node, once it is known who the other one is."""
    timer: float | None = None
    """When the conversation is to be called, as it said at its last step; nobody asks it in between."""
    ringing: float | None = None
    """The timer that will ring."""
    going: bool = False
    """Whether a step of what it is busy with is to come."""
    unread: bytearray = field(default_factory=bytearray)
    """What has come while it was busy, or did not read."""
    reads_at: float = 0.0
    """When it reads again."""
    unwritten: int = 0
    """Bytes that it has sent and the other end has not read."""
    held_back: bool = False
    """Whether it was not called because so much was still to be written."""
    _sent: float = 0.0

    def arrival(self, now: float, size: int) -> float:
        """Return when the last of so many bytes arrives that are sent now, after all that was sent before."""
        self._sent = max(self._sent, now) + size / self.rate
        return self._sent + self.delay

    def read(self) -> bytes:
        """Return what has come, each byte once."""
        data = bytes(self.unread)
        self.unread.clear()
        return data


@dataclass(eq=False)
class Line:
    """One connection over a wire. Its ends may be of different minds about whether it still stands."""

    wire: Wire
    ends: tuple[End, End]
    """That of the wire's `a`, and that of its `b`."""
    caller: int
    """Which end has called."""
    since: float
    dead: bool = False
    """Whether nothing that is sent arrives any longer."""

    @property
    def stands(self) -> bool:
        """Whether both ends have it, and bytes arrive."""
        return not self.dead and self.ends[0].open and self.ends[1].open


@dataclass(eq=False)
class Wire:
    """A pair of nodes that try to be connected, by `lines`: mostly one or none, and at times two."""

    a: Node
    b: Node
    by_ear: bool = False
    """Whether they dial only nodes whose announcement they recognize, as neighbors on a LAN do."""
    one_way: bool = False
    """Whether only `a` can call: a firewall lets nothing in to it."""
    lines: list[Line] = field(default_factory=list)
    cut: bool = False
    failures: int = 0
    opened: int = 0
    """How many connections there have been."""


@contextmanager
def failing_commits(node: Node, *, fail: bool) -> Iterator[None]:
    """Let every commit of the node inside the block fail, as on a full disk; the transaction is undone."""

    def refuse() -> None:
        raise StorageFull("the disk is full", "made so by the simulation")

    before_commit = node.replica.store._database.before_commit
    if fail:
        before_commit.append(refuse)
    try:
        yield
    finally:
        if fail:
            before_commit.remove(refuse)
