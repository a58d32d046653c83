"""The nodes of a simulated mesh and the wires between them."""

from __future__ import annotations

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

    @property
    def person(self) -> PersonId:
        return self.replica.me

    def recognizes(self, other: Node) -> bool:
        """Whether this node would recognize the other's announcement."""
        said = contacts.announced(other.replica)
        return said is not None and (other.person, said.presence_key) in contacts.presence_candidates(self.replica)


@dataclass(eq=False)
class Wire:
    """A pair of nodes that try to be connected; `ends` is None while they are not."""

    a: Node
    b: Node
    by_ear: bool = False
    """Whether they dial only nodes whose announcement they recognize, as neighbors on a LAN do."""
    one_way: bool = False
    """Whether only `a` can call: a firewall lets nothing in to it."""
    ends: tuple[Conversation, Conversation] | None = None
    delays: tuple[float, float] = (0.0, 0.0)
    """Seconds from `a` to `b`, and back."""
    cut: bool = False
    failures: int = 0


def node_of(wire: Wire, end: Conversation) -> Node:
    """Return the node that has this end of the wire."""
    assert wire.ends is not None
    return wire.a if end is wire.ends[0] else wire.b


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
