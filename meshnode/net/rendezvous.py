"""Finds the machine that shows a word code: it announces a tag that everybody can make who knows the number.

Announcements of the last minutes are kept, so that a code that is typed leads there at once. A node that shows a code
looks which numbers others use, and takes another one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from meshnode.net.address import Address
from meshnode.net.recognizer import RecognizedPeer, Recognizer
from meshnode.net.services import ReceivedService
from protocol import PersonId, limits
from protocol.wire import meeting_secret

ANNOUNCEMENTS_KEPT = 64  # the latest: a flood drives out others' codes, which are announced again in two seconds
NUMBERS = range(1, limits.WORD_CODE_NUMBER_MAX + 1)

Found = Callable[[list[Address]], None]


class Rendezvous:
    """Remembers what was announced lately, and passes on where a code is shown that somebody looks for.

    Driven by `LocalDiscovery` on the event loop; no method blocks. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._heard: OrderedDict[ReceivedServiceKey, tuple[ReceivedService, float]] = OrderedDict()
        self._searches: dict[Found, int] = {}
        self._recognizer = Recognizer()
        list(self._recognizer.use([(PersonId(bytes([one])), meeting_secret(one)) for one in NUMBERS], 0.0))

    def note(self, service: ReceivedService, now: float) -> None:
        """Keep an announcement, and pass it on to those who look for its number."""
        key = (service.instance, service.port)
        self._heard.pop(key, None)
        self._heard[key] = (service, now)
        if len(self._heard) > ANNOUNCEMENTS_KEPT:
            self._heard.popitem(last=False)
        for found, number in list(self._searches.items()):
            self._pass_on(service, number, found, now)

    def look_for(self, number: int, found: Found, now: float) -> None:
        """Call `found` with the addresses at which a code of this number is announced, now and later, until `stop`."""
        self._searches[found] = number
        for service in self._lately(now):
            self._pass_on(service, number, found, now)

    def stop(self, found: Found) -> None:
        """End a search."""
        self._searches.pop(found, None)

    def numbers(self, now: float) -> frozenset[int]:
        """Return the numbers under which codes are shown on the network."""
        shown = (self._recognizer.recognize(service, now) for service in self._lately(now))
        return frozenset(_number(peer) for peer in shown if peer is not None)

    def _pass_on(self, service: ReceivedService, number: int, found: Found, now: float) -> None:
        peer = self._recognizer.recognize(service, now)
        if peer is not None and _number(peer) == number:
            found(peer.addresses)

    def _lately(self, now: float) -> list[ReceivedService]:
        return [service for service, at in self._heard.values() if now - at < limits.ANNOUNCEMENT_LIFE]


ReceivedServiceKey = tuple[str, int]


def _number(peer: RecognizedPeer) -> int:
    """Return the number of the code that is shown there: to the recognizer it is the name of a person."""
    return peer.person[0]
