"""Measures a hub that has more contacts than sessions: seventy real daemons on loopback, each a contact of one node.

All add the hub's card at about the same time. How long each waits until the two trust each other is counted, and then how
long an offer of the hub takes to each of them, six of whom are always waiting for their turn.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.daemon import Daemon, free_port
from bench.harness import Bound, Report, percentile
from meshnode.home import Home
from meshnode.node import create_node
from protocol import Audience, Precision, Preference, limits

TOO_MANY = 6  # contacts beyond the sessions that a node has
SERVED = Bound(60, 10)
WITHIN = 180.0
LOOK_EVERY = 0.2
OPEN_TO_ALL = Preference(Audience.NETWORK_WIDE, Precision.CITY, 25, 0)


def measure(report: Report) -> None:
    """Connect all with the hub, and then let it make an offer."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        folder = Path(directory)

        def start(name: str, *options: str) -> Daemon:
            home = Home(folder / name)
            create_node(home, name=name, place=None, preference=OPEN_TO_ALL)
            return stack.enter_context(Daemon(home, "--no-mdns", *options))

        hub = start("hub", "--port", str(free_port()))
        card = hub.api.post("/v1/cards", uses=limits.CARD_USES_MAX)["text"]
        guests = [start(f"guest{number}") for number in range(limits.SESSIONS_MAX + TOO_MANY)]
        for guest in guests:
            guest.api.post("/v1/contacts", card=card)
        connected = _times(guests, lambda guest: not guest.api.get("/v1/status")["pending"])
        hub.api.post("/v1/listings", type="offer", title="Soup", category="food", audience="network_wide")
        reached = _times(guests, lambda guest: bool(guest.api.get("/v1/discover")["results"]))
    report.add(f"{len(guests)} contacts, until the last is connected", "s", [max(connected)], bound=SERVED)
    report.add("an offer to all of them, median", "s", [percentile(reached, 50)])
    report.add("an offer to all of them, last", "s", [max(reached)], bound=SERVED)


def _times(guests: list[Daemon], done: Callable[[Daemon], bool]) -> list[float]:
    """Return after how many seconds it is so for each of them."""
    started = time.perf_counter()
    missing, times = list(guests), []
    while missing:
        for guest in [guest for guest in missing if done(guest)]:
            missing.remove(guest)
            times.append(time.perf_counter() - started)
        if missing and time.perf_counter() - started > WITHIN:
            raise AssertionError(f"{len(missing)} of {len(guests)} have not come to it within {WITHIN:g} s")
        time.sleep(LOOK_EVERY)
    return times
