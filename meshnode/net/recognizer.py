"""Finds out which known person an announcement comes from, within a budget: forged ones must not use up the processor.

A result is remembered until the known keys change. Then announcements that were not recognized before are tried again,
so that a person who has just become a contact is found without waiting for their next announcement.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from meshnode.net.address import Address
from meshnode.net.interfaces import host_text
from meshnode.net.services import ReceivedService
from protocol import PersonId, RateLimit, RemoteError, limits
from protocol.wire import Announcement, recognize


class RecognizedPeer(NamedTuple):
    """A known person whose node was announced at these addresses."""

    person: PersonId
    addresses: list[Address]


class Recognizer:
    """Holds the keys of known people and the announcements that were tried with them. Times are monotonic seconds.

    Pure bookkeeping, driven by `LocalDiscovery`; no method blocks, and nothing received makes one raise.
    """

    def __init__(self) -> None:
        self._candidates: list[tuple[PersonId, bytes]] = []
        self._known: OrderedDict[tuple[Announcement, int], PersonId] = OrderedDict()
        self._unknown: OrderedDict[tuple[Announcement, int], tuple[ReceivedService, float]] = OrderedDict()
        self._budget = RateLimit(limits.RECOGNITION_KEYS_PER_SECOND, seconds=1.0)

    def use(self, candidates: Iterable[tuple[PersonId, bytes]], now: float) -> Iterator[RecognizedPeer]:
        """Recognize people by these keys from now on, direct contacts first. Yield those that were unknown until now."""
        candidates = list(candidates)
        if candidates == self._candidates:
            return
        self._candidates = candidates
        self._known.clear()
        unknown, self._unknown = self._unknown, OrderedDict()
        for service, at in unknown.values():
            if now - at < limits.ANNOUNCEMENT_LIFE and (peer := self.recognize(service, now, at)) is not None:
                yield peer

    def recognize(self, service: ReceivedService, now: float, at: float | None = None) -> RecognizedPeer | None:
        """Return the person who announced this and where to dial them; `at` is when it was received, if not now.

        None for an unknown person, for a service that is no announcement, and beyond the budget.
        """
        try:
            announcement = Announcement.from_txt(service.txt)
        except RemoteError:
            return None
        named = _addresses_to_dial(announcement)
        found = [(packed, scope) for packed, scope in service.addresses if packed in named]
        if not found:
            return None
        key = (announcement, service.port)
        person = self._known.get(key)
        if person is None and key not in self._unknown:
            person = self._search(key, service, now, now if at is None else at)
        if person is None:
            return None
        return RecognizedPeer(person, [Address(host_text(packed, scope), service.port) for packed, scope in found])

    def _search(
        self, key: tuple[Announcement, int], service: ReceivedService, now: float, at: float
    ) -> PersonId | None:
        candidates = self._within_budget(now)
        found = recognize(key[0], [packed for packed, _ in service.addresses], service.port, candidates)
        if found is not None:
            self._known[key] = found.name
            _limit(self._known)
            return found.name
        if len(candidates) == len(self._candidates):
            self._unknown[key] = (service, at)
            _limit(self._unknown)
        return None

    def _within_budget(self, now: float) -> Sequence[tuple[PersonId, bytes]]:
        candidates = self._candidates[: self._budget.left(now)]
        self._budget.spend(len(candidates), now)
        return candidates


def _addresses_to_dial(announcement: Announcement) -> set[bytes]:
    """Return the addresses that the announcement vouches for; loopback only if it names no other."""
    outside = {packed for packed in announcement.addresses if not ip_address(packed).is_loopback}
    return outside or set(announcement.addresses)


def _limit(remembered: OrderedDict[tuple[Announcement, int], Any]) -> None:
    while len(remembered) > limits.UNRECOGNIZED_REMEMBERED:
        remembered.popitem(last=False)
