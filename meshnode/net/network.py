"""Puts the network side of a node together: listener, discovery, dialer, connector and the links they lead to.

It decides little itself: it passes events between the parts, and reports their state to the local API.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

import trio

from meshnode import background
from meshnode.app.explain.given_addresses import GivenAddress
from meshnode.app.explain.problem import Problem
from meshnode.app.explain.status import ConnectionAttempt, NetworkState
from meshnode.app.meetings.typed import MeetingResult, TypedMeeting
from meshnode.app.peers.accounts import NOBODY
from meshnode.app.peers.sync import Synced
from meshnode.app.phones.settings import LocalSubnet
from meshnode.errors import Failed
from meshnode.net.address import Address
from meshnode.net.call_watch import (
    UNANSWERED_SECONDS,
    CallWatch,
    FindFirewall,
    no_firewall,
    of_other_versions,
    unanswered,
)
from meshnode.net.calls import explained
from meshnode.net.connections import Connections
from meshnode.net.connector import Connector
from meshnode.net.contact_list import read_contacts, without_own_services
from meshnode.net.dialer import Dialer
from meshnode.net.discovery import LocalDiscovery
from meshnode.net.followers import Followed, Followers
from meshnode.net.interfaces import Interfaces, Nearness, card_addresses, snapshot, watch
from meshnode.net.lane import Lane
from meshnode.net.listener import Listener
from meshnode.net.meeting_client import MeetingClient
from meshnode.net.network_options import NetworkOptions
from meshnode.net.network_problems import network_problems
from meshnode.net.peer_link import PeerLink
from meshnode.net.port_choice import PortChoice
from meshnode.net.recognizer import RecognizedPeer
from meshnode.net.sleep_watch import SleepWatch
from meshnode.net.sync_now import sync_now
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.slices import in_slices
from meshnode.wakeup import Wakeup
from protocol import PersonId, limits

PORT_KEPT = "port"  # the name of the port in the store's small values
CONTACTS_PAUSE = 0.5  # between two readings of the contacts: a first synchronization changes them with every batch
DIAL_BACK_PAUSE = 0.3  # of two nodes that receive each other's announcements, one lets the other dial first
HEARD_SECONDS = (
    limits.ANNOUNCEMENT_LIFE + 60.0
)  # a person counts as heard after an announcement: two repeats may get lost
CLOSE_SECONDS = 1.0


class Network:
    """Connects this node with others.

    `node.py` starts `run` in a nursery, calls `start_discovery` when the rest of the node runs, and ends it with `close`; the
    local API uses the other methods. Everything belongs to the event loop; what touches `replica` runs on `store_thread`.
    `jitter` returns a number from 0 up to 1, which spreads the dialer's pauses. `find_firewall` returns the firewall that
    is switched on here, for our port; it may take some seconds, and is called in a thread.
    """

    def __init__(
        self,
        replica: Replica,
        store_thread: StoreRunner,
        options: NetworkOptions,
        *,
        jitter: Callable[[], float],
        find_firewall: FindFirewall = no_firewall,
    ) -> None:
        self._replica = replica
        self._store_thread = store_thread
        self._options = options
        self._dialer = Dialer(jitter, self._rank)
        lane = Lane(store_thread)
        self._connections = Connections(
            replica, lane, self._dialer, self._start_once, self._session_ended, sessions=options.sessions
        )
        self._connected = self._connections.connected
        self._followers = Followers(lane, replica.clock.subscribe, lambda: self._connections.links)
        self._connector = Connector(
            self._dialer, self._connections.dial_keys, self._connections.dial, self._connected.has, replica.guard
        )
        self._discovery: LocalDiscovery | None = None
        self._listener: Listener | None = None
        self._port_choice = PortChoice(options.port or None, None)
        self._interfaces = Interfaces()
        self._heard: dict[PersonId, float] = {}
        self._calls = CallWatch(find_firewall)
        self._sleep = SleepWatch()
        self._direct: frozenset[PersonId] = frozenset()
        self._accounts: Mapping[PersonId, PersonId] = {}
        self._contacts_changed = Wakeup()
        self._contacts_urgent = Wakeup()  # the owner changed them and waits for the effect
        self.problem_sources: list[Callable[[], tuple[Problem, ...]]] = []
        """Functions that return problems of other parts of the node, to be reported with the network's own."""
        self._ready = False
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None

    # --- for the local API ---------------------------------------------------------------------------------------------

    def state(self) -> NetworkState:
        """Return the state of the moment."""
        now = trio.current_time()
        heard = frozenset(person for person, at in self._heard.items() if now - at < HEARD_SECONDS)
        return NetworkState(
            ready=self._ready,
            port=self.port or None,
            addresses=card_addresses(self._interfaces, self.port),
            announcing=self._discovery is not None and self._discovery.announcing,
            interfaces=tuple(link.id.name for link in self._interfaces.links),
            subnets=tuple(
                LocalSubnet(one.interface, one.host, one.prefix)
                for one in self._interfaces.addresses
                if not one.is_ipv6
            ),
            left_out=self._interfaces.names_left_out,
            given=tuple(
                GivenAddress(address.host, address.port, person, "" if outcome is None else outcome.value)
                for address, person, outcome in self._dialer.found_at()
            ),
            peers=tuple(peer.shown for peer in self._connected.values() if peer.link.answers),
            heard=heard,
            turns={person: math.ceil(seconds) for person, seconds in self._dialer.turns(now).items()},
            called_in=self._calls.called_in,
            firewall=self._calls.firewall,
            unanswered=tuple(
                unanswered(
                    self._connector.latest(now - UNANSWERED_SECONDS),
                    heard=heard,
                    connected=self._connections.people(),
                    is_near=self._is_near,
                )
            ),
            other_versions=tuple(
                of_other_versions(self._connector.latest(now - UNANSWERED_SECONDS), self._connections.people())
            ),
            misbehaving=tuple(self._connections.door.misbehavior.named(now)),
            problems=(
                *network_problems(self._interfaces, self._options.interfaces, self._discovery),
                *(problem for source in self.problem_sources for problem in source()),
            ),
        )

    async def check_peers(self) -> None:
        """Ask those who have been silent for a sign of life; see `PeerLink.check`. Takes two seconds if one is gone."""
        async with trio.open_nursery() as nursery:
            for peer in self._connected.values():
                nursery.start_soon(peer.link.check)

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        """Return the latest attempts to reach `person`, newest last."""
        now = trio.current_time()
        heard = now - self._heard.get(person, float("-inf")) < HEARD_SECONDS
        return explained(
            self._connector.tried(person), self._replica.clock.now() - now, is_near=self._is_near, heard=heard
        )

    def _is_near(self, host: str) -> bool:
        return self._interfaces.nearness(host) is Nearness.OWN_SUBNET

    def look_again(self) -> None:
        """Read the contacts and keys again at once, after the owner changed them, and dial everybody who is missing."""
        self._dialer.retry_all(trio.current_time())
        self._contacts_changed.set()
        self._contacts_urgent.set()
        self._connector.wake()

    def numbers_heard(self) -> frozenset[int]:
        """Return the numbers under which others on the network show word codes."""
        return frozenset() if self._discovery is None else self._discovery.rendezvous.numbers(trio.current_time())

    async def meet(self, number: int, make: Callable[[], TypedMeeting], peer: tuple[str, int] | None) -> MeetingResult:
        """Look for the machine that shows the word code of this number, at `peer` if that is given, and try it there.

        Takes some seconds and may be cancelled.
        """
        client = MeetingClient(make, self._interfaces.hosts, lambda address: self._rank(address) is None)
        if peer is not None:
            client.found([Address(*peer)])
            return await client.run()
        found = client.found
        rendezvous = None if self._discovery is None else self._discovery.rendezvous
        if rendezvous is not None:
            rendezvous.look_for(number, found, trio.current_time())
        try:
            return await client.run()
        finally:
            if rendezvous is not None:
                rendezvous.stop(found)

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        """Search for everybody, compare with all, and return the result of each connection and the people not found.

        Takes some seconds (see `sync_now`) and may be cancelled.
        """
        self.look_again()
        if self._discovery is not None:
            self._discovery.repeat_often()
        me = self._replica.me
        return await sync_now(self._connected.values, lambda: self._direct.difference({me}, self._connections.people()))

    @property
    def port(self) -> int:
        """The TCP port that the node listens on; 0 before it does."""
        return self._listener.port if self._listener is not None else 0

    @property
    def links(self) -> tuple[PeerLink, ...]:
        """Every open connection, also those whose other end has not proven who it is."""
        return self._connections.links

    # --- running -------------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the network side until `close` is called or the task is cancelled; `started` once others can connect.

        Raises Failed if no port can be had, and StorageFailed if nothing more can be stored. Errors of single
        connections and of other nodes are logged. Cancelling it drops all connections without a Bye.
        """
        token = trio.lowlevel.current_trio_token()
        unsubscribe = self._replica.changes.subscribe(partial(self._changed, token))
        failure: Failed | None = None
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    self._nursery = nursery
                    await self._listen(nursery)
                    self._start(nursery)
                    task_status.started()
        except* Failed as group:
            failure = _first(group)
        finally:
            self._ready = False
            unsubscribe()
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Send everybody a Bye and end `run`. Takes CLOSE_SECONDS at most; `run` then needs as much for multicast DNS."""
        if self._listener is not None:
            self._listener.close()
        self._connections.close()
        with trio.move_on_after(CLOSE_SECONDS):
            await in_slices(self._store_thread, read_contacts(self._replica))  # stores the keys of the newest contacts
            await self._connections.wait_closed()
        self._scope.cancel()

    def _start(self, nursery: trio.Nursery) -> None:
        self._ready = True
        now = trio.current_time()
        self._dialer.given(self._options.peers, now)
        self._discovery = LocalDiscovery(self._options.mdns, self.port, self._replica.entropy, self._recognized)
        guard = self._replica.guard
        nursery.start_soon(
            background.run, guard, "watching the networks", watch, self._options.interfaces, self._use_interfaces
        )
        nursery.start_soon(background.run, guard, "keeping contacts", self._keep_contacts)
        nursery.start_soon(background.run, guard, "following changes", self._followers.run)
        nursery.start_soon(background.run, guard, "looking for a firewall", self._calls.run, lambda: self.port)
        nursery.start_soon(background.run, guard, "calling others", self._connector.run)

    def start_discovery(self) -> None:
        """Start multicast DNS. A step of its own, because importing zeroconf must not delay the rest of the node."""
        if self._nursery is not None and self._discovery is not None:
            guard = self._replica.guard
            self._nursery.start_soon(background.run, guard, "announcing this node", self._discovery.run)

    async def _listen(self, nursery: trio.Nursery) -> None:
        self._interfaces = snapshot(self._options.interfaces)
        listener = Listener(
            nursery, self._answer, self._replica.guard, wildcard=self._options.interfaces in ((), ("*",))
        )
        kept = await self._store_thread.run(self._replica.store.meta.get, PORT_KEPT)
        self._port_choice = PortChoice(self._options.port or None, kept)
        keep = self._port_choice.open(listener, self._interfaces)
        if keep != kept and not self._options.port:
            await self._store_thread.run(self._replica.store.meta.set, PORT_KEPT, keep)
        self._listener = listener

    def _use_interfaces(self, interfaces: Interfaces) -> None:
        changed, slept = interfaces != self._interfaces, self._sleep.has_slept()
        self._interfaces = interfaces
        if self._listener is not None:
            self._listener.use(interfaces)
            self._follow_port(self._listener, interfaces)
        if self._discovery is not None:
            self._discovery.use_interfaces(interfaces)
        self._connector.use_interfaces(interfaces)
        if slept and self._discovery is not None:
            self._discovery.repeat_often()
        if changed or slept:
            self._dialer.moved(trio.current_time())
            self._connector.wake()
            self._start_once("looking for peers", self.check_peers)

    def _follow_port(self, listener: Listener, interfaces: Interfaces) -> None:
        keep = self._port_choice.follow(listener, interfaces)
        if keep is not None and self._nursery is not None:
            keeping = partial(self._store_thread.run, self._replica.store.meta.set, PORT_KEPT, keep)
            self._nursery.start_soon(background.run, self._replica.guard, "keeping the port", keeping)
        if self._discovery is not None:
            self._discovery.use_port(listener.port)

    # --- contacts --------------------------------------------------------------------------------------------------------

    async def _keep_contacts(self) -> None:
        while True:
            known = await in_slices(self._store_thread, read_contacts(self._replica))
            self._direct, self._accounts = known.direct, known.accounts
            now = trio.current_time()
            self._dialer.want(without_own_services(known.wanted, self._interfaces), now)
            self._dialer.given((*self._options.peers, *known.given), now)
            if self._discovery is not None:
                self._discovery.use_keys(known.announced, known.candidates)
            self._connector.wake()
            with trio.move_on_after(known.valid_seconds):
                await self._contacts_changed.wait()
            with trio.move_on_at(now + CONTACTS_PAUSE):
                await self._contacts_urgent.wait()

    def _recognized(self, recognized: RecognizedPeer) -> None:
        person, addresses = recognized
        if person == self._replica.me:  # this device's own announcement, or that of another device of the person
            addresses = [at for at in addresses if at.port != self.port or not self._interfaces.has(at.host)]
            if not addresses:
                return
        now = trio.current_time()
        self._heard = {one: at for one, at in self._heard.items() if now - at < HEARD_SECONDS}
        if person not in self._heard and self._discovery is not None:
            self._discovery.repeat_soon()
        self._heard[person] = now
        pause = DIAL_BACK_PAUSE if self._replica.me > person else 0.0
        self._dialer.heard(person, addresses, now, pause=pause, account=self._accounts.get(person, NOBODY))
        self._connector.wake()

    def _changed(self, token: trio.lowlevel.TrioToken, change: Change) -> None:
        """Have every conversation follow a commit, on the store thread; then wake the links that must send."""
        written = any(row.author == self._replica.me for row in change.stored)
        followed = self._followers.note(change)
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(
                self._replica.guard.attempt,
                "following a change",
                self._wake,
                followed,
                bool(change.trust or change.people),
                written,
            )

    def _wake(self, followed: Followed, contacts_changed: bool, written: bool) -> None:
        self._followers.wake(followed)
        if contacts_changed:
            self._contacts_changed.set()
        if written:
            self._dialer.has_news(trio.current_time())
            self._connector.wake()

    # --- connections -----------------------------------------------------------------------------------------------------

    async def _answer(self, stream: trio.SocketStream, host: str) -> None:
        self._calls.called(host, self._replica.clock.now(), own=self._interfaces.has(host))
        await self._connections.answer(stream, host)

    def _session_ended(self, search: bool) -> None:
        if search and self._discovery is not None:
            self._discovery.repeat_often()
        self._connector.wake()

    def _start_once(self, work: str, task: Callable[..., Awaitable[object]], *arguments: object) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(background.once, self._replica.guard, work, task, *arguments)

    def _rank(self, address: Address) -> int | None:
        """Return how likely the address leads to a neighbor, the likeliest first; None where this node itself listens."""
        if address.port == self.port and self._interfaces.has(address.host):
            return None
        return self._interfaces.nearness(address.host)


def _first(error: BaseException) -> Failed | None:
    """Return the error itself, out of the groups that nurseries wrap around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Failed) else None
