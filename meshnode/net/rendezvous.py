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
from protocol import limits
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
        self._searches: dict[Found, Recognizer] = {}

    def note(self, service: ReceivedService, now: float) -> None:
        """Keep an announcement, and pass it on to those who look for its number."""
        key = (service.instance, service.port)
        self._heard.pop(key, None)
        self._heard[key] = (service, now)
        if len(self._heard) > ANNOUNCEMENTS_KEPT:
            self._heard.popitem(last=False)
        for found, recognizer in list(self._searches.items()):
            _pass_on(recognizer.recognize(service, now), found)

    def look_for(self, number: int, found: Found, now: float) -> None:
        """Call `found` with the addresses at which a code of this number is announced, now and later, until `stop`."""
        recognizer = _recognizer(number, now)
        self._searches[found] = recognizer
        for service, _ in self._lately(now):
            _pass_on(recognizer.recognize(service, now), found)

    def stop(self, found: Found) -> None:
        """End a search."""
        self._searches.pop(found, None)

    def numbers(self, now: float) -> frozenset[int]:
        """Return the numbers under which codes are shown on the network."""
        lately = self._lately(now)
        return frozenset(
            number
            for number in NUMBERS
            for recognizer in [_recognizer(number, now)]
            if any(recognizer.recognize(service, now) is not None for service, _ in lately)
        )

    def _lately(self, now: float) -> list[tuple[ReceivedService, float]]:
        return [one for one in self._heard.values() if now - one[1] < limits.ANNOUNCEMENT_LIFE]


ReceivedServiceKey = tuple[str, int]


def _recognizer(number: int, now: float) -> Recognizer:
    """Return a recognizer of that number alone; whom it names does not matter."""
    recognizer = Recognizer()
    list(recognizer.use([(b"", meeting_secret(number))], now))
    return recognizer


def _pass_on(peer: RecognizedPeer | None, found: Found) -> None:
    if peer is not None:
        found(peer.addresses)
