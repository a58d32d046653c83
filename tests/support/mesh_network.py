"""Lets the nodes of a simulated mesh find and call each other: wires, cuts, and computers that are off.

What goes over the connections is up to mesh_lines.py. All chance comes from one seed; `trace` is a hash over every byte
delivered.
"""

from __future__ import annotations

import random
from abc import ABC
from collections.abc import Collection, Iterable
from functools import partial

from meshnode.app.peers import contacts
from meshnode.app.peers.contacts import Dial
from meshnode.app.peers.conversation import Conversation
from tests.support.mesh_lines import MeshLines
from tests.support.mesh_nodes import End, Line, Node, Wire

LATENCY = (
    0.001,
    0.02,
)  # seconds a byte takes over a wire, drawn once a connection: a stream does not overtake itself
RATE = 1_000_000.0  # bytes in a second
NARROW_RATE = 4_000.0  # of connections that are narrow: four times what counts as gone
REDIAL = 0.5  # seconds until a lost connection is tried again


class MeshNetwork(MeshLines, ABC):
    """The wires between nodes."""

    def __init__(self, seed: int, latency: tuple[float, float]) -> None:
        super().__init__()
        self.narrow = 0.0  # how many connections are narrow
        self.doubled = 0.0  # how often both ends of a wire call each other at once
        self.wires: list[Wire] = []
        self.slow: dict[str, float] = {}
        """How many times longer everything is on its way to these nodes."""
        self._seed = seed
        self._random = random.Random(seed)
        self._least_latency, self._most_latency = latency
        self._off: set[str] = set()
        self._wires_at: dict[str, list[Wire]] = {}

    def wire(self, a: str, b: str, *, by_ear: bool = False, one_way: bool = False) -> None:
        """Let `a` and `b` reach each other: they connect as soon as one knows how to call the other."""
        wire = Wire(self.nodes[a], self.nodes[b], by_ear, one_way)
        self.wires.append(wire)
        for name in {a, b}:
            self._wires_at.setdefault(name, []).append(wire)
        self._later(0.0, partial(self._connect, wire))

    def cut(self, a: str, b: str) -> None:
        """Cut the connection between `a` and `b` until it is healed."""
        for wire in self._between(a, b):
            self._cut(wire)

    def partition(self, *groups: Iterable[str]) -> None:
        """Cut the connections between these groups of nodes; within a group they stay."""
        of = {name: number for number, group in enumerate(groups) for name in group}
        for wire in self.wires:
            if of[wire.a.name] != of[wire.b.name]:
                self._cut(wire)

    def _cut(self, wire: Wire) -> None:
        wire.cut = True
        for line in tuple(wire.lines):
            self._lose(line)

    def heal(self) -> None:
        """Restore everything that was cut."""
        self.heal_between(self.nodes)

    def heal_between(self, names: Collection[str]) -> None:
        """Restore the connections between these nodes."""
        for wire in self.wires:
            if wire.cut and wire.a.name in names and wire.b.name in names:
                wire.cut = False
                self._later(self._latency(), partial(self._connect, wire))

    def connections(self) -> list[tuple[str, str]]:
        """Return the pairs of nodes that have a session which has settled on both ends."""
        return [
            (wire.a.name, wire.b.name)
            for wire in self.wires
            if any(line.stands and all(end.conversation.live for end in line.ends) for line in wire.lines)
        ]

    def _between(self, a: str, b: str) -> list[Wire]:
        return [wire for wire in self._wires_at.get(a, ()) if b in (wire.a.name, wire.b.name)]

    def _wires_of(self, node: Node) -> list[Wire]:
        return list(self._wires_at.get(node.name, ()))

    def _connect(self, wire: Wire) -> None:
        """Let one end call the other, if it knows how to and has no connection with it; at times both do at once."""
        if wire.cut or {wire.a.name, wire.b.name} & self._off:
            return
        ways = [way for index in range(1 if wire.one_way else 2) for way in self._ways(wire, index)]
        if not ways:
            return  # until `advance` tries again
        caller, dial = ways[wire.failures % len(ways)]
        self._call(wire, caller, dial)
        if self.doubled and self._random.random() < self.doubled:
            for caller, dial in [way for way in ways if way[0] != caller][:1]:
                self._call(wire, caller, dial)

    def _ways(self, wire: Wire, index: int) -> list[tuple[int, Dial]]:
        """Return how the node at this end of a wire can call the other one now."""
        caller, callee = (wire.a, wire.b) if index == 0 else (wire.b, wire.a)
        device = callee.replica.device
        if any(line.ends[index].open for line in wire.lines) or caller.table.has(callee.person, device):
            return []
        if wire.by_ear and not caller.recognizes(callee):
            return []
        return [(index, dial) for dial in contacts.dial_keys(caller.replica, callee.person) if dial.device == device]

    def _call(self, wire: Wire, index: int, dial: Dial) -> None:
        caller, callee = (wire.a, wire.b) if index == 0 else (wire.b, wire.a)
        calling = Conversation.dialing(caller.replica, dial, self.time)
        answering = Conversation.answering(callee.replica, callee.seen, self.time, asks_first=True)
        calling.gives_way = answering.gives_way = True
        rate = NARROW_RATE if self.narrow and self._random.random() < self.narrow else RATE
        first, second = (calling, answering) if index == 0 else (answering, calling)
        wire.opened += 1
        chances = (random.Random(f"{self._seed}/{wire.a.name}/{wire.b.name}/{wire.opened}/{end}") for end in "ab")
        ends = (
            End(wire.a, first, self._delay_to(wire.b), rate, next(chances)),
            End(wire.b, second, self._delay_to(wire.a), rate, next(chances)),
        )
        self._open(Line(wire, ends, index, self.time))

    def _drop(self, wire: Wire, *, redial: bool = True) -> None:
        """End the connections over a wire, as both ends see at once."""
        if wire.lines:
            for line in tuple(wire.lines):
                self._end(line)
            if redial:
                self._redial(wire)

    def _redial(self, wire: Wire, *, weak: bool = False) -> None:
        if not wire.cut:
            wire.failures += 1
            if not weak and wire.failures <= 3:  # it could repeat for ever: else it is left to `advance`
                self._later(REDIAL * wire.failures, partial(self._connect, wire))

    def _latency(self) -> float:
        return self._random.uniform(self._least_latency, self._most_latency)

    def _delay_to(self, node: Node) -> float:
        return self._latency() * self.slow.get(node.name, 1.0)
