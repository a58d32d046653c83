"""Being found and finding on the LAN: private announcements that change their look, and recognizing those of others.

An announcement gets fresh names, a fresh nonce and fresh tags every quarter of an hour, and whenever our addresses or
keys change. It is repeated now and then, and oftener after somebody was lost: when a cut network heals, nobody's
interface changes, and only an announcement tells both sides.
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
from protocol import LocalError, PersonId, limits
from protocol.wire import announce, service_names

log = logging.getLogger(__name__)

REPEAT_SECONDS = 60.0
REPEAT_EXPECTING_SECONDS = 2.0  # while a new device is to hear us
REPEAT_LOST_SECONDS = 10.0  # after somebody was lost, for LOST_SECONDS
LOST_SECONDS = 1800.0
REPEAT_SOONEST_SECONDS = 1.0
OPEN_AGAIN_SECONDS = 30.0  # where UDP port 5353 could not be had


class Mode(Enum):
    """How much of multicast DNS to use. LISTEN sends nothing at all."""

    ON = "on"
    LISTEN = "listen"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class _Said:
    """What an announcement is made of beside chance."""

    addresses: tuple[bytes, ...]
    keys: Announced


class Discovery:
    """Runs multicast DNS. `recognized` is called with each recognized announcement, also with those heard before."""

    def __init__(
        self,
        mode: Mode,
        port: int,
        entropy: Callable[[int], bytes],
        recognized: Callable[[RecognizedPeer], None],
        mdns: Mdns | None = None,
    ) -> None:
        self.problem = ""
        self._mode = mode
        self._port = port
        self._entropy = entropy
        self._sighted = recognized
        self._mdns = mdns if mdns is not None else Mdns()
        self._recognizer = Recognizer()
        self._interfaces = Interfaces()
        self._keys: Announced | None = None
        self._said: _Said | None = None
        self._changed = trio.Event()
        self._lost_until = 0.0
        self._say_soon = False

    @property
    def announcing(self) -> bool:
        """Whether others can find us now."""
        return self._said is not None

    def use_interfaces(self, interfaces: Interfaces) -> None:
        """Addresses may have changed."""
        self._interfaces = interfaces
        self._say_soon = True
        self._changed.set()

    def use_keys(self, keys: Announced | None, candidates: Iterable[tuple[PersonId, bytes]]) -> None:
        """Our keys, or whom we know, may have changed."""
        for recognized in self._recognizer.use(candidates, trio.current_time()):
            self._sighted(recognized)
        if keys != self._keys:
            self._keys = keys
            self._changed.set()

    def lost(self) -> None:
        """Somebody was cut off: say more often for a while that we are here."""
        self._lost_until = trio.current_time() + LOST_SECONDS
        self._say_soon = True
        self._changed.set()

    async def run(self) -> None:
        """Announce and listen until cancelled; then say goodbye."""
        if self._mode is Mode.OFF:
            return
        await self._open()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                await self._keep_announced()
        finally:
            self._said = None
            await self._mdns.close()

    async def _open(self) -> None:
        while True:
            try:
                await self._mdns.open()
            except OSError as error:
                self.problem = f"multicast DNS is not available ({error.strerror})"
                log.warning("multicast DNS: %s", error)
            else:
                self.problem = ""
                return
            await trio.sleep(OPEN_AGAIN_SECONDS)

    async def _listen(self) -> None:
        async for heard in self._mdns.heard:
            recognized = self._recognizer.whose(heard, trio.current_time())
            if recognized is not None:
                self._sighted(recognized)

    async def _keep_announced(self) -> None:
        new_look_at = said_at = 0.0
        while True:
            self._changed = trio.Event()
            await self._mdns.use(self._interfaces.for_multicast())
            wanted = self._wanted()
            now = trio.current_time()
            soon, self._say_soon = self._say_soon, False
            pause = self._pause(now)
            if wanted != self._said or now >= new_look_at:
                await self._announce(wanted)
                new_look_at, said_at = now + limits.ANNOUNCEMENT_LIFE, now
            elif now >= said_at + (REPEAT_SOONEST_SECONDS if soon else pause):
                self._mdns.repeat()
                said_at = now
            with trio.move_on_at(min(new_look_at, said_at + pause)):
                await self._changed.wait()

    def _pause(self, now: float) -> float:
        """Seconds until the announcement is said again."""
        if self._keys is not None and self._keys.expecting:
            return REPEAT_EXPECTING_SECONDS
        return REPEAT_LOST_SECONDS if now < self._lost_until else REPEAT_SECONDS

    def _wanted(self) -> _Said | None:
        if self._mode is not Mode.ON or self._keys is None:
            return None
        addresses = tuple(dict.fromkeys(address.packed for address in self._interfaces.for_others()))
        return _Said(addresses, self._keys) if addresses else None

    async def _announce(self, wanted: _Said | None) -> None:
        service = None
        if wanted is not None:
            try:
                service = self._service(wanted)
            except LocalError as error:
                log.warning("announcing: %s", error)
        self._said = wanted if service is not None else None
        await self._mdns.announce(service)

    def _service(self, wanted: _Said) -> AnnouncedService:
        announcement = announce(
            presence_key=wanted.keys.presence_key,
            card_secrets=wanted.keys.card_secrets,
            addresses=wanted.addresses,
            port=self._port,
            nonce=self._entropy(16),
            padding_seed=self._entropy(32),
        )
        names = service_names(self._entropy(16))
        return AnnouncedService(names.instance, names.host, announcement.addresses, self._port, announcement.txt())
