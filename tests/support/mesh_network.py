"""Carries bytes between the nodes of a simulated mesh under virtual time, as `net/peer_link.py` does over sockets.

It is no kinder than a real link. A conversation is called when bytes have come, when the timer rings that it named at its
last step, or when a commit has given it something to say: nobody asks it for its timers in between. Commits are followed
by one conversation at once, and by the others one after another. What comes while a conversation is busy waits, and is
read in one go afterwards. Bytes arrive in order and in any pieces, and take time by their number.

A heap of events is worked off in the order of their virtual time, ties in the order they were put there. All chance comes
from one seed; `trace` is a hash over every byte delivered.
"""

from __future__ import annotations

import heapq
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from functools import partial
from hashlib import blake2b

from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.errors import StorageFull
from meshnode.replica.changes import Change
from protocol import limits
from tests.support.mesh_nodes import End, Ends, NeverSettles, Node, Wire, failing_commits

LATENCY = (
    0.001,
    0.02,
)  # seconds a byte takes over a wire, drawn once a connection: a stream does not overtake itself
RATE = 1_000_000.0  # bytes in a second
NARROW_RATE = 4_000.0  # of connections that are narrow: four times what counts as gone
CUT_OFTEN = 0.1  # how many flights arrive in two pieces
REDIAL = 0.5  # seconds until a lost connection is tried again
NEAR = 3.0  # seconds: timers due within belong to what is under way
FOLLOWING = 0.001  # seconds that following one commit takes: the conversations of a node follow one after another
EVENTS_EACH = 20_000  # for each node: a hundred times of what the worst run took
FEWEST_NODES = 100  # a few nodes may have much to say to each other
SETTLES_WITHIN = 3 * limits.DAY  # seconds: slow readers take minutes for a message


class MeshNetwork(ABC):
    """The wires between nodes, and what is on its way over them."""

    def __init__(self, seed: int, latency: tuple[float, float]) -> None:
        self.time = 0.0
        self.nodes: dict[str, Node] = {}
        self.trace = blake2b(digest_size=16)
        self.bytes_sent = 0
        self.flaky = 0.0  # how likely it is that a delivery ends its connection instead
        self.narrow = 0.0  # how many connections are narrow
        self.slow: dict[str, float] = {}
        """How many times longer everything is on its way to these nodes."""
        self.crashing: set[str] = set()
        """Nodes whose disk takes no further commit: the next one that a peer causes ends the node, which then starts again."""
        self.tap: Callable[[Node, Node, bytes], None] | None = None
        self._seed = seed
        self._random = random.Random(seed)
        self._least_latency, self._most_latency = latency
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._off: set[str] = set()
        self._wires: list[Wire] = []
        self._wires_at: dict[str, list[Wire]] = {}

    @abstractmethod
    def restart(self, name: str) -> None:
        """End a node's process without a goodbye, and start it again from its store."""

    # --- wires -----------------------------------------------------------------------------------------------------------

    def wire(self, a: str, b: str, *, by_ear: bool = False, one_way: bool = False) -> None:
        """Let `a` and `b` reach each other: they connect as soon as one knows how to call the other."""
        wire = Wire(self.nodes[a], self.nodes[b], by_ear, one_way)
        self._wires.append(wire)
        for name in {a, b}:
            self._wires_at.setdefault(name, []).append(wire)
        self._later(0.0, partial(self._connect, wire))

    def cut(self, a: str, b: str) -> None:
        """Cut the connection between `a` and `b` until it is healed."""
        for wire in self._between(a, b):
            wire.cut = True
            self._drop(wire, redial=False)

    def partition(self, *groups: Iterable[str]) -> None:
        """Cut the connections between these groups of nodes; within a group they stay."""
        of = {name: number for number, group in enumerate(groups) for name in group}
        for wire in self._wires:
            if of[wire.a.name] != of[wire.b.name]:
                wire.cut = True
                self._drop(wire, redial=False)

    def heal(self) -> None:
        """Restore everything that was cut."""
        self.heal_between(self.nodes)

    def heal_between(self, names: Collection[str]) -> None:
        """Restore the connections between these nodes."""
        for wire in self._wires:
            if wire.cut and wire.a.name in names and wire.b.name in names:
                wire.cut = False
                self._later(self._latency(), partial(self._connect, wire))

    def connections(self) -> list[tuple[str, str]]:
        """Return the pairs of nodes that have a session which has settled on both ends."""
        standing = [
            wire for wire in self._wires if wire.ends is not None and all(end.conversation.live for end in wire.ends)
        ]
        return [(wire.a.name, wire.b.name) for wire in standing]

    def _between(self, a: str, b: str) -> list[Wire]:
        return [wire for wire in self._wires_at.get(a, ()) if b in (wire.a.name, wire.b.name)]

    def _wires_of(self, node: Node) -> list[Wire]:
        return list(self._wires_at.get(node.name, ()))

    def _connect(self, wire: Wire) -> None:
        if wire.cut or wire.ends is not None or {wire.a.name, wire.b.name} & self._off:
            return
        ways = [
            (caller, callee, dial)
            for caller, callee in ((wire.a, wire.b), (wire.b, wire.a))[: 1 if wire.one_way else 2]
            if not wire.by_ear or caller.recognizes(callee)
            for dial in contacts.dial_keys(caller.replica, callee.person)
            if dial.device == callee.replica.device
        ]
        if not ways:
            return  # until `advance` tries again
        caller, callee, dial = ways[wire.failures % len(ways)]
        calling = Conversation.dialing(caller.replica, dial, self.time)
        answering = Conversation.answering(callee.replica, callee.seen, self.time)
        calling.gives_way = answering.gives_way = True
        rate = NARROW_RATE if self.narrow and self._random.random() < self.narrow else RATE
        first, second = (calling, answering) if caller is wire.a else (answering, calling)
        wire.opened += 1
        chances = (random.Random(f"{self._seed}/{wire.a.name}/{wire.b.name}/{wire.opened}/{end}") for end in "ab")
        wire.ends = (
            End(wire.a, first, self._delay_to(wire.b), rate, next(chances)),
            End(wire.b, second, self._delay_to(wire.a), rate, next(chances)),
        )
        caller.conversations.append(calling)
        callee.conversations.append(answering)
        self._stepped(wire, wire.ends, 0 if caller is wire.a else 1)

    def _drop(self, wire: Wire, *, redial: bool = True) -> None:
        if wire.ends is None:
            return
        for end in wire.ends:
            if end.conversation in end.node.conversations:
                end.node.conversations.remove(end.conversation)
            end.node.behind.pop(end.conversation, None)
        wire.ends = None
        if redial and not wire.cut:
            wire.failures += 1
            self._later(REDIAL * min(wire.failures, 8), partial(self._connect, wire), weak=wire.failures > 3)

    def _drop_ended(self, wire: Wire, ends: Ends) -> None:
        if wire.ends is ends:
            self._drop(wire)

    # --- what is on its way ------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Run until nothing is on its way any more: no byte, no due reconnection. Timers further off do not count.

        Raises NeverSettles after more events, or more time, than any conversation may take.
        """
        until = self.time + SETTLES_WITHIN
        for _ in range(EVENTS_EACH * max(len(self.nodes), FEWEST_NODES)):
            if not self._heap:
                return
            at, _, event = heapq.heappop(self._heap)
            self.time = max(self.time, at)
            if self.time > until:
                raise NeverSettles(f"there is still something on its way after {SETTLES_WITHIN} s")
            event()
        raise NeverSettles(f"more than {EVENTS_EACH} events for each node")

    def run_for(self, seconds: float) -> None:
        """Let this much virtual time pass, and what is due by then happen; the rest stays on its way."""
        until = self.time + seconds
        while self._heap and self._heap[0][0] <= until:
            at, _, event = heapq.heappop(self._heap)
            self.time = max(self.time, at)
            event()
        self.time = until

    def _later(self, delay: float, event: Callable[[], None], *, weak: bool = False) -> None:
        """Put `event` on the heap; a weak one is left to `advance`, since it could repeat for ever."""
        if not weak:
            self._count += 1
            heapq.heappush(self._heap, (self.time + delay, self._count, event))

    def _latency(self) -> float:
        return self._random.uniform(self._least_latency, self._most_latency)

    def _delay_to(self, node: Node) -> float:
        return self._latency() * self.slow.get(node.name, 1.0)

    # --- commits -----------------------------------------------------------------------------------------------------------

    def _committed(self, node: Node, change: Change) -> None:
        """Have every conversation of a node take notice of a commit, and one of them follow it at once."""
        on_wires = [end.conversation for wire in self._wires_of(node) for end in wire.ends or ()]
        for conversation in tuple(node.conversations):
            conversation.note(change)
            if conversation not in on_wires:  # a test drives it by hand
                conversation.follow()
            elif conversation.behind and conversation not in node.behind:
                node.behind[conversation] = None
                if len(node.behind) > 1:
                    self._later(FOLLOWING * len(node.behind), partial(self._follow, node))
        self._follow(node)

    def _wake_all(self, node: Node) -> None:
        """Wake all conversations of a node, which goes by another date than before."""
        for wire in self._wires_of(node):
            for index, end in enumerate(wire.ends or ()):
                if wire.ends is not None and end.node is node:
                    self._later(0.0, partial(self._tick, wire, wire.ends, index))

    def _follow(self, node: Node) -> None:
        """Let the conversation that has waited longest follow, and wake it if it has something to say since."""
        if not node.behind:
            return
        conversation = next(iter(node.behind))
        del node.behind[conversation]
        with node.replica.changes.held():
            conversation.follow()
        if conversation.waiting:
            for wire in self._wires_of(node):
                for index, end in enumerate(wire.ends or ()):
                    if wire.ends is not None and end.conversation is conversation:
                        self._later(0.0, partial(self._tick, wire, wire.ends, index))

    # --- steps of one end --------------------------------------------------------------------------------------------------

    def _stepped(self, wire: Wire, ends: Ends, index: int) -> None:
        """Send what an end has to say after a step, and note when it wants to be called again."""
        if wire.ends is not ends:
            return
        end, conversation = ends[index], ends[index].conversation
        data = conversation.data_to_send()
        if data:
            self._send(wire, ends, index, data)
        if conversation.busy:
            if not end.going:
                end.going = True
                self._later(end.delay / 4, partial(self._go_on, wire, ends, index))
        elif end.unread:
            self._later(0.0, partial(self._read, wire, ends, index))
        end.timer = conversation.next_timer()
        self._set_timer(wire, ends, index)
        if conversation.end is not None:
            linger = end.arrival(self.time, 0) - self.time + ends[1 - index].delay
            self._later(linger, partial(self._drop_ended, wire, ends))

    def _send(self, wire: Wire, ends: Ends, index: int, data: bytes) -> None:
        """Let bytes arrive at the other end, in one piece or in two."""
        pieces = [data]
        chance = ends[index].chance
        if chance.random() < CUT_OFTEN and len(data) > 1:
            at = chance.randrange(1, len(data))
            pieces = [data[:at], data[at:]]
        for piece in pieces:
            arrival = ends[index].arrival(self.time, len(piece))
            self._later(arrival - self.time, partial(self._deliver, wire, ends, index, piece))

    def _deliver(self, wire: Wire, ends: Ends, index: int, data: bytes) -> None:
        """Let bytes that the end `index` has sent come to the other one."""
        if wire.ends is not ends:
            return  # the connection it was sent over is gone
        if self.flaky and ends[index].chance.random() < self.flaky:
            self._drop(wire)
            return
        sender, end = ends[index].node, ends[1 - index]
        if self.tap is not None:
            self.tap(sender, end.node, data)
        self.trace.update(f"{self.time:.6f}/{sender.name}/{end.node.name}/".encode() + data)
        self.bytes_sent += len(data)
        end.unread += data
        self._read(wire, ends, 1 - index)

    def _read(self, wire: Wire, ends: Ends, index: int) -> None:
        """Let an end take in all that has come, unless it is busy."""
        end = ends[index]
        if wire.ends is not ends or end.conversation.busy or not end.unread:
            return
        crashes = end.node.name in self.crashing
        try:
            with end.node.replica.changes.held(), failing_commits(end.node, fail=crashes):
                end.conversation.receive(end.read(), self.time)
        except StorageFull:
            self.crashing.discard(end.node.name)
            self.restart(end.node.name)
            return
        self._stepped(wire, ends, index)

    def _go_on(self, wire: Wire, ends: Ends, index: int) -> None:
        """Take one step of opening a session, or of taking records in; anything may change before the next one."""
        end = ends[index]
        end.going = False
        if wire.ends is ends:
            with end.node.replica.changes.held():
                end.conversation.go_on(0.0)
            self._stepped(wire, ends, index)

    def _tick(self, wire: Wire, ends: Ends, index: int) -> None:
        end = ends[index]
        if wire.ends is ends:
            with end.node.replica.changes.held():
                end.conversation.tick(self.time)
            self._stepped(wire, ends, index)

    def _set_timer(self, wire: Wire, ends: Ends, index: int) -> None:
        """Let the timers ring that are near; those far away (pings, rechecks) are left to `advance`.

        So are the looks at what was refused, every few seconds while room is short: those of both ends would follow each
        other for ever.
        """
        end = ends[index]
        due, conversation = end.timer, end.conversation
        serving, session = conversation._serving, conversation._session
        if serving is not None and session is not None and due == serving.refusals.next_check:
            due = session.next_timer()
        if due is not None and due <= self.time + NEAR and due != end.ringing:
            end.ringing = due
            self._later(max(0.0, due - self.time), partial(self._ring, wire, ends, index, due))

    def _ring(self, wire: Wire, ends: Ends, index: int, due: float) -> None:
        """Call a conversation whose timer rings, unless it has named a later one since."""
        end = ends[index]
        if end.ringing == due:
            end.ringing = None
        if end.timer is not None and end.timer <= self.time:
            self._tick(wire, ends, index)
        else:
            self._set_timer(wire, ends, index)
