"""The thread in which zeroconf runs: one event loop, with a responder for each network interface.

Methods are called from other threads and wait for the loop, but for `repeat`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from meshnode.net.interfaces import Link
from meshnode.net.mdns_link import LinkResponder
from meshnode.net.services import AnnouncedService, LinkId, ReceivedService
from protocol import RateLimit, limits

log = logging.getLogger(__name__)

MDNS_PORT = 5353
ANSWER_SECONDS = 10.0  # announcing on all interfaces takes half a second, withdrawing a quarter

Result = TypeVar("Result")


class Engine:
    """Runs multicast DNS on the interfaces it is given. `received` is called in its thread with each announcement of others.

    Raises OSError if UDP port 5353 cannot be shared. Methods other than `repeat` block for about a second.
    """

    def __init__(self, received: Callable[[ReceivedService], None]) -> None:
        # zeroconf warns about every malformed packet of a neighbor and every interface that comes and goes.
        logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
        _try_port()
        self._received = received
        self._own: set[str] = set()
        self._rate = RateLimit(limits.MDNS_HEARD_PER_SECOND, seconds=1.0)
        self._responders: dict[LinkId, LinkResponder] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mdns", daemon=True)
        self._thread.start()

    def use(self, links: Sequence[Link]) -> frozenset[LinkId]:
        """Use exactly these interfaces. Return those that cannot be used, wholly or in part: they need another call."""
        try:
            return self._wait(self._use(links))
        except TimeoutError:
            log.warning("multicast DNS does not answer")
            return frozenset(link.id for link in links)

    def announce(self, services: Mapping[LinkId, AnnouncedService | None]) -> None:
        """Announce these and nothing else on these interfaces; None announces nothing there."""
        try:
            self._wait(self._announce(services))
        except TimeoutError:
            log.warning("multicast DNS does not answer")

    def repeat(self) -> None:
        """Send all announcements once more, without blocking."""
        self._loop.call_soon_threadsafe(self._repeat)

    def close(self) -> None:
        """Withdraw the announcements and end the thread."""
        self.use(())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(ANSWER_SECONDS)

    async def _use(self, links: Sequence[Link]) -> frozenset[LinkId]:
        by_id = {link.id: link for link in links}
        gone = [self._responders.pop(link) for link in list(self._responders) if link not in by_id]
        for link_id in by_id.keys() - self._responders.keys():
            self._responders[link_id] = LinkResponder(by_id[link_id], self._received, self._own, self._rate)
        await _gather(*(responder.close() for responder in gone))
        well = await _gather(*(self._responders[link_id].use(link) for link_id, link in by_id.items()))
        return frozenset(link_id for link_id, one in zip(by_id, well, strict=True) if one is not True)

    async def _announce(self, services: Mapping[LinkId, AnnouncedService | None]) -> None:
        self._own |= {service.instance.lower() for service in services.values() if service is not None}
        changed = {link: self._responders[link] for link in services if link in self._responders}
        await _gather(*(responder.announce(services[link]) for link, responder in changed.items()))
        self._own.clear()
        self._own |= {responder.announced for responder in self._responders.values()}

    def _repeat(self) -> None:
        for responder in self._responders.values():
            responder.repeat()


async def _gather(*coroutines: Coroutine[Any, Any, Result]) -> list[Result | None]:
    """Run all of these and return their results, None for one that failed: it must not cost the others theirs."""
    results = await asyncio.gather(*coroutines, return_exceptions=True)
    for error in results:
        if isinstance(error, Exception):
            log.error("multicast DNS", exc_info=error)
    return [None if isinstance(one, BaseException) else one for one in results]


def _try_port() -> None:
    """Raise OSError if another program holds the port for itself alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        tried.bind(("", MDNS_PORT))
