"""Many nodes in one process under virtual time: real replicas and conversations, an in-memory network between them.

Nothing here waits: a heap of events is worked off in the order of their virtual time, ties in the order they were put
there. All chance comes from one seed, so a run can be repeated exactly; `trace` is a hash over every byte delivered.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import blake2b

from meshnode.app import misdated, upkeep
from meshnode.app.devices import confirmation, joining
from meshnode.app.devices import device_list as devices
from meshnode.app.owner import certificates, profile
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.clock import ClockMemory, ClockReading
from meshnode.errors import StorageFull
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Audience, DeviceKeys, IdentityKeys, PersonId, Precision, Preference, limits
from protocol.tokens import DeviceCode
from protocol.wire import SeenEphemerals
from tests.support.mesh_nodes import NeverSettles, Wire, failing_commits, node_of
from tests.support.mesh_nodes import Node as Node  # noqa: PLC0414 - its users need a mesh anyway
from tests.support.verdicts import SharedVerdicts
from tests.support.virtual_clock import EPOCH as EPOCH  # noqa: PLC0414 - its users need a mesh anyway
from tests.support.virtual_clock import VirtualClock, VirtualMachine

LATENCY = (
    0.001,
    0.02,
)  # seconds a message takes over a wire, drawn once a connection: a stream does not overtake itself
REDIAL = 0.5  # seconds until a lost connection is tried again
LEFT_BEHIND = 0.2  # how many conversations do not follow a commit at once, since others have used up the slice
FOLLOWS_WITHIN = 0.02  # seconds: then they do
NEAR = 3.0  # seconds: timers due within belong to what is under way
EVENTS_EACH = 20_000  # for each node: a hundred times of what the worst run took
FEWEST_NODES = 100  # a few nodes may have much to say to each other
SETTLES_WITHIN = 3 * limits.DAY  # seconds: slow readers take minutes for a message


class Mesh:
    """The nodes, the wires between them and the virtual time they live in."""

    def __init__(
        self, seed: int, latency: tuple[float, float] = LATENCY, *, open_store: Callable[[], Store] | None = None
    ) -> None:
        self.time = 0.0
        self.slept = 0.0
        """Seconds that passed on all clocks beside `time`, in lulls."""
        self.nodes: dict[str, Node] = {}
        self.trace = blake2b(digest_size=16)
        self.bytes_sent = 0
        self._random = random.Random(seed)
        self._seed = seed
        self._least_latency, self._most_latency = latency
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._wires: list[Wire] = []
        self._off: set[str] = set()
        self._wires_at: dict[str, list[Wire]] = {}
        self._verdicts = SharedVerdicts()
        self._open_store = open_store or partial(Store.open, ":memory:")
        self.flaky = 0.0  # how likely it is that a delivery ends its connection instead
        self.slow: dict[str, float] = {}
        """How many times longer everything is on its way to these nodes."""
        self.crashing: set[str] = set()
        """Nodes whose disk takes no further commit: the next one that a peer causes ends the node, which then starts again."""
        self.tap: Callable[[Node, Node, bytes], None] | None = None
        self.started: list[Callable[[Node], None]] = []
        """Called with each node as soon as its replica is open, and again after a restart."""

    # --- people ------------------------------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        *,
        audience: Audience = Audience.TRUSTED_NETWORK,
        place: str | None = None,
        error: float | None = None,
    ) -> Node:
        """Add a new person with a node of their own, whose keys are made from seed and name.

        With `error` its machine's clock is off by so many seconds, and the node has never known the date.
        """
        identity = IdentityKeys(random.Random(f"{self._seed}/{name}/identity").randbytes(32))
        node = self._new_node(name, identity, error=error)
        certificates.write_first_records(
            node.replica, name=name, place=None, preference=Preference(audience, Precision.NEIGHBORHOOD, 25, 0)
        )
        if place is not None:
            profile.set_profile(node.replica, place=place)
        return node

    def add_device(self, name: str, owner: str) -> Node:
        """Add another device, called `name`, of the person whose node is `owner`."""
        identity = self.nodes[owner].replica.identity
        assert identity is not None
        node = self._new_node(name, identity)
        certificates.certify_own_device(node.replica)
        return node

    def join_device(self, name: str, owner: str) -> Node:
        """Add another device, called `name`, of the person whose node `owner` shows it a code: it has no identity key."""
        shower = self.nodes[owner]
        node = self._new_node(name, None, shower.person)
        code = DeviceCode.parse(devices.add(shower.replica, devices.DeviceOrder(name), ()).text)
        asking = joining.EnrolmentConversation(code, node.replica.keys, node.replica.entropy)
        answering = Conversation.answering(shower.replica, shower.seen, self.time)
        while not asking.over:
            answering.receive(asking.data_to_send(), self.time)
            if answering.enrolling:
                confirmation.answer(shower.replica, confirmation.ConfirmOrder(" ".join(asking.words)))
                answering.tick(self.time)
            asking.receive(answering.data_to_send())
        assert asking.grant is not None
        joining.start_as_device(node.replica, asking.grant, ("127.0.0.1", 1))
        return node

    def _new_node(
        self, name: str, identity: IdentityKeys | None, person: PersonId | None = None, error: float | None = None
    ) -> Node:
        """Add a node. Without its `identity` it is another device of `person`."""
        chance = random.Random(f"{self._seed}/{name}")
        keys = DeviceKeys(chance.randbytes(32), chance.randbytes(32), chance.randbytes(32))
        machine = VirtualMachine(lambda: self.time + self.slept, error or 0.0)
        clock = VirtualClock(machine, None if error is None else ClockMemory())
        me = person if identity is None else identity.person_id
        assert me is not None
        replica = Replica.open(
            self._open_store(),
            me,
            keys,
            clock,
            chance.randbytes,
            identity=identity,
            elsewhere=identity is None,
            verifier=self._verdicts,
        )
        node = self.nodes[name] = Node(name, replica, clock)
        self._watch(node)
        return node

    def _watch(self, node: Node) -> None:
        def changed(change: Change) -> None:
            for conversation in tuple(node.conversations):
                conversation.note(change)
            on_wires = [end for wire in self._wires_of(node) for end in wire.ends or ()]
            for conversation in tuple(node.conversations):
                if conversation not in on_wires:  # a test drives it by hand
                    conversation.follow()
            for wire in self._wires_of(node):
                if wire.ends is not None:
                    late = FOLLOWS_WITHIN * self._random.random() if self._random.random() < LEFT_BEHIND else 0.0
                    self._later(late, partial(self._follow, wire, wire.ends, node))

        def date_changed(_: ClockReading) -> None:
            for wire in self._wires_of(node):
                self._later(0.0, partial(self._pump, wire))

        node.replica.changes.subscribe(changed)
        node.clock.subscribe(date_changed)
        misdated.follow(node.replica)
        for started in self.started:
            started(node)

    def restart(self, name: str, replica: Replica | None = None) -> None:
        """End a node's process without a goodbye, and start it again from its store, or from what `replica` has."""
        old = self.nodes[name]
        for wire in self._wires_of(old):
            self._drop(wire)
        replica = replica or old.replica
        old.clock = old.clock.restarted()
        for forget in replica.store._database.on_rollback:
            forget()  # a new process remembers nothing of what the store holds
        old.replica = self._opened(replace(replica, clock=old.clock))
        old.seen = SeenEphemerals()
        self._watch(old)
        if old.replica.trust_state.certificate(old.person, old.replica.device) is None:
            certificates.certify_own_device(old.replica)

    def add_clone(self, name: str, of: str, replica: Replica) -> None:
        """Add a second machine, called `name`, with the keys of the node `of` and the store of `replica`."""
        node = self.nodes[name] = Node(name, self._opened(replica), self.nodes[of].clock)
        self._watch(node)

    def _opened(self, replica: Replica) -> Replica:
        return Replica.open(
            replica.store,
            replica.me,
            replica.keys,
            replica.clock,
            replica.entropy,
            identity=replica.identity,
            elsewhere=replica.elsewhere,
            former_letter_keys=replica.former_letter_keys,
            verifier=self._verdicts,
        )

    # --- network -------------------------------------------------------------------------------------------------------

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
        wire.ends = (calling, answering) if caller is wire.a else (answering, calling)
        wire.delays = (self._delay_to(wire.b), self._delay_to(wire.a))
        caller.conversations.append(calling)
        callee.conversations.append(answering)
        self._pump(wire)

    def _drop(self, wire: Wire, *, redial: bool = True) -> None:
        if wire.ends is None:
            return
        for node, end in zip((wire.a, wire.b), wire.ends, strict=True):
            if end in node.conversations:
                node.conversations.remove(end)
        wire.ends = None
        if redial and not wire.cut:
            wire.failures += 1
            self._later(REDIAL * min(wire.failures, 8), partial(self._connect, wire), weak=wire.failures > 3)

    def _drop_ended(self, wire: Wire, ends: tuple[Conversation, Conversation]) -> None:
        if wire.ends is ends:
            self._drop(wire)

    def connections(self) -> list[tuple[str, str]]:
        """Return the pairs of nodes that have a session which has settled on both ends."""
        standing = [wire for wire in self._wires if wire.ends is not None and all(end.live for end in wire.ends)]
        return [(wire.a.name, wire.b.name) for wire in standing]

    @contextmanager
    def switched_off(self, names: Collection[str]) -> Iterator[None]:
        """Keep these computers off inside the block; they start again at its end."""
        self.switch_off(names)
        yield
        self.switch_on(names)

    def switch_off(self, names: Collection[str]) -> None:
        """Switch these computers off, without a goodbye."""
        self._off |= set(names)
        for name in names:
            for wire in self._wires_of(self.nodes[name]):
                self._drop(wire, redial=False)

    def switch_on(self, names: Collection[str]) -> None:
        """Start these computers again. They call others as soon as time passes."""
        self._off -= set(names)
        for name in names:
            node = self.nodes[name]
            node.clock.machine.start_again()
            self.restart(name)
            self._keep_up(node)
            for wire in self._wires_of(self.nodes[name]):
                self._later(self._latency(), partial(self._connect, wire))

    # --- time ------------------------------------------------------------------------------------------------------------

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

    def advance(self, seconds: float) -> None:
        """Let virtual time pass: upkeep runs on every node, timers of conversations fire, broken wires are retried."""
        self.settle()
        self.time += seconds
        self._do_what_is_due()
        self._call_and_tick()
        self.settle()

    def lull(self, seconds: float, *, compares: bool) -> None:
        """Let virtual time pass in which sessions only keep alive, which is not simulated; upkeep runs on every node.

        Where it `compares`, sessions exchange two signs of life and compare their sets once: what they do all the time.
        """
        self.settle()
        self.slept += seconds
        self._do_what_is_due()
        self._call_and_tick()
        for _ in range(2 if compares else 0):
            self.settle()
            self.time += limits.IDLE_PING_SECONDS
            self._call_and_tick()
        self.settle()
        if compares:
            for wire in self._wires:
                for end in wire.ends or ():
                    with node_of(wire, end).replica.changes.held():
                        end.compare(self.time)
                self._pump(wire)
            self.settle()

    def _do_what_is_due(self) -> None:
        for node in self.nodes.values():
            if node.name not in self._off:
                self._keep_up(node)

    @staticmethod
    def _keep_up(node: Node) -> None:
        """Let a node do what is due, as it does every ten minutes and when it starts."""
        with node.replica.changes.held():
            upkeep.upkeep(node.replica)
            node.replica.clock.remember()

    def _call_and_tick(self) -> None:
        """Let the timers of all sessions expire, and try to connect what is not connected."""
        for wire in self._wires:
            wire.failures = 0
            if wire.ends is None:
                self._later(0.0, partial(self._connect, wire))
            else:
                for end in wire.ends:
                    due = end.next_timer()
                    if due is not None and due <= self.time:
                        with node_of(wire, end).replica.changes.held():
                            end.tick(self.time)
                self._pump(wire)

    def _later(self, delay: float, event: Callable[[], None], *, weak: bool = False) -> None:
        """Put `event` on the heap; a weak one is left to `advance`, since it could repeat for ever."""
        if not weak:
            heapq.heappush(self._heap, (self.time + delay, self._next(), event))

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _latency(self) -> float:
        return self._random.uniform(self._least_latency, self._most_latency)

    def _delay_to(self, node: Node) -> float:
        return self._latency() * self.slow.get(node.name, 1.0)

    def _follow(self, wire: Wire, ends: tuple[Conversation, Conversation], node: Node) -> None:
        """Have a node's conversation follow its commits, and send what follows from them."""
        if wire.ends is ends:
            with node.replica.changes.held():
                for end in ends:
                    if end in node.conversations:
                        end.follow()
            self._pump(wire)

    def _pump(self, wire: Wire) -> None:
        """Send what both ends have to send."""
        ends = wire.ends
        if ends is None:
            return
        for index, (sender, receiver) in enumerate(((wire.a, wire.b), (wire.b, wire.a))):
            data = ends[index].data_to_send()
            if data:
                self._later(wire.delays[index], partial(self._deliver, wire, ends, index, sender, receiver, data))
            if ends[index].busy:
                self._later(wire.delays[index] / 4, partial(self._go_on, wire, ends, ends[index]))
            self._time(wire, ends, ends[index])
        if ends[0].end is not None or ends[1].end is not None:
            self._later(sum(wire.delays), partial(self._drop_ended, wire, ends))

    def _time(self, wire: Wire, ends: tuple[Conversation, Conversation], end: Conversation) -> None:
        """Let the timers that are near expire; those far away (pings, rechecks) are left to `advance`.

        So are the looks at what was refused, every few seconds while room is short: those of both ends would follow each
        other for ever.
        """
        due = end.next_timer()
        if end._serving is not None and end._session is not None and due == end._serving.refusals.next_check:
            due = end._session.next_timer()
        if due is not None and due <= self.time + NEAR:
            self._later(max(0.0, due - self.time), partial(self._tick, wire, ends, end))

    def _go_on(self, wire: Wire, ends: tuple[Conversation, Conversation], end: Conversation) -> None:
        """Take one step of opening a session; anything may change before the next one."""
        if wire.ends is ends:
            with node_of(wire, end).replica.changes.held():
                end.go_on(0.0)
            self._pump(wire)

    def _tick(self, wire: Wire, ends: tuple[Conversation, Conversation], end: Conversation) -> None:
        if wire.ends is ends:
            with node_of(wire, end).replica.changes.held():
                end.tick(self.time)
            self._pump(wire)

    def _deliver(
        self, wire: Wire, ends: tuple[Conversation, Conversation], index: int, sender: Node, receiver: Node, data: bytes
    ) -> None:
        if wire.ends is not ends:
            return  # the connection it was sent over is gone
        if self.flaky and self._random.random() < self.flaky:
            self._drop(wire)
            return
        if self.tap is not None:
            self.tap(sender, receiver, data)
        self.trace.update(f"{self.time:.6f}/{sender.name}/{receiver.name}/".encode() + data)
        self.bytes_sent += len(data)
        try:
            with receiver.replica.changes.held(), failing_commits(receiver, fail=receiver.name in self.crashing):
                ends[1 - index].receive(data, self.time)
        except StorageFull:
            self.crashing.discard(receiver.name)
            self.restart(receiver.name)
            return
        self._pump(wire)
