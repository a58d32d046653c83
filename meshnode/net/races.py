"""Lets the addresses of one person race: the next is dialed a moment after the one before, until one has answered.

This is the idea of RFC 8305 ("Happy Eyeballs"): an address that swallows packets costs a quarter of a second and not the
time in which it fails. Pure bookkeeping for the dialer; times are seconds of a monotonic clock.
"""

from __future__ import annotations

from msgspec import Struct, field

from protocol import PersonId

PEOPLE_AT_ONCE = 8  # bounds the sockets and the work of a node with many contacts
ADDRESSES_AT_ONCE = 4  # of one person: further ones wait until one of these has failed
NEXT_SECONDS = 0.25  # RFC 8305, section 5: the recommended delay between two attempts

NEVER = float("-inf")
HostPort = tuple[str, int]


class _Race(Struct):
    running: set[HostPort] = field(default_factory=set)
    next_at: float = NEVER


class Races:
    """The people who are being dialed, each at one address or several."""

    def __init__(self) -> None:
        self._races: dict[PersonId, _Race] = {}

    def __contains__(self, person: PersonId) -> bool:
        return person in self._races

    def may_start_at(self, person: PersonId) -> float | None:
        """Return from when on a further attempt may start; None while none may until another one has ended."""
        race = self._races.get(person)
        if race is None:
            return NEVER if len(self._races) < PEOPLE_AT_ONCE else None
        return race.next_at if len(race.running) < ADDRESSES_AT_ONCE else None

    def may_start(self, person: PersonId, now: float) -> bool:
        """Whether a further attempt may start now."""
        at = self.may_start_at(person)
        return at is not None and at <= now

    def is_dialed(self, person: PersonId, address: HostPort) -> bool:
        """Whether this person is being dialed at this address."""
        race = self._races.get(person)
        return race is not None and address in race.running

    def started(self, person: PersonId, address: HostPort, now: float) -> None:
        """Take note that an attempt has started."""
        race = self._races.setdefault(person, _Race())
        race.running.add(address)
        race.next_at = now + NEXT_SECONDS

    def ended(self, person: PersonId, address: HostPort) -> None:
        """Take note that an attempt has ended: the next may start at once."""
        race = self._races[person]
        race.running.discard(address)
        race.next_at = NEVER
        if not race.running:
            del self._races[person]
