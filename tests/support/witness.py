"""Looks on while a world lives: at what nodes give to each other, and at what they make of what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from meshnode.replica.access import Access, access_key
from meshnode.replica.changes import Superseding
from meshnode.replica.served_set import ServedSet
from meshnode.slices import Steps
from meshnode.store import RecordState, Row
from protocol import Kind, Record, RecordId, body_of
from protocol.session import Phase
from protocol.wire import Index
from tests.support.invariants import Peace, delays, room_faults
from tests.support.knowledge import Knowledge
from tests.support.liars import FingerprintLiar

if TYPE_CHECKING:
    from tests.support.world_simulation import SimulatedWorld

FAULTS_MAX = 20  # after so many it is known that something is wrong


class Broken(Exception):
    """A rule was broken, in a world that is to stop then."""


class Witness:
    """Collects `faults`, in words; where it `breaks`, raises Broken at the first one."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._chance = world.chance
        self.breaks = False
        self.faults: list[str] = []
        self.given = 0
        """How many records were seen to be given."""
        self.looks = 0
        """How often a node was judged by what it holds."""
        self.peace = Peace(world)

    def complain(self, fault: str) -> None:
        """Note a fault, unless there are many already."""
        if self.breaks:
            raise Broken(fault)
        if len(self.faults) < FAULTS_MAX and fault not in self.faults:
            self.faults.append(fault)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at every record that a node gives inside the block: by all that it knows then, the taker may have it."""
        honest = ServedSet.supply

        def supply(served: ServedSet, ids: Sequence[RecordId]) -> tuple[list[Record], list[Superseding]]:
            records, newer = honest(served, ids)
            for record in records:
                self._judge(served, record)
            return records, newer

        plain = ServedSet.filling

        def filling(served: ServedSet, phase: Phase) -> Steps[Index]:
            items = yield from plain(served, phase)
            liar = self._world.liars.get(self._name(served._me))
            if isinstance(liar, FingerprintLiar) and phase is Phase.CONTENT:
                items.insert(liar.claimed())
            return items

        with patch.object(ServedSet, "supply", supply), patch.object(ServedSet, "filling", filling):
            yield

    def _judge(self, served: ServedSet, record: Record) -> None:
        self.given += 1
        self.peace.note(served._me, served._peer, record)
        if self._name(served._me) in self._world.liars:
            return
        if record.header.kind == Kind.DEVICE:
            return  # those that a header needs are given to anybody who holds an older version
        row = Row.of(record, RecordState.LIVE, body_of(record) if record.body else None)
        access, peer, key = served._access, served._peer, access_key(row)
        if access.decide(peer, key) is not Access.ALLOW and not access.passes_on(peer, key, withdrawn=row.withdrawn):
            kind = Kind(row.kind).name.lower()
            self.complain(f"{self._name(served._me)} gives {self._name(peer)} a {kind} that they may not have")

    def look(self, nodes: int) -> None:
        """Judge this number of random nodes by what they hold at this moment."""
        world = self._world
        names = [node.name for node in world.nodes() if node.name not in world.asleep]
        for name in world.some(names, nodes):
            self.judge(name)

    def judge(self, name: str) -> None:
        """Judge one node by what it holds."""
        node = self._world.mesh.nodes[name]
        if self._world.name_of[node.person] in self._world.liars:
            return
        if self._world.is_misled(name):
            if node.clock.machine.is_synchronized:
                self.complain(f"{name} goes by a wrong date, though its own clock is synchronized")
            return
        self.looks += 1
        peers = {end.peer for end in node.conversations if end.peer is not None}
        for fault in (*Knowledge(node).faults(sorted(peers)[:3]), *room_faults(node)):
            self.complain(fault)

    def listen(self, pairs: int) -> None:
        """Look whether of this number of random pairs in touch one uses what the other knows to be taken back."""
        world = self._world
        misled = {name for name in world.mesh.nodes if world.is_misled(name)}
        doubtful = world.liars.keys() | world.lost | world.asleep | misled
        honest = [
            pair for pair in world.mesh.connections() if not {*pair, *(world.owner(one) for one in pair)} & doubtful
        ]
        for mistake in world.said.mistakes:
            self.complain(mistake)
        for one, other in world.chance.sample(honest, min(len(honest), pairs)):
            here, there = world.mesh.nodes[one], world.mesh.nodes[other]
            for fault in (*delays(here, there), *delays(there, here)):
                self.complain(fault)

    def _name(self, person: bytes) -> str:
        return self._world.name_of.get(person, person.hex()[:8])
