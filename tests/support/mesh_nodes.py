"""The nodes of a simulated mesh and the wires between them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.errors import StorageFull
from meshnode.replica.replica import Replica
from protocol import PersonId
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

    @property
    def person(self) -> PersonId:
        return self.replica.me

    def recognizes(self, other: Node) -> bool:
        """Whether this node would recognize the other's announcement."""
        said = contacts.announced(other.replica)
        return said is not None and (other.person, said.presence_key) in contacts.presence_candidates(self.replica)


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
    timer: float | None = None
    """When the conversation is to be called, as it said at its last step; nobody asks it in between."""
    ringing: float | None = None
    """The timer that will ring."""
    going: bool = False
    """Whether a step of what it is busy with is to come."""
    unread: bytearray = field(default_factory=bytearray)
    """What has come while it was busy."""
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


Ends = tuple[End, End]


@dataclass(eq=False)
class Wire:
    """A pair of nodes that try to be connected; `ends` is None while they are not."""

    a: Node
    b: Node
    by_ear: bool = False
    """Whether they dial only nodes whose announcement they recognize, as neighbors on a LAN do."""
    one_way: bool = False
    """Whether only `a` can call: a firewall lets nothing in to it."""
    ends: Ends | None = None
    """That of `a`, and that of `b`."""
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
