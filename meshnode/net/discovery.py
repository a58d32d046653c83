"""Announces this node on the local network, and recognizes the announcements of people it knows.

On each network interface only the addresses that it has itself are announced, under names that occur on no other.
Announcements are private: they name nobody, and get fresh names, a fresh nonce and fresh tags every quarter of an hour
and whenever our addresses or keys change. In between they are repeated once, and more often after a connection was lost: when
a divided network is joined again, no interface changes, and only an announcement tells both sides. A node that hears
somebody for the first time repeats its own announcement, so that a newcomer need not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum

import trio
from msgspec import Struct

from meshnode.app.peers.contacts import Announced
from meshnode.net.interfaces import Interfaces, Link
from meshnode.net.mdns import Mdns
from meshnode.net.recognizer import RecognizedPeer, Recognizer
from meshnode.net.rendezvous import Rendezvous
from meshnode.net.services import AnnouncedService, LinkId
from meshnode.wakeup import Wakeup
from protocol import LocalError, PersonId, limits
from protocol.wire import announce, service_names

log = logging.getLogger(__name__)

REPEAT_SECONDS = limits.ANNOUNCEMENT_LIFE / 2  # at rest: each wakes all nodes on the network
REPEAT_EXPECTING_SECONDS = 2.0  # while a device code or word code is open, and a person waits at the other machine
REPEAT_LOST_SECONDS = 10.0  # after a connection was lost; then after half of the time that has gone by since
REPEAT_SOONEST_SECONDS = 1.0
OPEN_AGAIN_SECONDS = 30.0  # after UDP port 5353 could not be opened
LINKS_MAX = 64  # interfaces with multicast DNS: each takes a few sockets and a packet a minute
USE_AGAIN_SECONDS = (
    5.0  # after an interface could not be used wholly: a new IPv6 address is checked for a second or two
)
FAILING_SECONDS = 15.0  # after so long without success it is a problem that the owner is told of


class MdnsMode(Enum):
    """The use of multicast DNS: all of it, only listening (which sends nothing at all), or none."""

    ON = "on"
    LISTEN = "listen"
    OFF = "off"


class _Content(Struct, frozen=True):
    """The addresses, port and keys that the announcement on one interface is made from, besides random bytes."""

    addresses: tuple[bytes, ...]
    port: int
    keys: Announced


class LocalDiscovery:
    """Runs multicast DNS for `Network`.

    `recognized` is called on the event loop with each announcement of a person we know, including those that were
    received before their keys were known. `entropy` returns random bytes. The other methods report changes and return
    at once; `run` acts on them.
    """

    def __init__(
        self,
        mode: MdnsMode,
        port: int,
        entropy: Callable[[int], bytes],
        recognized: Callable[[RecognizedPeer], None],
        mdns: Mdns | None = None,
    ) -> None:
        self.problem = ""
        """Why multicast DNS does not work now, in words; empty if it does."""
        self._mode = mode
        self._port = port
        self._entropy = entropy
        self._recognized = recognized
        self._mdns = mdns if mdns is not None else Mdns()
        self._recognizer = Recognizer()
        self.rendezvous = Rendezvous()
        """Finds those who show a word code."""
        self._interfaces = Interfaces()
        self._keys: Announced | None = None
        self._announced: dict[LinkId, _Content] = {}
        self._failing: dict[LinkId, float] = {}  # since when
        self._changed = Wakeup()
        self._lost_at = float("-inf")
        self._repeat_soon = False

    @property
    def announcing(self) -> bool:
        """Whether others can find this node now."""
        return bool(self._announced)

    @property
    def deaf(self) -> tuple[str, ...]:
        """The names of interfaces on which multicast DNS has failed for a while."""
        now = trio.current_time()
        failing = [link.name for link, since in self._failing.items() if now - since >= FAILING_SECONDS]
        beyond = [] if self._mode is MdnsMode.OFF else [link.id.name for link in self._interfaces.links[LINKS_MAX:]]
        return tuple(failing + beyond)

    def use_interfaces(self, interfaces: Interfaces) -> None:
        """Announce and listen on these interfaces from now on, and repeat the announcement often for a while if they changed."""
        before, self._interfaces = self._interfaces, interfaces
        if before.addresses and interfaces != before:
            self.repeat_often()
        self._changed.set()

    def use_port(self, port: int) -> None:
        """Announce this port from now on."""
        if port != self._port:
            self._port = port
            self._changed.set()

    def use_keys(self, keys: Announced | None, candidates: Iterable[tuple[PersonId, bytes]]) -> None:
        """Announce with `keys` (None: not at all), and recognize people by the keys in `candidates`, from now on."""
        for recognized in self._recognizer.use(candidates, trio.current_time()):
            self._recognized(recognized)
        if keys != self._keys:
            self._keys = keys
            self._changed.set()

    def repeat_often(self) -> None:
        """Repeat the announcement soon, and less and less often after that: a person we were connected with may look for us."""
        self._lost_at = trio.current_time()
        self.repeat_soon()

    def repeat_soon(self) -> None:
        """Repeat the announcement once: somebody has come who cannot have heard it."""
        self._repeat_soon = True
        self._changed.set()

    async def run(self) -> None:
        """Announce and listen until cancelled; then withdraw the announcement, within a second.

        No error ends it: if multicast DNS cannot be opened, it sets `problem` and tries again later.
        """
        if self._mode is MdnsMode.OFF:
            return
        await self._open()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                await self._keep_announced()
        finally:
            self._announced = {}
            await self._mdns.close()

    async def _open(self) -> None:
        while True:
            try:
                await self._mdns.open()
            except OSError as error:
                self.problem = f"Multicast DNS is not available ({error.strerror})"
                log.warning("multicast DNS: %s", error)
            else:
                self.problem = ""
                return
            await trio.sleep(OPEN_AGAIN_SECONDS)

    async def _listen(self) -> None:
        async for service in self._mdns.received:
            self.rendezvous.note(service, trio.current_time())
            peer = self._recognizer.recognize(service, trio.current_time())
            if peer is not None:
                self._recognized(peer)

    async def _keep_announced(self) -> None:
        renew_at = sent_at = 0.0
        while True:
            links = self._interfaces.links[:LINKS_MAX]
            self._note_failing(await self._mdns.use(links))
            content = self._content(links)
            now = trio.current_time()
            soon, self._repeat_soon = self._repeat_soon, False
            renewed = {
                link: one for link, one in content.items() if now >= renew_at or self._announced.get(link) != one
            }
            ended = self._announced.keys() - content.keys()
            if now >= renew_at:
                renew_at = now + limits.ANNOUNCEMENT_LIFE
            repeats = now >= sent_at + (REPEAT_SOONEST_SECONDS if soon else self._pause(sent_at))
            if renewed or ended:
                await self._announce(renewed, ended)
                sent_at = now
            if repeats:
                if len(renewed) < len(content):
                    self._mdns.repeat()
                sent_at = now
            again_at = now + USE_AGAIN_SECONDS if self._failing else float("inf")
            with trio.move_on_at(min(renew_at, sent_at + self._pause(sent_at), again_at)):
                await self._changed.wait()

    def _note_failing(self, failing: Collection[LinkId]) -> None:
        now = trio.current_time()
        self._failing = {link: self._failing.get(link, now) for link in failing}

    def _pause(self, sent_at: float) -> float:
        """Return after how many seconds an announcement that was sent at that time is repeated."""
        if self._keys is not None and self._keys.expecting:
            return REPEAT_EXPECTING_SECONDS
        return min(REPEAT_SECONDS, max(REPEAT_LOST_SECONDS, (sent_at - self._lost_at) / 2))

    def _content(self, links: Sequence[Link]) -> dict[LinkId, _Content]:
        """Return what to announce on each interface: only its own addresses, the routable ones first."""
        if self._mode is not MdnsMode.ON or self._keys is None:
            return {}
        found = {}
        for link in links:
            addresses = sorted(link.addresses, key=lambda address: address.link_local)
            packed = tuple(dict.fromkeys(address.packed for address in addresses))
            found[link.id] = _Content(packed, self._port, self._keys)
        return found

    async def _announce(self, content: Mapping[LinkId, _Content], ended: Collection[LinkId]) -> None:
        """Announce these, each under names of its own: a listener on two networks cannot tell that they are one node's."""
        services: dict[LinkId, AnnouncedService | None] = dict.fromkeys(ended)
        for link, one in content.items():
            try:
                services[link] = self._service(one)
            except LocalError as error:
                log.warning("announcing: %s", error)
                services[link] = None
        for link, service in services.items():
            if service is None:
                self._announced.pop(link, None)
            else:
                self._announced[link] = content[link]
        await self._mdns.announce(services)

    def _service(self, content: _Content) -> AnnouncedService:
        announcement = announce(
            presence_key=content.keys.presence_key,
            card_secrets=content.keys.card_secrets,
            addresses=content.addresses,
            port=self._port,
            nonce=self._entropy(16),
            padding_seed=self._entropy(32),
        )
        names = service_names(self._entropy(16))
        return AnnouncedService(names.instance, names.host, announcement.addresses, self._port, announcement.txt())
