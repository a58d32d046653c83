"""Tells whose an announcement is, within a budget: forged ones must not eat the processor.

What was decided is remembered until the keys that we know change; then those not recognized so far get another look,
so that somebody who has just become a contact need not be waited for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from meshnode.net.dialer import Address
from meshnode.net.interfaces import host_text
from meshnode.net.services import ReceivedService
from protocol import PersonId, RemoteError, limits
from protocol.wire import Announcement, recognize


class RecognizedPeer(NamedTuple):
    """Somebody we know has announced himself at these addresses."""

    person: PersonId
    addresses: list[Address]


class Recognizer:
    """Knows the keys, and what they have been tried on. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._candidates: list[tuple[PersonId, bytes]] = []
        self._known: OrderedDict[tuple[Announcement, int], PersonId] = OrderedDict()
        self._strangers: OrderedDict[tuple[Announcement, int], tuple[ReceivedService, float]] = OrderedDict()
        self._second = -1
        self._left = 0

    def use(self, candidates: Iterable[tuple[PersonId, bytes]], now: float) -> Iterator[RecognizedPeer]:
        """Whom to recognize by which keys, direct contacts first. Gives those who were strangers until now."""
        candidates = list(candidates)
        if candidates == self._candidates:
            return
        self._candidates = candidates
        self._known.clear()
        heard_before, self._strangers = self._strangers, OrderedDict()
        for heard, at in heard_before.values():
            if now - at < limits.ANNOUNCEMENT_LIFE and (recognized := self.whose(heard, now, at)) is not None:
                yield recognized

    def whose(self, heard: ReceivedService, now: float, at: float | None = None) -> RecognizedPeer | None:
        """Who announced this (`at` an earlier time), and where he may be dialed.

        None for strangers, for what is no announcement, and for what the budget does not cover.
        """
        try:
            announcement = Announcement.from_txt(heard.txt)
        except RemoteError:
            return None
        spoken_for = _to_be_dialed(announcement)
        found = [(packed, scope) for packed, scope in heard.addresses if packed in spoken_for]
        if not found:
            return None
        key = (announcement, heard.port)
        person = self._known.get(key)
        if person is None and key not in self._strangers:
            person = self._search(key, heard, now, now if at is None else at)
        if person is None:
            return None
        return RecognizedPeer(person, [Address(host_text(packed, scope), heard.port) for packed, scope in found])

    def _search(self, key: tuple[Announcement, int], heard: ReceivedService, now: float, at: float) -> PersonId | None:
        candidates = self._within_budget(now)
        sighting = recognize(key[0], [packed for packed, _ in heard.addresses], heard.port, candidates)
        if sighting is not None:
            self._known[key] = sighting.name
            _bound(self._known)
            return sighting.name
        if len(candidates) == len(self._candidates):
            self._strangers[key] = (heard, at)
            _bound(self._strangers)
        return None

    def _within_budget(self, now: float) -> Sequence[tuple[PersonId, bytes]]:
        if int(now) != self._second:
            self._second, self._left = int(now), limits.RECOGNITION_KEYS_PER_SECOND
        candidates = self._candidates[: self._left]
        self._left -= len(candidates)
        return candidates


def _to_be_dialed(announcement: Announcement) -> set[bytes]:
    """The addresses it speaks for, without loopback unless it names nothing else: who has a network announces that."""
    outside = {packed for packed in announcement.addresses if not ip_address(packed).is_loopback}
    return outside or set(announcement.addresses)


def _bound(remembered: OrderedDict[tuple[Announcement, int], Any]) -> None:
    while len(remembered) > limits.UNRECOGNIZED_REMEMBERED:
        remembered.popitem(last=False)
