"""Dials the machine that shows a word code, wherever it is announced, and tries the words there: once, whatever answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import trio

from meshnode.app.meetings.typed import MeetingEnd, MeetingResult, TypedMeeting
from meshnode.net.address import Address
from meshnode.net.calls import call
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.discovery import LocalDiscovery, MdnsMode
from meshnode.net.interfaces import Interfaces, watch
from meshnode.wakeup import Wakeup
from protocol import RemoteError

log = logging.getLogger(__name__)

SEARCH_SECONDS = 8.0  # a code is announced every two seconds while it is shown
CONNECT_SECONDS = 3.0
MEETING_SECONDS = 10.0  # for all that is said: SPAKE2 takes 0.1 s on a small computer
AGAIN_SECONDS = 1.0  # before all known addresses are tried once more
ANSWER_SECONDS = 0.1  # between hearing and answering: the time that SPAKE2 takes would tell something about the words
ADDRESSES_MAX = 16  # of one search: anybody can announce a number
READ_BYTES = 16 * 1024


class MeetingClient:
    """Looks for the machine that shows a code. Use once.

    `make` returns a new attempt. `hosts` returns an address's host as it is dialed. `found` is called with addresses as
    they are heard; those at which `is_own` are left out.
    """

    def __init__(
        self,
        make: Callable[[], TypedMeeting],
        hosts: Callable[[str], Iterable[str]],
        is_own: Callable[[Address], bool] = lambda _: False,
    ) -> None:
        self._make = make
        self._hosts = hosts
        self._is_own = is_own
        self._addresses: dict[Address, None] = {}
        self._reached: dict[Address, None] = {}
        self._new_address = Wakeup()

    def found(self, addresses: Iterable[Address]) -> None:
        """Take in addresses at which the code may be shown."""
        new = [one for one in addresses if one not in self._addresses and not self._is_own(one)]
        room = ADDRESSES_MAX - len(self._addresses)
        if new and room > 0:
            self._addresses |= dict.fromkeys(new[:room])
            self._new_address.set()

    async def run(self, seconds: float = SEARCH_SECONDS) -> MeetingResult:
        """Try all addresses again and again until the words were tried once, or the time is over.

        No error of the network or of another node is raised. Cancelling it leaves nothing behind.
        """
        tried: tuple[TypedMeeting, Address] | None = None
        with trio.move_on_after(seconds) as search:
            while tried is None:
                for address in list(self._addresses):
                    for host in self._hosts(address.host):
                        tried = tried or await self._try(address, host, search)
                if tried is None:
                    with trio.move_on_after(AGAIN_SECONDS):
                        await self._new_address.wait()
        heard, reached = tuple(self._addresses), tuple(self._reached)
        if tried is None:
            return MeetingResult(None, heard, reached)
        meeting, at = tried
        return MeetingResult(meeting.end, heard, reached, at, meeting.person, meeting.device_code)

    async def _try(self, address: Address, host: str, search: trio.CancelScope) -> tuple[TypedMeeting, Address] | None:
        """Return the attempt if the words were tried in it."""
        # In a thread, since it takes 0.1 s the first time; before the call, so that its time tells nothing.
        meeting = await trio.to_thread.run_sync(self._make)
        stream = await call(host, address.port, CONNECT_SECONDS)
        if isinstance(stream, DialOutcome):
            return None
        self._reached[address] = None
        try:
            with trio.move_on_after(MEETING_SECONDS):
                await _converse(stream, meeting, search)
        except RemoteError as error:
            log.info("meeting at %s: %s", address, error)
        finally:
            meeting.close()
            await trio.aclose_forcefully(stream)
        return None if meeting.end is None else (meeting, address)


async def search_for_words(
    make: Callable[[], TypedMeeting], number: int, interfaces: tuple[str, ...], entropy: Callable[[int], bytes]
) -> MeetingResult:
    """Look on these interfaces (none: all) for the machine that shows a code of this number, without a node."""
    known = Interfaces()

    def hosts(host: str) -> list[str]:
        return known.hosts(host)

    client = MeetingClient(make, hosts)
    discovery = LocalDiscovery(MdnsMode.LISTEN, 0, entropy, lambda _: None)
    discovery.rendezvous.look_for(number, client.found, trio.current_time())

    def use(changed: Interfaces) -> None:
        nonlocal known
        known = changed
        discovery.use_interfaces(changed)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, interfaces, use)
        nursery.start_soon(discovery.run)
        result = await client.run()
        nursery.cancel_scope.cancel()
    return result


async def _converse(stream: trio.SocketStream, meeting: TypedMeeting, search: trio.CancelScope) -> None:
    """Exchange bytes until `meeting` has ended or the connection has. Once the words are tried, it is not given up."""
    try:
        while meeting.end is None:
            await stream.send_all(meeting.data_to_send())
            data = bytes(await stream.receive_some(READ_BYTES))
            if not data:
                return
            answered_at = trio.current_time() + ANSWER_SECONDS
            await trio.to_thread.run_sync(meeting.receive, data)
            if meeting.proof_sent:
                search.deadline = float("inf")
                await trio.sleep_until(answered_at)
        if meeting.end is MeetingEnd.MET:
            await stream.send_eof()
    except trio.BrokenResourceError:
        pass
