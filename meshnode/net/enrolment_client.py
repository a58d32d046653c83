"""The new machine's way to the one that shows the code: by the addresses in it, and by listening for its announcement."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from meshnode.app.devices.joining import Admission, Joining
from meshnode.net.dialer import Address
from meshnode.net.discovery import Discovery, Mode
from meshnode.net.interfaces import Interfaces, watch
from meshnode.net.recognizer import RecognizedPeer
from protocol import Code, DeviceKeys, RemoteError, limits
from protocol.tokens import DeviceCode

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
AGAIN_SECONDS = 2.0  # before all known addresses are tried once more
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class EnrolmentOptions:
    """How to look: for how long (seconds), on which interfaces (none: all), and whether by multicast DNS too."""

    seconds: float
    interfaces: tuple[str, ...] = ()
    mdns: bool = True


@dataclass(slots=True)
class EnrolmentResult:
    """What came of it: the admission and where the other machine was, or a refusal, or at least whether one answered."""

    admission: Admission | None = None
    address: Address | None = None
    refused: Code | None = None
    silent: set[Address] = field(default_factory=set)
    """Where somebody listens who does not know the code."""


class EnrolmentClient:
    """Looks for the machine that shows `code`. Use once: `await search.run()`."""

    def __init__(
        self,
        code: DeviceCode,
        keys: DeviceKeys,
        way: EnrolmentOptions,
        entropy: Callable[[int], bytes],
        tell: Callable[[str], None],
    ) -> None:
        self._code = code
        self._keys = keys
        self._way = way
        self._entropy = entropy
        self._tell = tell
        self._addresses = dict.fromkeys(Address(host, port) for host, port in code.addresses)
        self._interfaces = Interfaces()
        self._news = trio.Event()
        self._found = EnrolmentResult()

    async def run(self) -> EnrolmentResult:
        """Try until one connection has led to an answer, or the time is over."""
        discovery = Discovery(Mode.LISTEN if self._way.mdns else Mode.OFF, 0, self._entropy, self._sighted)
        discovery.use_keys(None, [(self._code.person, self._code.secret)])

        def use(interfaces: Interfaces) -> None:
            self._interfaces = interfaces
            discovery.use_interfaces(interfaces)

        with trio.move_on_after(self._way.seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch, self._way.interfaces, use)
                nursery.start_soon(discovery.run)
                await self._try_all()
                nursery.cancel_scope.cancel()
        return self._found

    def _sighted(self, recognized: RecognizedPeer) -> None:
        new = [address for address in recognized.addresses if address not in self._addresses]
        if new:
            self._addresses |= dict.fromkeys(new)
            self._news.set()

    async def _try_all(self) -> None:
        told: set[str] = set()
        while True:
            self._news = trio.Event()
            for address in list(self._addresses):
                if str(address) not in told:
                    told.add(str(address))
                    self._tell(f"trying {address}")
                for host in self._interfaces.hosts(address.host):
                    if await self._try(address, host):
                        return
            with trio.move_on_after(AGAIN_SECONDS):
                await self._news.wait()

    async def _try(self, address: Address, host: str) -> bool:
        """Whether this has led to an answer."""
        try:
            with trio.fail_after(CONNECT_SECONDS):
                stream = await trio.open_tcp_stream(host, address.port)
        except (OSError, trio.TooSlowError) as error:
            log.debug("dialing %s port %d: %s", host, address.port, error)
            return False
        talk = Joining(self._code, self._keys, self._entropy)
        heard = False
        try:
            with trio.move_on_after(limits.ENROLMENT_SECONDS):
                heard = await _talk(stream, talk)
        except RemoteError as error:
            log.warning("joining %s: %s", address, error)
        finally:
            await trio.aclose_forcefully(stream)
        if not heard and address not in self._found.silent:
            self._found.silent.add(address)
            self._tell(f"the computer at {address} does not know this code")
        if talk.over:
            self._found.admission, self._found.refused = talk.admission, talk.refused
            self._found.address = address
        return talk.over


async def _talk(stream: trio.SocketStream, talk: Joining) -> bool:
    """Carry the talk to its end; whether the other side said anything at all."""
    heard = False
    try:
        while not talk.over:
            await stream.send_all(talk.data_to_send())
            data = bytes(await stream.receive_some(READ_BYTES))
            if not data:
                break
            heard = True
            talk.receive(data)
    except trio.BrokenResourceError:
        pass
    return heard
