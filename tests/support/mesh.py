"""Many nodes in one process under virtual time: real replicas and conversations, an in-memory network between them.

Nothing here waits, see mesh_network.py. All chance comes from one seed, so a run can be repeated exactly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

from msgspec.structs import replace

from meshnode.app import misdated, upkeep
from meshnode.app.devices import confirmation, joining
from meshnode.app.devices import device_list as devices
from meshnode.app.owner import certificates, profile
from meshnode.app.peers.conversation import Conversation
from meshnode.clock import ClockMemory
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Audience, DeviceKeys, IdentityKeys, PersonId, Precision, Preference, limits
from protocol.tokens import DeviceCode
from tests.support.mesh_network import LATENCY, MeshNetwork
from tests.support.mesh_nodes import Node as Node  # noqa: PLC0414 - its users need a mesh anyway
from tests.support.verdicts import SharedVerdicts
from tests.support.virtual_clock import EPOCH as EPOCH  # noqa: PLC0414 - its users need a mesh anyway
from tests.support.virtual_clock import VirtualClock, VirtualMachine


class Mesh(MeshNetwork):
    """The nodes, the wires between them and the virtual time they live in."""

    def __init__(
        self, seed: int, latency: tuple[float, float] = LATENCY, *, open_store: Callable[[], Store] | None = None
    ) -> None:
        super().__init__(seed, latency)
        self.slept = 0.0
        """Seconds that passed on all clocks beside `time`, in lulls."""
        self._verdicts = SharedVerdicts()
        self._open_store = open_store or partial(Store.open, ":memory:")
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
        node.replica.changes.subscribe(partial(self._committed, node))
        node.clock.subscribe(lambda _: self._wake_all(node))
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
        old.forget_sessions()
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

    # --- power ---------------------------------------------------------------------------------------------------------

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
            node = self.nodes[name]
            for line, index in [self._lines[one] for one in node.conversations if one in self._lines]:
                self._vanish(line, index)
            node.forget_sessions()

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
            self.compare()
            self.settle()

    def compare(self) -> None:
        """Let every session that may begin to compare all that its two sides hold for each other."""
        for wire in self.wires:
            for line in tuple(wire.lines):
                for index, end in enumerate(line.ends):
                    if end.open:
                        with end.node.replica.changes.held():
                            end.conversation.compare(self.time)
                        self._stepped(line, index)

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
        node.kept_up = True

    def _call_and_tick(self) -> None:
        """Let the timers that sessions have named ring, and try to connect what is not connected."""
        for wire in self.wires:
            wire.failures = 0
            if not wire.lines:
                self._later(0.0, partial(self._connect, wire))
            for line in tuple(wire.lines):
                for index, end in enumerate(line.ends):
                    if end.timer is not None and end.timer <= self.time:
                        self._tick(line, index)
