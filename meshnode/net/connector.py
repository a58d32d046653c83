"""Makes the connections that the dialer decides on: finds a key, opens the stream, and reports the outcome."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable

import trio
from msgspec import Struct, field

from meshnode import background
from meshnode.app.peers.contacts import Dial
from meshnode.guard import Guard
from meshnode.net.address import Address
from meshnode.net.calls import call_first
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import DialAttempt, Dialer
from meshnode.net.interfaces import Interfaces
from meshnode.net.peer_link import PeerLink
from meshnode.wakeup import Wakeup
from protocol import Code, DeviceId, PersonId, RemoteError, short_id

log = logging.getLogger(__name__)

ATTEMPTS_KEPT = 8  # for each person, to explain why there is no connection
PEOPLE_KEPT = 512
_BY_CODE = {Code.DUPLICATE: DialOutcome.DUPLICATE, Code.VERSION: DialOutcome.OTHER_VERSION}  # else it is REFUSED

DialKeys = Callable[[PersonId], Awaitable[tuple[list[Dial], int]]]
Connect = Callable[
    [trio.SocketStream, Dial, Address, Callable[[PeerLink], None], Callable[[], None]], Awaitable[PeerLink]
]


class _Running(Struct, eq=False):
    """An attempt that has not ended: whom and with which device it is to connect, and its link once there is one."""

    person: PersonId
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    device: DeviceId | None = None
    link: PeerLink | None = None

    @property
    def unanswered(self) -> bool:
        """Whether the other side has sent nothing, so that it counts on nothing either."""
        return self.link is None or not self.link.bytes_in


class Connector:
    """Carries out the dialer's attempts until `run` is cancelled.

    `dial_keys` returns the keys to dial a person with, and in how many seconds they may be dialed, 0 for now. `connect(stream, key, address, begun, met)` runs a connection to
    its end and returns its link; it calls `begun` with that link first, and `met` once the other side has proven who it
    is, and raises RemoteError if no handshake can be begun with this key. `connected` tells whether a device is connected
    now. An attempt that fails by a fault of this program is noted in `guard` and ends alone. Of several attempts that race for one device the first that has met it stays, and the others are closed.
    """

    def __init__(
        self,
        dialer: Dialer,
        dial_keys: DialKeys,
        connect: Connect,
        connected: Callable[[PersonId, DeviceId], bool],
        guard: Guard,
    ) -> None:
        self._dialer = dialer
        self._dial_keys = dial_keys
        self._connect = connect
        self._connected = connected
        self._guard = guard
        self._interfaces = Interfaces()
        self._wakeup = Wakeup()
        self._running: set[_Running] = set()
        self._tried: dict[PersonId, deque[tuple[float, Address, DialOutcome]]] = {}

    def wake(self) -> None:
        """Ask the dialer again which attempts are due: it has been told something."""
        self._wakeup.set()

    def use_interfaces(self, interfaces: Interfaces) -> None:
        """Dial link-local addresses without a scope on each of these interfaces."""
        self._interfaces = interfaces

    def tried(self, person: PersonId) -> list[tuple[float, Address, DialOutcome]]:
        """Return the latest attempts to reach `person`: time (monotonic seconds), address, outcome; newest last."""
        return list(self._tried.get(person, ()))

    def latest(self, since: float) -> dict[PersonId, dict[Address, DialOutcome]]:
        """Return how the latest attempt at each address has ended, for everybody who was dialed since that time."""
        return {
            person: {
                address: outcome
                for at, address, outcome in tried
                if at >= since and outcome is not DialOutcome.OVERTAKEN
            }
            for person, tried in self._tried.items()
            if tried[-1][0] >= since
        }

    async def run(self) -> None:
        """Start attempts as they become due. Cancelling it ends the attempts and the connections they led to."""
        async with trio.open_nursery() as nursery:
            while True:
                for attempt in self._dialer.due(trio.current_time()):
                    nursery.start_soon(background.once, self._guard, "calling somebody", self._attempt, attempt)
                timer = self._dialer.next_timer()
                with trio.move_on_at(float("inf") if timer is None else timer):
                    await self._wakeup.wait()

    async def _attempt(self, attempt: DialAttempt) -> None:
        running = _Running(attempt.person)
        ended = False

        def end(
            outcome: DialOutcome, device: DeviceId | None = None, *, more_keys: bool = False, pause: float = 0.0
        ) -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._running.discard(running)
                now = trio.current_time()
                self._dialer.ended(attempt, outcome, now, device=device, more_keys=more_keys, pause=pause)
                self._remember(attempt, outcome, now)
                self._wakeup.set()

        def met() -> None:
            if not ended:
                end(DialOutcome.MET, running.device)
                self._overtake(running)

        self._running.add(running)
        try:
            with running.scope:
                await self._try(attempt, running, end, met)
        except Exception:  # a fault of this program: the attempt has ended too, and is made again later
            end(DialOutcome.NO_ANSWER)
            raise
        if running.scope.cancelled_caught:
            end(DialOutcome.OVERTAKEN)

    def _overtake(self, winner: _Running) -> None:
        """Close the other attempts for the same device that nobody has answered. A table decides about answered ones."""
        for other in self._running:
            if (other.person, other.device) == (winner.person, winner.device) and other.unanswered:
                other.scope.cancel()

    async def _try(
        self, attempt: DialAttempt, running: _Running, end: Callable[..., None], met: Callable[[], None]
    ) -> None:
        known, pause = await self._dial_keys(attempt.person)
        if pause:
            end(DialOutcome.NOT_YET, pause=pause)
            return
        keys = [dial for dial in known if dial.card is not None or not self._connected(dial.person, dial.device)]
        if not keys:
            end(DialOutcome.NO_KEY)
            return
        turn = attempt.turn % len(keys)
        dial = keys[turn]
        running.device = dial.device
        stream = await call_first(self._interfaces.hosts(attempt.address.host), attempt.address.port)
        if isinstance(stream, DialOutcome):
            end(stream)
            return

        def begun(link: PeerLink) -> None:
            running.link = link

        try:
            link = await self._connect(stream, dial, attempt.address, begun, met)
        except RemoteError as error:  # a public key of low order, for example
            log.info("not dialed", extra={"peer": short_id(attempt.person), "why": str(error)})
            end(DialOutcome.NO_KEY, dial.device, more_keys=turn + 1 < len(keys))
            return
        pause = link.conversation.end.pause if link.conversation.end is not None else 0
        end(_outcome(link), dial.device, more_keys=turn + 1 < len(keys), pause=pause)

    def _remember(self, attempt: DialAttempt, outcome: DialOutcome, now: float) -> None:
        if attempt.person not in self._tried and len(self._tried) >= PEOPLE_KEPT:
            del self._tried[next(iter(self._tried))]
        self._tried.setdefault(attempt.person, deque(maxlen=ATTEMPTS_KEPT)).append((now, attempt.address, outcome))
        log.info(
            "dialed",
            extra={"peer": short_id(attempt.person), "address": str(attempt.address), "outcome": outcome.value},
        )


def _outcome(link: PeerLink) -> DialOutcome:
    """Return the outcome of a connection that ended before its other side had proven who it is."""
    end = link.conversation.end
    if end is None or not link.bytes_in:
        return DialOutcome.NO_ANSWER  # a responder sends nothing to a caller who does not know its key
    if end.code is Code.BUSY and end.pause:
        return DialOutcome.BUSY
    return _BY_CODE.get(end.code, DialOutcome.REFUSED)
