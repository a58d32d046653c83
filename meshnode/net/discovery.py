"""Announces this node on the local network, and recognizes the announcements of people it knows.

Announcements are private: they name nobody, and get fresh names, a fresh nonce and fresh tags every quarter of an hour
and whenever our addresses or keys change. They are repeated every minute, and more often after a connection was lost:
when a divided network is joined again, no interface changes, and only an announcement tells both sides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

import trio

from meshnode.app.peers.contacts import Announced
from meshnode.net.interfaces import Interfaces
from meshnode.net.mdns import Mdns
from meshnode.net.recognizer import RecognizedPeer, Recognizer
from meshnode.net.services import AnnouncedService
from meshnode.wakeup import Wakeup
from protocol import LocalError, PersonId, limits
from protocol.wire import announce, service_names

log = logging.getLogger(__name__)

REPEAT_SECONDS = 60.0
REPEAT_EXPECTING_SECONDS = 2.0  # while a device code is open, and a person waits beside the new machine
REPEAT_LOST_SECONDS = 10.0  # after a connection was lost, for LOST_SECONDS
LOST_SECONDS = 1800.0
REPEAT_SOONEST_SECONDS = 1.0
OPEN_AGAIN_SECONDS = 30.0  # after UDP port 5353 could not be opened


class Mode(Enum):
    """How much of multicast DNS to use. LISTEN sends nothing at all."""

    ON = "on"
    LISTEN = "listen"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class _Content:
    """What an announcement is made from, besides random bytes."""

    addresses: tuple[bytes, ...]
    keys: Announced


class Discovery:
    """Runs multicast DNS for `Network`.

    `recognized` is called on the event loop with each announcement of a person we know, including those that were
    received before their keys were known. `entropy` returns random bytes. The other methods report changes and return
    at once; `run` acts on them.
    """

    def __init__(
        self,
        mode: Mode,
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
        self._interfaces = Interfaces()
        self._keys: Announced | None = None
        self._announced: _Content | None = None
        self._changed = Wakeup()
        self._lost_until = 0.0
        self._repeat_soon = False

    @property
    def announcing(self) -> bool:
        """Whether others can find this node now."""
        return self._announced is not None

    def use_interfaces(self, interfaces: Interfaces) -> None:
        """Announce and listen on these interfaces from now on, and repeat the announcement soon."""
        self._interfaces = interfaces
        self._repeat_soon = True
        self._changed.set()

    def use_keys(self, keys: Announced | None, candidates: Iterable[tuple[PersonId, bytes]]) -> None:
        """Announce with `keys` (None: not at all), and recognize people by the keys in `candidates`, from now on."""
        for recognized in self._recognizer.use(candidates, trio.current_time()):
            self._recognized(recognized)
        if keys != self._keys:
            self._keys = keys
            self._changed.set()

    def repeat_often(self) -> None:
        """Repeat the announcement soon, and often for LOST_SECONDS: a person we were connected with may look for us."""
        self._lost_until = trio.current_time() + LOST_SECONDS
        self._repeat_soon = True
        self._changed.set()

    async def run(self) -> None:
        """Announce and listen until cancelled; then withdraw the announcement, within a second.

        No error ends it: if multicast DNS cannot be opened, it sets `problem` and tries again later.
        """
        if self._mode is Mode.OFF:
            return
        await self._open()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                await self._keep_announced()
        finally:
            self._announced = None
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
            peer = self._recognizer.recognize(service, trio.current_time())
            if peer is not None:
                self._recognized(peer)

    async def _keep_announced(self) -> None:
        renew_at = sent_at = 0.0
        while True:
            await self._mdns.use(self._interfaces.for_multicast())
            content = self._content()
            now = trio.current_time()
            soon, self._repeat_soon = self._repeat_soon, False
            pause = self._pause(now)
            if content != self._announced or now >= renew_at:
                await self._announce(content)
                renew_at, sent_at = now + limits.ANNOUNCEMENT_LIFE, now
            elif now >= sent_at + (REPEAT_SOONEST_SECONDS if soon else pause):
                self._mdns.repeat()
                sent_at = now
            with trio.move_on_at(min(renew_at, sent_at + pause)):
                await self._changed.wait()

    def _pause(self, now: float) -> float:
        """Return how many seconds lie between two announcements."""
        if self._keys is not None and self._keys.expecting:
            return REPEAT_EXPECTING_SECONDS
        return REPEAT_LOST_SECONDS if now < self._lost_until else REPEAT_SECONDS

    def _content(self) -> _Content | None:
        if self._mode is not Mode.ON or self._keys is None:
            return None
        addresses = tuple(dict.fromkeys(address.packed for address in self._interfaces.for_others()))
        return _Content(addresses, self._keys) if addresses else None

    async def _announce(self, content: _Content | None) -> None:
        service = None
        if content is not None:
            try:
                service = self._service(content)
            except LocalError as error:
                log.warning("announcing: %s", error)
        self._announced = content if service is not None else None
        await self._mdns.announce(service)

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
