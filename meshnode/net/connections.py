"""Runs the connections with other nodes, from the socket to the end: those that this node dials, and calls that it answers.

A connection whose other end has proven who it is asks for a session at the door. The dialer hears how each one ended, since
that decides when the person is called again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import trio

from meshnode.app.peers import contacts
from meshnode.app.peers.accounts import account_of
from meshnode.app.peers.conversation import Conversation
from meshnode.net.address import Address
from meshnode.net.dialer import Dialer
from meshnode.net.door import Door
from meshnode.net.peer_link import ConnectedPeer, Origin, PeerLink
from meshnode.net.preauth_limiter import PreauthConnection, PreauthLimiter
from meshnode.net.turns import Rank
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.wakeup import Wakeup
from protocol import Code, PersonId, limits, short_id
from protocol.wire import SeenEphemerals

log = logging.getLogger(__name__)

RETURN_GRACE = 30.0  # seconds for a person who was asked to come back; then this node dials again
SHORT_SECONDS = 10.0  # a session that ends sooner makes the next connection wait longer


class StartOnce(Protocol):
    """Has `task` run once beside everything else, in the guard; `work` says in words what it does."""

    def __call__(self, work: str, task: Callable[..., Awaitable[object]], *arguments: object) -> None: ...


class Connections:
    """The open connections of a node, and the door that gives sessions to them.

    Everything belongs to the event loop; what touches `replica` runs on `store_thread`. `start` starts small tasks beside it.
    `lost` is called after a session has ended, with whether the person should be searched for.
    """

    def __init__(
        self,
        replica: Replica,
        store_thread: StoreRunner,
        dialer: Dialer,
        start: StartOnce,
        lost: Callable[[bool], None],
        *,
        sessions: int = limits.SESSIONS_MAX,
    ) -> None:
        self.door: Door[ConnectedPeer] = Door(replica.device, sessions)
        self.connected = self.door.connected
        self.links: tuple[PeerLink, ...] = ()
        """Every open connection, also those whose other end has not proven who it is. The store thread reads it too."""
        self._replica = replica
        self._store_thread = store_thread
        self._dialer = dialer
        self._start = start
        self._lost_one = lost
        self._seen_ephemerals = SeenEphemerals()
        self._preauth_limiter = PreauthLimiter()
        self._closing = False
        self._no_links = Wakeup()

    def people(self) -> set[PersonId]:
        """Return those with whom there is a session."""
        return {person for person, *_ in self.connected}

    async def dial_keys(self, person: PersonId) -> tuple[list[contacts.Dial], int]:
        """Return the keys to dial this person with, and in how many seconds they may be dialed."""
        keys, account = await self._store_thread.run(_keys_and_account, self._replica, person)
        own = person == self._replica.me
        return keys, 0 if own else self.door.turned_away(account, person, trio.current_time())

    async def dial(
        self,
        stream: trio.SocketStream,
        dial: contacts.Dial,
        address: Address,
        begun: Callable[[PeerLink], None],
        met: Callable[[], None],
    ) -> PeerLink:
        """Run a connection that this node has dialed, and return it when it is over."""
        try:
            conversation = await self._store_thread.run(Conversation.dialing, self._replica, dial, trio.current_time())
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        origin = Origin(address, dialed=True)
        link = PeerLink(stream, conversation, self._store_thread, origin, self.door.fair_share, self.door.intake)
        begun(link)
        await self._run_link(link, met)
        return link

    async def answer(self, stream: trio.SocketStream, host: str) -> None:
        """Run a connection on which this node was called from `host`, until it is over."""
        with trio.CancelScope() as scope:
            origin, now = Origin(Address(host, stream.socket.getpeername()[1]), dialed=False), trio.current_time()
            ignores = partial(self.door.refused.is_ignored, host, now)
            conversation = Conversation.answering(
                self._replica, self._seen_ephemerals, now, asks_first=True, ignores=ignores
            )
            link = PeerLink(stream, conversation, self._store_thread, origin, self.door.fair_share, self.door.intake)
            preauth = PreauthConnection(host, scope.cancel, lambda: link.in_progress)
            self._preauth_limiter.add(preauth)
            try:
                await self._run_link(link, lambda: self._preauth_limiter.remove(preauth))
            finally:
                self._preauth_limiter.remove(preauth)

    def close(self) -> None:
        """Begin to end all connections with a Bye."""
        self._closing = True
        for link in self.links:
            link.close(Code.CLOSING)

    async def wait_closed(self) -> None:
        """Wait until no connection is left."""
        while self.links:
            await self._no_links.wait()

    async def _run_link(self, link: PeerLink, identified: Callable[[], None]) -> None:
        peer: ConnectedPeer | None = None

        def on_identified() -> None:
            nonlocal peer
            identified()
            peer = self._admit(link)

        self.links = (*self.links, link)
        try:
            await link.run(on_identified)
        finally:
            self.links = tuple(other for other in self.links if other is not link)
            if not self.links:
                self._no_links.set()
        if link.failure is not None:
            raise link.failure
        if peer is not None and self.connected.remove(peer):
            self._lost(peer)
        if link.was_turned_away and link.conversation.peer != self._replica.me:
            self.door.refused.note(link.origin.address.host, link.conversation.peer, trio.current_time())
        self._log_end(link)

    def _admit(self, link: PeerLink) -> ConnectedPeer | None:
        """Take a link whose other end has proven who it is into the table, and close those that the table rejects."""
        person, device = link.conversation.peer, link.conversation.device
        run, account = link.conversation.run, link.conversation.account
        if person is None or device is None or run is None or account is None:
            return None
        now, wall = trio.current_time(), self._replica.clock.now()
        rank = Rank.OWN if person == self._replica.me else Rank.CONTACT if link.conversation.contact else Rank.OTHER
        peer = ConnectedPeer(link, person, device, run, rank, account, link.since, wall, seated=now)
        for closing in self.door.admit(peer, now):
            closing.connection.link.close(closing.code, closing.pause)
            if closing.pause:  # they come back by themselves: this node calls them only if they do not
                self._dialer.busy(closing.connection.person, closing.pause + RETURN_GRACE, now)
        if self.connected.get((person, device, run)) is not peer:
            return None
        self._dialer.connected(person, device, trio.current_time())
        self._start("remembering whom this node met", self._remember, peer)
        log.info("met", extra={"peer": short_id(person), "address": str(link.origin.address), "dialed": peer.dialed})
        return peer

    async def _remember(self, peer: ConnectedPeer) -> None:
        """Store the keys of this device and the address it was dialed at, without a scope, which may change any day."""
        host, port = peer.link.origin.address
        address = (host.partition("%")[0], port) if peer.dialed else None
        await self._store_thread.run(contacts.note_session_started, self._replica, peer.person, peer.device, address)

    def _lost(self, peer: ConnectedPeer) -> None:
        end = peer.link.conversation.end
        now = trio.current_time()
        # A peer that hangs up again and again must not make us go through all our records for it every second.
        turn_over = end is not None and end.code is Code.BUSY and end.pause > 0
        lasted = peer.link.conversation.live and now - peer.since >= SHORT_SECONDS
        good = turn_over or (lasted and not (end and end.fault))
        self._dialer.lost(peer.person, peer.device, now, good=good)
        if not self._closing:
            self._start(
                "remembering whom this node met",
                self._store_thread.run,
                contacts.note_session_ended,
                self._replica,
                peer.person,
                peer.device,
            )
        if end is not None and turn_over:
            self._dialer.busy(peer.person, end.pause, now)
        elif end is not None and end.code in (Code.REFUSED, Code.BUSY):
            self._dialer.refused(peer.person, now)
        self._lost_one(not turn_over and (end is None or end.code is not Code.CLOSING))

    def _log_end(self, link: PeerLink) -> None:
        end = link.conversation.end
        extra = link.summary
        if end is not None and end.fault:
            log.warning("a peer broke the protocol", extra={**extra, "detail": end.detail})
            if end.authentic and link.conversation.peer is not None and link.conversation.account is not None:
                self.door.misbehavior.note(link.conversation.account, link.conversation.peer, trio.current_time())
        else:
            log.info("link ended", extra=extra)


def _keys_and_account(replica: Replica, person: PersonId) -> tuple[list[contacts.Dial], PersonId]:
    return contacts.dial_keys(replica, person), account_of(replica, person)
