"""Connects a new machine to the device that shows its code: by the addresses in the code and by its announcements."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import trio
from msgspec import Struct, field

from meshnode.app.devices.joining import EnrolmentConversation, EnrolmentGrant
from meshnode.net.address import Address
from meshnode.net.calls import call
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.discovery import LocalDiscovery, MdnsMode
from meshnode.net.interfaces import Interfaces, watch
from meshnode.net.recognizer import RecognizedPeer
from meshnode.wakeup import Wakeup
from protocol import Code, DeviceKeys, RemoteError, limits
from protocol.tokens import DeviceCode

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
AGAIN_SECONDS = 2.0  # before all known addresses are tried once more
WORDS_SECONDS = 0.5  # a machine that is refused, or has its certificate already, hears of it sooner
READ_BYTES = 64 * 1024


class EnrolmentOptions(Struct, frozen=True):
    """The seconds to search for, the interfaces to search on (none: all), and whether to use multicast DNS too."""

    seconds: float
    interfaces: tuple[str, ...] = ()
    mdns: bool = True


class EnrolmentResult(Struct):
    """The admission and the other machine's address; or the code it refused with; or neither, if it was not reached."""

    grant: EnrolmentGrant | None = None
    address: Address | None = None
    refused: Code | None = None
    silent: set[Address] = field(default_factory=set)
    """Addresses where a node listens that does not know the code."""


class EnrolmentClient:
    """Looks for the machine that shows `code` and asks it to admit this one, which has `keys`. Use once.

    `entropy` returns random bytes; `progress` is called with lines for the person who waits.
    """

    def __init__(
        self,
        code: DeviceCode,
        keys: DeviceKeys,
        options: EnrolmentOptions,
        entropy: Callable[[int], bytes],
        progress: Callable[[str], None],
    ) -> None:
        self._code = code
        self._keys = keys
        self._options = options
        self._entropy = entropy
        self._progress = progress
        self._addresses = dict.fromkeys(Address(host, port) for host, port in code.addresses)
        self._interfaces = Interfaces()
        self._new_address = Wakeup()
        self._result = EnrolmentResult()
        self._limit = trio.CancelScope()

    async def run(self) -> EnrolmentResult:
        """Try all addresses again and again until one connection led to an answer, or the time is over.

        No error of the network or of another node is raised. Cancelling it leaves nothing behind.
        """
        discovery = LocalDiscovery(
            MdnsMode.LISTEN if self._options.mdns else MdnsMode.OFF, 0, self._entropy, self._recognized
        )
        discovery.use_keys(None, [(self._code.person, self._code.secret)])

        def use(interfaces: Interfaces) -> None:
            self._interfaces = interfaces
            discovery.use_interfaces(interfaces)

        self._limit = trio.CancelScope(deadline=trio.current_time() + self._options.seconds)
        with self._limit:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch, self._options.interfaces, use)
                nursery.start_soon(discovery.run)
                await self._try_all()
                nursery.cancel_scope.cancel()
        return self._result

    def _recognized(self, recognized: RecognizedPeer) -> None:
        new = [address for address in recognized.addresses if address not in self._addresses]
        if new:
            self._addresses |= dict.fromkeys(new)
            self._new_address.set()

    async def _try_all(self) -> None:
        named: set[Address] = set()
        while True:
            for address in list(self._addresses):
                if address not in named:
                    named.add(address)
                    self._progress(f"trying {address}")
                for host in self._interfaces.hosts(address.host):
                    if await self._try(address, host):
                        return
            with trio.move_on_after(AGAIN_SECONDS):
                await self._new_address.wait()

    def _asked(self, scope: trio.CancelScope, words: tuple[str, ...]) -> None:
        """Show the words that the owner compares, and give them time for it."""
        self._progress(
            f"this computer shows: {' '.join(words)}. Confirm it on the other one if that shows the same words"
        )
        scope.deadline = max(scope.deadline, trio.current_time() + limits.CONFIRM_SECONDS)
        self._limit.deadline = max(self._limit.deadline, scope.deadline)

    async def _try(self, address: Address, host: str) -> bool:
        """Return whether the other machine has admitted or refused this one."""
        stream = await call(host, address.port, CONNECT_SECONDS)
        if isinstance(stream, DialOutcome):
            return False
        joining = EnrolmentConversation(self._code, self._keys, self._entropy)
        answered = False
        try:
            with trio.move_on_after(limits.ENROLMENT_SECONDS) as scope:
                answered = await _converse(stream, joining, partial(self._asked, scope))
        except RemoteError as error:
            log.warning("joining %s: %s", address, error)
        finally:
            await trio.aclose_forcefully(stream)
        if not answered and address not in self._result.silent:
            self._result.silent.add(address)
            self._progress(f"the computer at {address} does not know this code")
        if joining.over:
            self._result.grant, self._result.refused = joining.grant, joining.refused
            self._result.address = address
        return joining.over


async def _converse(
    stream: trio.SocketStream, joining: EnrolmentConversation, asked: Callable[[tuple[str, ...]], None]
) -> bool:
    """Exchange bytes until `joining` is over or the connection is. Return whether the other side sent anything.

    `asked` is called with the words to compare once this machine has asked, and has no answer at once.
    """
    answered = shown = False
    try:
        while not joining.over:
            await stream.send_all(joining.data_to_send())
            patience = WORDS_SECONDS if joining.words and not shown else float("inf")
            data = None
            with trio.move_on_after(patience):
                data = bytes(await stream.receive_some(READ_BYTES))
            if data is None:
                shown = True
                asked(joining.words)
                continue
            if not data:
                break
            answered = True
            joining.receive(data)
    except trio.BrokenResourceError:
        pass
    return answered
