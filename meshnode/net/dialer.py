"""Decides whom to dial, at which address, and when. It opens no socket; the time and the jitter are passed in.

A person is dialed while a session with one of their devices is missing and an address is known: at the address that is
likeliest to lead to them, and a moment later at the next as well, until one has answered (see `races`). Each address goes through the states of `endpoint_states`: one that fails is left alone for
longer and longer; an announcement, or a change of our own network or contacts, makes it worth a try at once. Times are
seconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from meshnode.net.address import Address
from meshnode.net.dial_outcome import ANSWERED, FOUND, UNDECIDED, DialOutcome
from meshnode.net.dialed_people import DialedPerson, Endpoint, StaticAddress
from meshnode.net.endpoint_states import (
    ANNOUNCED_FAILURES,
    FIRST_PAUSE,
    FRESH_START,
    LONGEST_CARD_PAUSE,
    LONGEST_PAUSE,
    LONGEST_SILENT_PAUSE,
    LONGEST_STATIC_PAUSE,
    NEXT_PAUSE,
    REHEARD_PAUSE,
    TRANSITIONS,
    EndpointEvent,
    EndpointState,
    Pause,
)
from meshnode.net.knocks import CARD_TRIES_MAX, Knocks
from meshnode.net.races import NEVER, Races
from protocol import DeviceId, PersonId

REFUSED_PAUSE = 120.0  # after a person refused us; announcements do not shorten it
BUSY_SPREAD = 1.0  # at most so much later than a busy node has asked for, which keeps a place for us
BUSY_PAUSE_WITH_NEWS = 5.0  # instead of what a busy node has asked for, once the owner has written something
ANNOUNCED_KEPT = 16  # announced addresses of one person: several devices with several addresses each
DOUBLINGS_MAX = 16  # enough for the longest pause; more would overflow in the end


class DialAttempt(Struct, frozen=True):
    """One connection to be made. `turn` counts the keys that were tried there without an answer: it selects the key."""

    person: PersonId
    address: Address
    turn: int
    static: bool = False


class DialTarget(Struct, frozen=True):
    """A person to be connected with, the number of their devices, and their known addresses, the likeliest first.

    `claims`: a card of theirs waits to be presented. That takes a new connection, even if they are connected already.
    `on_cards` are those of the addresses that only a card names.
    """

    person: PersonId
    devices: int
    addresses: tuple[Address, ...] = ()
    claims: bool = False
    on_cards: frozenset[Address] = frozenset()


class Dialer:
    """Keeps the addresses of people and says which to dial now.

    `rank` says how likely an address leads to a neighbor, the likeliest with the lowest number; None says that this node
    itself listens there.

    `Network` tells it what is known and what happened; `Connector` asks `due` for attempts whenever `next_timer` has
    come or something was told, makes the connections, and reports each exactly once to `ended`. `jitter` returns a
    number from 0 up to 1, drawn for each pause. No method blocks or raises.
    """

    def __init__(self, jitter: Callable[[], float], rank: Callable[[Address], int | None] = lambda _: 0) -> None:
        self._jitter = jitter
        self._rank = rank
        self._people: dict[PersonId, DialedPerson] = {}
        self._static: dict[Address, StaticAddress] = {}
        self._races = Races()
        self._knocks = Knocks()

    # --- what is known ---------------------------------------------------------------------------------------------

    def want(self, wanted: Iterable[DialTarget], now: float) -> None:
        """Dial these people at their known addresses, and everybody else only while they are announced."""
        people = {target.person: target for target in wanted}
        for person, known in list(self._people.items()):
            if person not in people:
                known.wanted = known.claims = False
                for endpoint in [endpoint for endpoint in known.endpoints.values() if not endpoint.announced]:
                    self._forget(known, endpoint, EndpointEvent.UNWANTED, now)
                self._drop_if_idle(person)
        for person, target in people.items():
            known = self._people.setdefault(person, DialedPerson())
            known.wanted, known.devices, known.claims = True, target.devices, target.claims
            for order, address in enumerate(target.addresses):
                endpoint = known.endpoints.setdefault(address, Endpoint(address, now))
                endpoint.order, endpoint.known = order, True
                if address not in target.on_cards:
                    endpoint.tries = None
                elif endpoint.tries is None:
                    endpoint.tries = CARD_TRIES_MAX

    def given(self, addresses: Iterable[Address], now: float) -> None:
        """Dial everybody who is missing at these addresses, which the owner has given, and at no other given one."""
        wanted = dict.fromkeys(addresses)
        self._static = {
            address: self._static.get(address) or StaticAddress(Endpoint(address, now)) for address in wanted
        }

    def found_at(self) -> Iterator[tuple[Address, PersonId | None, DialOutcome | None]]:
        """Yield each given address, the person who answered there last, and the outcome of the last attempt."""
        for address, static in self._static.items():
            yield address, static.found, static.outcome

    def heard(
        self,
        person: PersonId,
        addresses: Iterable[Address],
        now: float,
        *,
        pause: float = 0.0,
        account: PersonId | None = None,
    ) -> None:
        """Take note that `person` was announced at these addresses. `pause` leaves them the time to dial us first.

        Calls that lead to nobody there are counted for `account`, by default the person.
        """
        known = self._people.setdefault(person, DialedPerson())
        known.account = account or person
        for address in addresses:
            endpoint = known.endpoints.setdefault(address, Endpoint(address, now + pause))
            endpoint.announced = True
            endpoint.heard = now
            self._move(endpoint, EndpointEvent.HEARD, now + pause)
        # The oldest go: a person who has the same key could announce wrong addresses, which must not displace new ones.
        announced = sorted(
            (endpoint for endpoint in known.endpoints.values() if endpoint.announced),
            key=lambda endpoint: -endpoint.heard,
        )
        for endpoint in announced[ANNOUNCED_KEPT:]:
            self._forget(known, endpoint, EndpointEvent.UNWANTED, now)

    def moved(self, now: float) -> None:
        """Judge every address again and make it due: our network has changed."""
        for known in self._people.values():
            for endpoint in known.endpoints.values():
                endpoint.ranked = False
        self.retry_all(now)

    def retry_all(self, now: float) -> None:
        """Make every address due: our network, our contacts or our keys have changed."""
        for known in self._people.values():
            known.not_before, known.busy_since = NEVER, None
            for endpoint in known.endpoints.values():
                self._move(endpoint, EndpointEvent.CHANGED, now)
                endpoint.tries = None if endpoint.tries is None else CARD_TRIES_MAX
        self._knocks.forget()
        for static in self._static.values():
            static.asked.clear()
            self._move(static.endpoint, EndpointEvent.CHANGED, now)

    def connected(self, person: PersonId, device: DeviceId, now: float) -> None:
        """Take note that a session with this device is open, whichever side dialed."""
        known = self._people.setdefault(person, DialedPerson())
        known.connected.add(device)
        known.busy_since = None
        self._match_sessions(known, now)

    def lost(self, person: PersonId, device: DeviceId, now: float, *, good: bool) -> None:
        """Take note that the session with this device is over. `good`: it was live and broke no rule, so dial again soon."""
        if known := self._people.get(person):
            known.connected.discard(device)
            known.setbacks = 0 if good else known.setbacks + 1
            pause = min(REFUSED_PAUSE, FIRST_PAUSE * 2.0 ** min(known.setbacks, DOUBLINGS_MAX))
            known.not_before = max(known.not_before, now + self._spread(pause))
            self._match_sessions(known, now)
            self._drop_if_idle(person)

    def refused(self, person: PersonId, now: float) -> None:
        """Leave this person alone for a while: they do not want to be connected with us now, or their version cannot."""
        if known := self._people.get(person):
            known.not_before = max(known.not_before, now + self._spread(REFUSED_PAUSE))

    def busy(self, person: PersonId, pause: float, now: float) -> None:
        """Leave this person alone for `pause` seconds: one of the two nodes has no session left for the other."""
        if known := self._people.get(person):
            known.busy_since = now
            known.not_before = max(known.not_before, now + pause + self._jitter() * BUSY_SPREAD)

    def turns(self, now: float) -> dict[PersonId, float]:
        """Return after how many seconds those are dialed again who are left alone because one of the nodes is busy."""
        return {
            person: known.not_before - now
            for person, known in self._people.items()
            if known.busy_since is not None and known.not_before > now
        }

    def has_news(self, now: float) -> None:
        """Dial people whose nodes were busy sooner than they asked for: the owner has written something."""
        for known in self._people.values():
            if known.busy_since is not None:
                known.not_before = min(known.not_before, max(now, known.busy_since + BUSY_PAUSE_WITH_NEWS))

    @property
    def missing(self) -> bool:
        """Whether a person we want to be connected with is not."""
        return any(known.wanted and known.missing for known in self._people.values())

    # --- what to do ------------------------------------------------------------------------------------------------

    def due(self, now: float) -> list[DialAttempt]:
        """Return the attempts to start now. Each must end in one call of `ended`."""
        ready = []
        for person, known in self._people.items():
            if known.not_before <= now and self._races.may_start(person, now):
                choices = [
                    (self._likelihood(endpoint), endpoint, start)
                    for endpoint, start in known.candidates()
                    if self._due_at(known, endpoint, now) <= now and self._is_free(person, endpoint)
                ]
                if choices:
                    _, endpoint, start = min(choices, key=lambda choice: choice[0])
                    ready.append(((not endpoint.announced, endpoint.failures, endpoint.due, person), endpoint, start))
        attempts: list[DialAttempt] = []
        for (*_, person), endpoint, start in sorted(ready, key=lambda choice: choice[0]):
            self._start(attempts, person, endpoint, start, now)
        for address in sorted(self._static):
            static = self._static[address]
            if static.endpoint.due <= now:
                for person in self._candidates(static):
                    if self._people[person].not_before <= now and self._races.may_start(person, now):
                        self._start(attempts, person, static.endpoint, EndpointEvent.DUE, now, static=True)
                        break
        return attempts

    def next_timer(self) -> float | None:
        """Return when `due` may have an attempt if nothing is told before; None for never."""
        times = [
            max(self._due_at(known, endpoint, endpoint.due), known.not_before, free_at)
            for person, known in self._people.items()
            if (free_at := self._races.may_start_at(person)) is not None
            for endpoint, _ in known.candidates()
            if self._is_free(person, endpoint)
        ]
        times += [
            max(static.endpoint.due, self._people[person].not_before, free_at)
            for static in self._static.values()
            for person in self._candidates(static)
            if (free_at := self._races.may_start_at(person)) is not None
        ]
        return min(times, default=None)

    def ended(
        self,
        attempt: DialAttempt,
        outcome: DialOutcome,
        now: float,
        *,
        device: DeviceId | None = None,
        more_keys: bool = False,
        pause: float = 0.0,
    ) -> None:
        """Take note of the end of an attempt, or that it led to a session with `device`.

        `more_keys`: one is left to try. `pause` is the number of seconds that a busy node has asked for, or that this
        node wants to wait.
        """
        self._races.ended(attempt.person, attempt.address)
        if outcome in (DialOutcome.REFUSED, DialOutcome.OTHER_VERSION):
            self.refused(attempt.person, now)
        if outcome in (DialOutcome.BUSY, DialOutcome.NOT_YET):
            self.busy(attempt.person, pause, now)
        if attempt.static:
            static = self._static.get(attempt.address)
            # Else the owner has taken it back meanwhile, and maybe given it again.
            if static is not None and static.endpoint.state is EndpointState.DIALING:
                self._ended_static(static, attempt.person, outcome, now, more_keys=more_keys)
            return
        if (known := self._people.get(attempt.person)) is None:
            return
        if outcome is DialOutcome.MET:
            known.claims = False  # the card has been presented; `want` says if another waits
        endpoint = known.endpoints.get(attempt.address)
        if endpoint is not None and endpoint.state is EndpointState.DIALING:  # else it was forgotten in the meantime
            if outcome in ANSWERED:
                endpoint.device, endpoint.met = device, now
            elif outcome not in (DialOutcome.OVERTAKEN, DialOutcome.NOT_YET):
                endpoint.met = NEVER
                if outcome is not DialOutcome.NO_KEY:
                    self._note_knock(known, endpoint, now)
            event = _event(outcome, more_keys=more_keys)
            if event is EndpointEvent.FAILED and endpoint.announced and endpoint.failures + 1 >= ANNOUNCED_FAILURES:
                self._forget(known, endpoint, EndpointEvent.GIVEN_UP, now)
            else:
                silent = outcome is DialOutcome.NO_ANSWER
                longest = LONGEST_PAUSE if endpoint.tries is None else LONGEST_CARD_PAUSE
                self._move(
                    endpoint, event, now, LONGEST_SILENT_PAUSE if silent and longest < LONGEST_CARD_PAUSE else longest
                )
            self._match_sessions(known, now)
        self._drop_if_idle(attempt.person)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _start(
        self,
        attempts: list[DialAttempt],
        person: PersonId,
        endpoint: Endpoint,
        start: EndpointEvent,
        now: float,
        *,
        static: bool = False,
    ) -> None:
        if self._races.may_start(person, now):
            self._races.started(person, endpoint.address, now)
            endpoint.tried = now
            attempts.append(DialAttempt(person, endpoint.address, endpoint.turn, static))
            self._move(endpoint, start, now)

    def _due_at(self, known: DialedPerson, endpoint: Endpoint, now: float) -> float:
        """Return when this endpoint is due, as far as its person's account may make us call where they were announced."""
        if endpoint.known or known.account is None:
            return endpoint.due
        return max(endpoint.due, self._knocks.may_knock_at(known.account, now))

    def _note_knock(self, known: DialedPerson, endpoint: Endpoint, now: float) -> None:
        """Count a call that has led to nobody."""
        if endpoint.tries is not None:
            endpoint.tries -= 1
        elif not endpoint.known and known.account is not None:
            self._knocks.note(known.account, now)

    def _is_free(self, person: PersonId, endpoint: Endpoint) -> bool:
        """Whether this person may be dialed there: at our own address this node would connect with itself.

        Nor are they dialed there twice, as a known address of theirs and as one given by hand.
        """
        if not endpoint.ranked:
            endpoint.rank, endpoint.ranked = self._rank(endpoint.address), True
        return endpoint.rank is not None and not self._races.is_dialed(person, endpoint.address)

    def _likelihood(self, endpoint: Endpoint) -> tuple[int, float, bool, int, int, float, Address]:
        """Return a sort key for the addresses of one person.

        Our own subnets come first, then the last good address, what was just announced, and what failed least.
        """
        return (
            endpoint.rank or 0,
            -endpoint.met,
            not endpoint.announced,
            endpoint.failures,
            endpoint.order,
            endpoint.due,
            endpoint.address,
        )

    def _move(self, endpoint: Endpoint, event: EndpointEvent, now: float, longest: float = LONGEST_PAUSE) -> None:
        """Take the step that the table has for `event`, and set when the endpoint is due."""
        before = endpoint.state
        endpoint.state, pause = TRANSITIONS[before][event]
        if before is EndpointState.DIALING and endpoint.state is EndpointState.WAITING:
            endpoint.turn = endpoint.turn + 1 if event is EndpointEvent.NEXT_KEY else 0
        if pause in FRESH_START:
            endpoint.failures = 0
        match pause:
            case Pause.NOW:
                endpoint.due = min(endpoint.due, now)
            case Pause.REHEARD:
                endpoint.due = min(endpoint.due, max(now, endpoint.tried + REHEARD_PAUSE))
            case Pause.NEXT:
                endpoint.due = now + NEXT_PAUSE
            case Pause.FIRST:
                endpoint.due = now + self._spread(FIRST_PAUSE)
            case Pause.DOUBLING:
                doubled = FIRST_PAUSE * 2.0 ** min(endpoint.failures, DOUBLINGS_MAX)
                endpoint.due = now + self._spread(min(longest, doubled))
                endpoint.failures += 1

    def _match_sessions(self, known: DialedPerson, now: float) -> None:
        """Move the endpoints of this person whose device has been connected or lost."""
        for endpoint in known.endpoints.values():
            event = EndpointEvent.OPENED if endpoint.device in known.connected else EndpointEvent.LOST
            if event in TRANSITIONS[endpoint.state]:
                self._move(endpoint, event, now)

    def _forget(self, known: DialedPerson, endpoint: Endpoint, event: EndpointEvent, now: float) -> None:
        self._move(endpoint, event, now)
        del known.endpoints[endpoint.address]

    def _ended_static(
        self, static: StaticAddress, person: PersonId, outcome: DialOutcome, now: float, *, more_keys: bool
    ) -> None:
        event = _event(outcome, more_keys=more_keys)
        static.outcome = outcome
        if outcome in FOUND:
            static.found = person
            static.asked.clear()
        elif outcome not in UNDECIDED and event is not EndpointEvent.NEXT_KEY:
            # Somebody listens there, but not this person. Only when all have been tried does the address count as failed.
            static.found = None if static.found == person else static.found
            static.asked.add(person)
            if any(other not in static.asked for other in self._missing_at(static)):
                event = EndpointEvent.NEXT_PERSON
            else:
                static.asked.clear()
        self._move(static.endpoint, event, now, LONGEST_STATIC_PAUSE)

    def _candidates(self, static: StaticAddress) -> list[PersonId]:
        """Return the people who may be tried now at a static address."""
        return self._missing_at(static) if static.endpoint.state is EndpointState.WAITING else []

    def _missing_at(self, static: StaticAddress) -> list[PersonId]:
        """Return the missing people who may be there: the one found last, else all, those not yet tried first."""
        found = static.found
        people = [found] if found is not None and found in self._people else sorted(self._people)
        missing = [
            person
            for person in people
            if self._people[person].wanted
            and self._people[person].missing
            and not self._races.is_dialed(person, static.endpoint.address)
        ]
        return sorted(missing, key=lambda person: person in static.asked)

    def _drop_if_idle(self, person: PersonId) -> None:
        known = self._people[person]
        if not known.wanted and not known.endpoints and not known.connected and person not in self._races:
            del self._people[person]

    def _spread(self, pause: float) -> float:
        """Return half of the pause at least: nodes that lost each other at one moment must not return at one moment."""
        return pause * (0.5 + self._jitter() / 2)


def _event(outcome: DialOutcome, *, more_keys: bool) -> EndpointEvent:
    """Return what the end of an attempt means for its address."""
    if outcome in ANSWERED:
        return EndpointEvent.ANSWERED
    if outcome in (DialOutcome.OVERTAKEN, DialOutcome.NOT_YET):
        return EndpointEvent.OVERTAKEN
    return EndpointEvent.NEXT_KEY if outcome is DialOutcome.NO_ANSWER and more_keys else EndpointEvent.FAILED
