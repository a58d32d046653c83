"""Whom to dial, where, and when: decisions alone, with the time passed in and jitter drawn from outside.

A person is dialed while a session with one of his devices is missing and an address is known; what was just announced
comes first. A place that fails is left alone for longer and longer. Hearing its person announced anew, or a change of
our own network or contacts, makes it worth trying at once. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from protocol import DeviceId, PersonId

DIALS_AT_ONCE = 8
FIRST_PAUSE = 1.0  # doubled with each failure
LONGEST_PAUSE = 300.0
LONGEST_STATIC_PAUSE = 30.0  # somebody asked for this address by name
REFUSED_PAUSE = 120.0  # he does not want us now; announcements change nothing about that
REHEARD_PAUSE = 3.0  # an announcement makes a failed place worth another try, but no oftener than this
NEXT_PAUSE = 0.05  # before the next key, or the next person, at a place that did not answer
ANNOUNCED_KEPT = 16  # places heard for one person: several devices with several addresses each
ANNOUNCED_FAILURES = 6  # then an announced place is forgotten, until it is announced again

NEVER = float("-inf")
IN_FLIGHT = float("inf")  # a static address is tried by one connection at a time: `ended` says when it is due again


class Address(NamedTuple):
    """Where to dial: a host as text, with its scope if it has one, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class DialOutcome(Enum):
    """How an attempt ended, in the words that a person reads about it."""

    MET = "met"
    UNREACHABLE = "not reachable"
    NO_ANSWER = "connected, but got no answer"  # another key may be the right one, or another node listens there
    REFUSED = "refused"
    DUPLICATE = "connected already"
    NO_KEY = "no key to dial with"


@dataclass(frozen=True, slots=True)
class DialAttempt:
    """One connection to be made. `turn` counts what was tried there before: it selects the key."""

    person: PersonId
    address: Address
    turn: int
    static: bool = False


@dataclass(frozen=True, slots=True)
class DialTarget:
    """Somebody to be in touch with, how many devices he has, and where he was met before, the likeliest place first.

    `claims`: a card of his waits to be presented, which only a new call can do, be we in touch already or not.
    """

    person: PersonId
    devices: int
    addresses: tuple[Address, ...] = ()
    claims: bool = False


@dataclass(slots=True)
class _Endpoint:
    """One address, as far as trying it goes. `device`: who answered there."""

    address: Address
    due: float
    announced: bool = False
    failures: int = 0
    turn: int = 0
    tried: float = NEVER
    heard: float = NEVER
    device: DeviceId | None = None


@dataclass(slots=True)
class _Person:
    devices: int = 1
    wanted: bool = False
    claims: bool = False
    places: dict[Address, _Endpoint] = field(default_factory=dict)
    connected: set[DeviceId] = field(default_factory=set)
    not_before: float = NEVER
    setbacks: int = 0

    @property
    def missing(self) -> bool:
        return len(self.connected) < max(1, self.devices)

    def open_places(self) -> list[_Endpoint]:
        """Places that may lead to a device which is not connected, or to any of his where a card is to be presented."""
        if self.claims:
            return list(self.places.values())
        return [place for place in self.places.values() if place.device not in self.connected] if self.missing else []


@dataclass(slots=True)
class _Static:
    """An address given by hand names no person: those who are missing are tried there, one after the other."""

    place: _Endpoint
    found: PersonId | None = None
    asked: set[PersonId] = field(default_factory=set)


class Dialer:
    """Keeps the list and says what to do. `jitter` gives a number from 0 up to 1 for every pause."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._people: dict[PersonId, _Person] = {}
        self._static: dict[Address, _Static] = {}
        self._busy: set[PersonId] = set()

    # --- what is known ---------------------------------------------------------------------------------------------

    def want(self, wanted: Iterable[DialTarget], now: float) -> None:
        """These are to be reached by what is remembered of them, the rest only while they are heard."""
        people = {one.person: one for one in wanted}
        for person, known in list(self._people.items()):
            if person not in people:
                known.wanted = known.claims = False
                known.places = {address: place for address, place in known.places.items() if place.announced}
                self._drop_if_idle(person)
        for person, one in people.items():
            known = self._people.setdefault(person, _Person())
            known.wanted, known.devices, known.claims = True, one.devices, one.claims
            for address in one.addresses:
                known.places.setdefault(address, _Endpoint(address, now))

    def forget(self, person: PersonId) -> None:
        """Dial him no more, wherever he was heard."""
        if known := self._people.get(person):
            known.wanted = False
            known.places.clear()
            self._drop_if_idle(person)

    def static(self, address: Address, now: float) -> None:
        """Try whoever is missing at this address."""
        self._static.setdefault(address, _Static(_Endpoint(address, now)))

    def heard(self, person: PersonId, addresses: Iterable[Address], now: float, *, pause: float = 0.0) -> None:
        """`person` announced himself at these addresses. `pause` leaves him the time to dial us first."""
        known = self._people.setdefault(person, _Person())
        for address in addresses:
            place = known.places.setdefault(address, _Endpoint(address, now + pause))
            place.announced = True
            place.heard = now
            place.failures = 0
            place.due = min(place.due, max(now + pause, place.tried + REHEARD_PAUSE))
        # The oldest go: whoever shares his key could announce him wrongly, and must not keep a new place from being tried.
        announced = sorted(
            (place for place in known.places.values() if place.announced), key=lambda place: -place.heard
        )
        for place in announced[ANNOUNCED_KEPT:]:
            del known.places[place.address]

    def look_again(self, now: float) -> None:
        """Our network, our contacts or our keys have changed: everything is worth a try."""
        for known in self._people.values():
            known.not_before = NEVER
        for static in self._static.values():
            static.asked.clear()
        for place in self._all_places():
            place.failures = 0
            if place.due != IN_FLIGHT:
                place.due = min(place.due, now)

    def connected(self, person: PersonId, device: DeviceId) -> None:
        """A session with this device stands, whoever dialed."""
        self._people.setdefault(person, _Person()).connected.add(device)

    def lost(self, person: PersonId, device: DeviceId, now: float, *, good: bool) -> None:
        """The session with this device is over. `good`: it had settled and broke no rule, so dial again soon."""
        if known := self._people.get(person):
            known.connected.discard(device)
            known.setbacks = 0 if good else known.setbacks + 1
            pause = min(REFUSED_PAUSE, FIRST_PAUSE * 2.0 ** min(known.setbacks, 16))
            known.not_before = max(known.not_before, now + self._spread(pause))
            self._drop_if_idle(person)

    def refused(self, person: PersonId, now: float) -> None:
        """He does not want to talk to us now."""
        if known := self._people.get(person):
            known.not_before = max(known.not_before, now + self._spread(REFUSED_PAUSE))

    @property
    def missing(self) -> bool:
        """Whether somebody is wanted and not there."""
        return any(known.wanted and known.missing for known in self._people.values())

    # --- what to do ------------------------------------------------------------------------------------------------

    def due(self, now: float) -> list[DialAttempt]:
        """The attempts to start now; each must end in a call of `ended`."""
        ready: list[tuple[bool, int, float, PersonId, _Endpoint]] = []
        for person, known in self._people.items():
            if person not in self._busy and known.not_before <= now:
                ready += [
                    (not place.announced, place.failures, place.due, person, place)
                    for place in known.open_places()
                    if place.due <= now
                ]
        attempts: list[DialAttempt] = []
        for *_, person, place in sorted(ready, key=lambda choice: (*choice[:4], choice[4].address)):
            self._start(attempts, person, place, now)
        for address in sorted(self._static):
            static = self._static[address]
            if static.place.due <= now:
                for person in self._candidates(static):
                    if self._people[person].not_before <= now:
                        self._start(attempts, person, static.place, now, static=True)
                        break
        return attempts

    def next_timer(self) -> float | None:
        """When `due` may have something to say, if nothing else happens before; None for never."""
        if len(self._busy) >= DIALS_AT_ONCE:
            return None
        times = [
            max(place.due, known.not_before)
            for person, known in self._people.items()
            if person not in self._busy
            for place in known.open_places()
        ]
        times += [
            max(static.place.due, self._people[person].not_before)
            for static in self._static.values()
            for person in self._candidates(static)
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
    ) -> None:
        """An attempt is over, or has led to a session with `device`. `more_keys`: another key remains to be tried."""
        self._busy.discard(attempt.person)
        known = self._people.get(attempt.person)
        if outcome is DialOutcome.REFUSED:
            self.refused(attempt.person, now)
        if attempt.static:
            self._ended_static(self._static[attempt.address], attempt.person, outcome, now, more_keys=more_keys)
        elif known is not None and (place := known.places.get(attempt.address)) is not None:
            if outcome in (DialOutcome.MET, DialOutcome.DUPLICATE):
                place.device = device
            self._access(place, outcome, now, LONGEST_PAUSE, more_keys=more_keys)
            if place.announced and place.failures >= ANNOUNCED_FAILURES:
                del known.places[place.address]
            self._drop_if_idle(attempt.person)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _all_places(self) -> list[_Endpoint]:
        places = [place for known in self._people.values() for place in known.places.values()]
        return places + [static.place for static in self._static.values()]

    def _start(
        self, attempts: list[DialAttempt], person: PersonId, place: _Endpoint, now: float, *, static: bool = False
    ) -> None:
        if person not in self._busy and len(self._busy) < DIALS_AT_ONCE:
            self._busy.add(person)
            place.tried = now
            attempts.append(DialAttempt(person, place.address, place.turn, static))
            if static:
                place.due = IN_FLIGHT

    def _access(self, place: _Endpoint, outcome: DialOutcome, now: float, longest: float, *, more_keys: bool) -> None:
        """When to try this place again."""
        if outcome is DialOutcome.NO_ANSWER and more_keys:
            place.turn += 1
            place.due = now + NEXT_PAUSE
            return
        place.turn = 0
        if outcome in (DialOutcome.MET, DialOutcome.DUPLICATE):
            place.failures = 0
            place.due = now + self._spread(FIRST_PAUSE)
            return
        place.due = now + self._spread(min(longest, FIRST_PAUSE * 2.0 ** min(place.failures, 16)))
        place.failures += 1

    def _ended_static(
        self, static: _Static, person: PersonId, outcome: DialOutcome, now: float, *, more_keys: bool
    ) -> None:
        if outcome is DialOutcome.MET:
            static.found = person
            static.asked.clear()
        elif outcome is not DialOutcome.UNREACHABLE and not (outcome is DialOutcome.NO_ANSWER and more_keys):
            # Not he; who else? Only when all have been asked does the place count as failed.
            static.found = None if static.found == person else static.found
            static.asked.add(person)
            if any(other not in static.asked for other in self._candidates(static)):
                static.place.turn = 0
                static.place.due = now + NEXT_PAUSE
                return
            static.asked.clear()
        self._access(static.place, outcome, now, LONGEST_STATIC_PAUSE, more_keys=more_keys)

    def _candidates(self, static: _Static) -> list[PersonId]:
        """Who may be tried at a static address: who was found there, else the missing, those not yet asked first."""
        found = static.found
        people = [found] if found is not None and found in self._people else sorted(self._people)
        missing = [
            person
            for person in people
            if person not in self._busy and self._people[person].wanted and self._people[person].missing
        ]
        return sorted(missing, key=lambda person: person in static.asked)

    def _drop_if_idle(self, person: PersonId) -> None:
        known = self._people[person]
        if not known.wanted and not known.places and not known.connected and person not in self._busy:
            del self._people[person]

    def _spread(self, pause: float) -> float:
        """Half of the pause at least: nodes that lost each other at one moment must not come back at one moment."""
        return pause * (0.5 + self._jitter() / 2)
