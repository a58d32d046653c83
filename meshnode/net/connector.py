"""Makes the connections that the dialer decides on: finds the key, opens the stream, tells how it went."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable

import trio

from meshnode.app.peers.contacts import Dial
from meshnode.net.dialer import Address, DialAttempt, Dialer, DialOutcome
from meshnode.net.interfaces import Interfaces
from meshnode.net.peer_link import PeerLink
from protocol import Code, DeviceId, PersonId, RemoteError, short_id

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
ATTEMPTS_KEPT = 8  # a person, for whoever asks why there is no connection
PEOPLE_KEPT = 512

DialKeys = Callable[[PersonId], Awaitable[list[Dial]]]
Connect = Callable[[trio.SocketStream, Dial, Address, Callable[[], None]], Awaitable[PeerLink]]


class Connector:
    """Carries out attempts until cancelled. `connect` runs a connection to its end and returns its link."""

    def __init__(
        self, dialer: Dialer, dial_keys: DialKeys, connect: Connect, connected: Callable[[PersonId, DeviceId], bool]
    ) -> None:
        self._dialer = dialer
        self._dial_keys = dial_keys
        self._connect = connect
        self._connected = connected
        self._interfaces = Interfaces()
        self._news = trio.Event()
        self._tried: dict[PersonId, deque[tuple[float, Address, DialOutcome]]] = {}

    def look(self) -> None:
        """The dialer has learned something: ask it again what is due."""
        self._news.set()

    def use_interfaces(self, interfaces: Interfaces) -> None:
        """PeerLink-local addresses without a scope are tried on each of these."""
        self._interfaces = interfaces

    def tried(self, person: PersonId) -> list[tuple[float, Address, DialOutcome]]:
        """The latest attempts to reach `person`: when (monotonic seconds), where, how it ended; newest last."""
        return list(self._tried.get(person, ()))

    async def run(self) -> None:
        """Start attempts as they become due."""
        async with trio.open_nursery() as nursery:
            while True:
                self._news = trio.Event()
                for attempt in self._dialer.due(trio.current_time()):
                    nursery.start_soon(self._attempt, attempt)
                timer = self._dialer.next_timer()
                with trio.move_on_at(float("inf") if timer is None else timer):
                    await self._news.wait()

    async def _attempt(self, attempt: DialAttempt) -> None:
        ended = False

        def end(outcome: DialOutcome, device: DeviceId | None = None, *, more_keys: bool = False) -> None:
            nonlocal ended
            if not ended:
                ended = True
                now = trio.current_time()
                self._dialer.ended(attempt, outcome, now, device=device, more_keys=more_keys)
                self._remember(attempt, outcome, now)
                self._news.set()

        keys = [
            dial
            for dial in await self._dial_keys(attempt.person)
            if dial.card is not None or not self._connected(dial.person, dial.device)
        ]
        if not keys:
            end(DialOutcome.NO_KEY)
            return
        turn = attempt.turn % len(keys)
        dial = keys[turn]
        stream = await self._open(attempt.address)
        if stream is None:
            end(DialOutcome.UNREACHABLE)
            return
        try:
            link = await self._connect(stream, dial, attempt.address, lambda: end(DialOutcome.MET, dial.device))
        except RemoteError as error:  # a key that nobody can agree on a secret with
            log.info("not dialed", extra={"peer": short_id(attempt.person), "why": str(error)})
            end(DialOutcome.NO_KEY, dial.device, more_keys=turn + 1 < len(keys))
            return
        end(_outcome(link), dial.device, more_keys=turn + 1 < len(keys))

    async def _open(self, address: Address) -> trio.SocketStream | None:
        for host in self._interfaces.hosts(address.host):
            try:
                with trio.fail_after(CONNECT_SECONDS):
                    return await trio.open_tcp_stream(host, address.port)
            except (OSError, UnicodeError, trio.TooSlowError) as error:  # a name may be none that DNS can carry
                log.debug("dialing %s port %d: %s", host, address.port, error)
        return None

    def _remember(self, attempt: DialAttempt, outcome: DialOutcome, now: float) -> None:
        if attempt.person not in self._tried and len(self._tried) >= PEOPLE_KEPT:
            del self._tried[next(iter(self._tried))]
        self._tried.setdefault(attempt.person, deque(maxlen=ATTEMPTS_KEPT)).append((now, attempt.address, outcome))
        log.info(
            "dialed",
            extra={"peer": short_id(attempt.person), "address": str(attempt.address), "outcome": outcome.value},
        )


def _outcome(link: PeerLink) -> DialOutcome:
    """What became of a connection that never got as far as standing."""
    end = link.talk.end
    if end is None or not link.bytes_in:
        return DialOutcome.NO_ANSWER  # a responder is silent for who holds no key of his
    return DialOutcome.DUPLICATE if end.code is Code.DUPLICATE else DialOutcome.REFUSED
