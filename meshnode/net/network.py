"""The network side of a node in one piece: listening, discovering, dialing, and the links that come of it.

This is wiring. Each part decides for itself; here they are told of each other's news, and asked how things stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import trio

from meshnode.app.explain.status import ConnectionAttempt, NetworkState, Peer
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.peers.sync import Synced
from meshnode.errors import Failed
from meshnode.net import report
from meshnode.net.connection_table import ConnectionTable
from meshnode.net.connector import Connector
from meshnode.net.contact_list import read_contacts
from meshnode.net.dialer import Address, Dialer
from meshnode.net.discovery import Discovery, Mode
from meshnode.net.fair_share import FairShare
from meshnode.net.interfaces import Interfaces, snapshot, watch
from meshnode.net.listener import Listener
from meshnode.net.peer_link import Origin, PeerLink, StoreRunner
from meshnode.net.preauth_limiter import PreauthLimiter, Waiting
from meshnode.net.recognizer import RecognizedPeer
from meshnode.net.syncing import sync
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol import Code, DeviceId, PersonId, short_id
from protocol.wire import SeenEphemerals

log = logging.getLogger(__name__)

PORT_KEPT = "port"  # the name of the port in the store's small values
CONTACTS_PAUSE = 0.5  # contacts are read anew no oftener: a first synchronization changes them with every batch
DIAL_BACK_PAUSE = 0.3  # of two who hear each other, one leaves the other this time to dial first
HEARD_SECONDS = 180.0  # an announcement counts as news for so long
CLOSE_SECONDS = 1.0
SHORT_SECONDS = 10.0  # a session that ends sooner is a setback: the next call waits longer


@dataclass(frozen=True, slots=True)
class Options:
    """What the owner wants: a port (0: any), interfaces (none: all), multicast DNS, and addresses of peers."""

    port: int = 0
    interfaces: tuple[str, ...] = ()
    mdns: Mode = Mode.ON
    peers: tuple[Address, ...] = ()


@dataclass(eq=False, slots=True)
class MetPeer:
    """A link whose other end is known. `since` is in monotonic seconds, `wall` the same in UNIX seconds."""

    link: PeerLink
    person: PersonId
    device: DeviceId
    contact: bool
    since: float
    wall: int

    @property
    def dialed(self) -> bool:
        """Whether it was we who dialed."""
        return self.link.origin.dialed


class Network:
    """Start with `run` in a nursery; it is ready when `run` says so, and ends with `close`."""

    def __init__(
        self, replica: Replica, store_thread: StoreRunner, options: Options, *, jitter: Callable[[], float]
    ) -> None:
        self._replica = replica
        self._store_thread = store_thread
        self._options = options
        self._seen = SeenEphemerals()
        self._preauth_limiter = PreauthLimiter()
        self._pace = FairShare()
        self._dialer = Dialer(jitter)
        self._links: ConnectionTable[MetPeer] = ConnectionTable(replica.device)
        self._all: tuple[PeerLink, ...] = ()  # replaced, never changed: the desk's thread reads it too
        self._connector = Connector(self._dialer, self._dial_keys, self._call, lambda *whose: whose in self._links)
        self._discovery: Discovery | None = None
        self._listener: Listener | None = None
        self._interfaces = Interfaces()
        self._heard: dict[PersonId, float] = {}
        self._direct: frozenset[PersonId] = frozenset()
        self._refresh = trio.Event()
        self._hurry = trio.Event()
        self._ready = False
        self._closing = False
        self._alone = trio.Event()  # while closing: every link has ended
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None

    # --- what the local API asks ---------------------------------------------------------------------------------------

    def state(self) -> NetworkState:
        """How things stand now."""
        now = trio.current_time()
        mdns_problem = self._discovery.problem if self._discovery is not None else ""
        return NetworkState(
            ready=self._ready,
            port=self.port or None,
            addresses=report.addresses(self._interfaces, self.port),
            announcing=self._discovery is not None and self._discovery.announcing,
            peers=tuple(_peer(met) for met in self._links.values()),
            heard=frozenset(person for person, at in self._heard.items() if now - at < HEARD_SECONDS),
            problems=tuple(report.problems(self._interfaces, self._options.interfaces, mdns_problem)),
        )

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        """The latest tries to reach `person`, newest last."""
        behind = self._replica.clock.now() - trio.current_time()
        tried = self._connector.tried(person)
        return tuple(ConnectionAttempt(int(at + behind), str(address), outcome.value) for at, address, outcome in tried)

    def look_again(self) -> None:
        """Contacts or cards changed: announce, recognize and dial by what is true now."""
        self._dialer.look_again(trio.current_time())
        self._refresh.set()
        self._hurry.set()
        self._connector.look()

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        """Look for everybody and compare with all; returns what came of it, and who was not met."""
        self.look_again()
        if self._discovery is not None:
            self._discovery.lost()
        me = self._replica.me
        return await sync(self._links.values, lambda: self._direct.difference({me}, (who for who, _ in self._links)))

    @property
    def port(self) -> int:
        """The TCP port listened on; 0 before there is one."""
        return self._listener.port if self._listener is not None else 0

    @property
    def links(self) -> tuple[PeerLink, ...]:
        """Every connection there is, proven or not."""
        return self._all

    # --- running -------------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen first, then everything else; `started` once others could connect.

        Raises Failed where no port can be had, StorageFailed where nothing more can be stored.
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
        """Say goodbye to everybody and stop; takes CLOSE_SECONDS at most, and as much again for multicast DNS."""
        self._closing = True
        if self._listener is not None:
            self._listener.close()
        for link in self._all:
            link.close(Code.CLOSING)
        with trio.move_on_after(CLOSE_SECONDS):
            await self._store_thread.run(
                read_contacts, self._replica
            )  # keeps the keys of whom we have just come to know
            if self._all:
                await self._alone.wait()
        self._scope.cancel()

    def _start(self, nursery: trio.Nursery) -> None:
        self._ready = True
        now = trio.current_time()
        for address in self._options.peers:
            self._dialer.static(address, now)
        self._discovery = Discovery(self._options.mdns, self.port, self._replica.entropy, self._sighted)
        nursery.start_soon(watch, self._options.interfaces, self._use_interfaces)
        nursery.start_soon(self._keep_contacts)
        nursery.start_soon(self._connector.run)

    def discover(self) -> None:
        """Begin with multicast DNS; apart, since what it takes to import must not delay the rest."""
        if self._nursery is not None and self._discovery is not None:
            self._nursery.start_soon(self._discovery.run)

    async def _listen(self, nursery: trio.Nursery) -> None:
        self._interfaces = snapshot(self._options.interfaces)
        listener = Listener(nursery, self._answer, wildcard=not self._options.interfaces)
        kept = await self._store_thread.run(self._replica.store.meta.get, PORT_KEPT)
        port = listener.open(self._interfaces, wanted=self._options.port or None, kept=int(kept) if kept else None)
        if str(port) != kept and not self._options.port:
            await self._store_thread.run(self._replica.store.meta.set, PORT_KEPT, str(port))
        self._listener = listener

    def _use_interfaces(self, interfaces: Interfaces) -> None:
        moved = interfaces != self._interfaces
        self._interfaces = interfaces
        if self._listener is not None:
            self._listener.use(interfaces)
        if self._discovery is not None:
            self._discovery.use_interfaces(interfaces)
        self._connector.use_interfaces(interfaces)
        if moved:
            self._dialer.look_again(trio.current_time())
            self._connector.look()

    # --- contacts --------------------------------------------------------------------------------------------------------

    async def _keep_contacts(self) -> None:
        while True:
            self._refresh, self._hurry = trio.Event(), trio.Event()
            known = await self._store_thread.run(read_contacts, self._replica)
            self._direct = known.direct
            now = trio.current_time()
            self._dialer.want(known.wanted, now)
            if self._discovery is not None:
                self._discovery.use_keys(known.announced, known.candidates)
            self._connector.look()
            with trio.move_on_after(known.good_for):
                await self._refresh.wait()
            with trio.move_on_at(now + CONTACTS_PAUSE):
                await self._hurry.wait()

    def _sighted(self, recognized: RecognizedPeer) -> None:
        person, addresses = recognized
        if person == self._replica.me:  # our own announcement, or that of another device of ours
            addresses = [at for at in addresses if at.port != self.port or not self._interfaces.has(at.host)]
            if not addresses:
                return
        now = trio.current_time()
        self._heard = {who: at for who, at in self._heard.items() if now - at < HEARD_SECONDS}
        self._heard[person] = now
        pause = DIAL_BACK_PAUSE if self._replica.me > person else 0.0
        self._dialer.heard(person, addresses, now, pause=pause)
        self._connector.look()

    def _changed(self, token: trio.lowlevel.TrioToken, change: Change) -> None:
        """On the desk, after a commit: let every conversation pass on what it may, then wake those that have to."""
        woken, failed = [], []
        for link in self._all:
            try:
                link.talk.changed(change)
            except Exception:
                # It must cost neither whoever made the commit nor the other links anything.
                log.exception("a conversation failed", extra={"address": str(link.origin.address)})
                failed.append(link)
            else:
                if link.talk.waiting:
                    woken.append(link)
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(self._wake, woken, failed, bool(change.trust or change.people))

    def _wake(self, woken: list[PeerLink], failed: list[PeerLink], contacts_changed: bool) -> None:
        for link in woken:
            link.poke()
        for link in failed:
            link.drop()
        if contacts_changed:
            self._refresh.set()

    # --- connections -----------------------------------------------------------------------------------------------------

    async def _dial_keys(self, person: PersonId) -> list[contacts.Dial]:
        return await self._store_thread.run(contacts.dial_keys, self._replica, person)

    async def _call(
        self, stream: trio.SocketStream, dial: contacts.Dial, address: Address, met: Callable[[], None]
    ) -> PeerLink:
        try:
            talk = await self._store_thread.run(Conversation.dialing, self._replica, dial, trio.current_time())
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        link = PeerLink(stream, talk, self._store_thread, Origin(address, dialed=True), self._pace)
        await self._run_link(link, met)
        return link

    async def _answer(self, stream: trio.SocketStream, host: str) -> None:
        with trio.CancelScope() as scope:
            waiting = Waiting(host, scope.cancel)
            self._preauth_limiter.enter(waiting)
            try:
                address = Address(host, stream.socket.getpeername()[1])
                talk = await self._store_thread.run(
                    Conversation.answering, self._replica, self._seen, trio.current_time()
                )
                link = PeerLink(stream, talk, self._store_thread, Origin(address, dialed=False), self._pace)
                await self._run_link(link, lambda: self._preauth_limiter.leave(waiting))
            except OSError:
                pass  # gone before it was looked at
            finally:
                self._preauth_limiter.leave(waiting)
                await trio.aclose_forcefully(stream)

    async def _run_link(self, link: PeerLink, proven: Callable[[], None]) -> None:
        met: MetPeer | None = None

        def on_met() -> None:
            nonlocal met
            proven()
            met = self._admit(link)

        self._all = (*self._all, link)
        try:
            await link.run(on_met)
        finally:
            self._all = tuple(other for other in self._all if other is not link)
            if not self._all:
                self._alone.set()
                self._alone = trio.Event()
        if link.failure is not None:
            raise link.failure
        if met is not None and self._links.leave(met):
            self._lost(met)
        self._tell_end(link)

    def _admit(self, link: PeerLink) -> MetPeer | None:
        """Somebody has proven who he is: let the link stand, unless another one to the same device does."""
        person, device = link.talk.peer, link.talk.device
        if person is None or device is None:
            return None
        met = MetPeer(link, person, device, person in self._direct, link.since, self._replica.clock.now())
        for other, code in self._links.admit(met):
            other.link.close(code)
        if self._links.get((person, device)) is not met:
            return None
        self._dialer.connected(person, device)
        if self._nursery is not None:
            self._nursery.start_soon(self._remember, met)
        log.info("met", extra={"peer": short_id(person), "address": str(link.origin.address), "dialed": met.dialed})
        return met

    async def _remember(self, met: MetPeer) -> None:
        """Keep where he was dialed and by which keys. A scope is left out: it may be another one tomorrow."""
        host, port = met.link.origin.address
        address = (host.partition("%")[0], port) if met.dialed else None
        await self._store_thread.run(contacts.note_session_started, self._replica, met.person, met.device, address)

    def _lost(self, met: MetPeer) -> None:
        end = met.link.talk.end
        now = trio.current_time()
        # Who hangs up on us again and again must not have us go through all our records for him every second.
        good = met.link.talk.live and now - met.since >= SHORT_SECONDS and not (end and end.fault)
        self._dialer.lost(met.person, met.device, now, good=good)
        if self._nursery is not None and not self._closing:
            self._nursery.start_soon(
                self._store_thread.run, contacts.note_session_ended, self._replica, met.person, met.device
            )
        if end is not None and end.code in (Code.REFUSED, Code.BUSY):
            self._dialer.refused(met.person, now)
        if self._discovery is not None and (end is None or end.code is not Code.CLOSING):
            self._discovery.lost()
        self._connector.look()

    def _tell_end(self, link: PeerLink) -> None:
        end = link.talk.end
        told = {
            "address": str(link.origin.address),
            "seconds": round(trio.current_time() - link.since, 1),
            "bytes_in": link.bytes_in,
            "bytes_out": link.bytes_out,
            "code": "lost" if end is None else end.code.name.lower(),
        }
        if link.talk.peer is not None:
            told["peer"] = short_id(link.talk.peer)
        if end is not None and end.fault:
            log.warning("a peer broke the protocol", extra={**told, "detail": end.detail})
        else:
            log.info("link ended", extra=told)


def _peer(met: MetPeer) -> Peer:
    address = str(met.link.origin.address)
    return Peer(met.person, met.device, address, met.dialed, met.wall, met.link.talk.live)


def _first(error: BaseException) -> Failed | None:
    """The error itself, out of the groups that nurseries wrap around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Failed) else None
