"""Measures for how long any single call holds a node of a large web: its event loop, or its store thread.

A real daemon, watched from inside (bench/watched.py), holds a town of people and listings. Every route of the API is
called (bench/tour.py), each time just after trust has changed far away, and the longest hold meanwhile is the route's.
A peer brings a batch of policies. Then the daemon is told to stop in the middle of long work.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.daemon import Hold, WatchedDaemon, make_home
from bench.harness import Bound, Report
from bench.tour import TOUR, Call
from bench.town import Town, kept_store
from meshnode.cli.client import Client, Refusal, segment
from meshnode.errors import MeshnodeError
from meshnode.home import Home
from protocol import device_text

THREADS = ("loop", "store")
HOLD = Bound(0.1, 0.05)  # seconds
STOPPED = Bound(2, 1)
LISTINGS_PER_PERSON = 10
CALLS_WHILE_STOPPING = ("/v1/discover", "/v1/people?all=true", "/v1/news")
WORST_NAMED = 25
SETTLE = 0.3  # seconds after a call in which what it has caused still counts as its own
LISTEN = 0.5
BATCH = Call("", "a batch from a peer", label="of a thousand policies")
BATCH_RECORDS = 1000
BATCH_VERSION = 1000  # newer than the policies of the changes before


def measure(report: Report) -> None:
    """Make the town, or take the one that an earlier run made, and take the tour."""
    town, store = kept_store(report.size.people, report.size.people * LISTINGS_PER_PERSON)
    with tempfile.TemporaryDirectory() as directory:
        home = make_home(town.newcomer, Path(directory) / "home", store)
        with WatchedDaemon(home) as daemon:
            report.add("start to ready", "s", [daemon.seconds_to_ready])
            _visit(report, daemon, town)
        report.add("told to stop in the middle of work", "s", list(_stops(home)), bound=STOPPED)


def _visit(report: Report, daemon: WatchedDaemon, town: Town) -> None:
    known = _known(town)
    worst: dict[str, list[tuple[Hold, str]]] = {thread: [] for thread in THREADS}
    changes = _far_changes(town)
    for call in (Call("GET", "/v1/discover", label="first after the start"), *TOUR, BATCH):
        if worst["loop"]:
            daemon.give(next(changes))
        begun = time.monotonic()
        if call is BATCH:
            daemon.give(*_batch(town))
        else:
            _make(daemon.api, daemon.home, call, known)
        answered = time.monotonic()
        time.sleep(SETTLE)
        held = list(daemon.holds(begun, time.monotonic()))
        report.add(f"{call.name}: answered", "s", [answered - begun])
        for thread, found in worst.items():
            longest = max(
                (hold for hold in held if hold.thread == thread), key=_seconds, default=Hold(thread, begun, 0, 0, "")
            )
            found.append((longest, call.name))
            report.add(f"{call.name}: {thread} held", "s", [longest.seconds], bound=HOLD)
            report.add(f"{call.name}: {thread} worked", "s", [longest.worked], bound=HOLD)
    for thread, found in worst.items():
        found.sort(key=lambda one: -one[0].worked)
        report.add(f"the longest hold of the {thread}", "s", [max(hold.seconds for hold, _ in found)], bound=HOLD)
        report.add(f"the longest work of the {thread}", "s", [found[0][0].worked], bound=HOLD)
        for hold, name in found[:WORST_NAMED]:
            sys.stderr.write(f"bench: {thread} {hold.worked:.3f} of {hold.seconds:.3f} s: {name} {hold.call}\n")


def _seconds(hold: Hold) -> float:
    return hold.seconds


def _known(town: Town) -> dict[str, str]:
    """Return the values that calls use by name."""
    far = next(person for person in reversed(town.settled) if person not in town.friends)
    return {
        "friend": town.name_of(town.friends[0]),
        "other friend": town.name_of(town.friends[-1]),
        "stranger": town.name_of(far),
        "title": town.title(len(town.settled) // 2),
        "own": town.own_title(3),
        "device": device_text(town.newcomer.on("phone").device),
    }


def _far_changes(town: Town) -> Iterator[bytes]:
    """Yield policies in which somebody trusts somebody else less than before."""
    number = 0
    while True:
        person = town.settled[(number * 37 + 5) % len(town.settled)]
        number += 1
        if person not in town.friends:
            yield town.policy(person, version=1 + number, changed=True).wire


def _batch(town: Town) -> list[bytes]:
    """Return policies in which a thousand people trust somebody else less than before."""
    people = [person for person in town.settled if person not in town.friends][:BATCH_RECORDS]
    return [town.policy(person, version=BATCH_VERSION, changed=True).wire for person in people]


def _make(api: Client, home: Home, call: Call, known: dict[str, str]) -> None:
    """Make one call, and keep what others need of its reply."""
    if call.route == "/v1/events":
        _listen(home)
        return
    path = call.route.replace("{who:path}", segment(call.who.format_map(known)))
    body = None if call.body is None else _filled(call.body, known)
    try:
        if call.method == "GET":
            reply = api.get(path, **call.query)
        else:
            reply = getattr(api, call.method.lower())(path, **(body or {}))
    except Refusal:
        if not call.may_fail:
            raise
        return
    if call.keep:
        known[call.keep] = str(reply[call.keep])


def _filled(body: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(filled, value))
        return value.format_map(known) if isinstance(value, str) else value

    return {key: filled(value) for key, value in body.items()}


def _listen(home: Home) -> None:
    """Follow the events for a moment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.connect(str(home.socket))
        stream.sendall(b"GET /v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        stream.settimeout(LISTEN)
        with suppress(TimeoutError):
            while stream.recv(4096):
                pass


def _stops(home: Home) -> Iterator[float]:
    """Yield how long the daemon takes to stop just after each of these calls was made on a node that has just started."""
    for path in CALLS_WHILE_STOPPING:
        with WatchedDaemon(home) as daemon:
            caller = threading.Thread(target=_call_and_lose, args=(home, path))
            caller.start()
            time.sleep(SETTLE)
            started = time.monotonic()
            daemon.stop()
            yield time.monotonic() - started
            caller.join()


def _call_and_lose(home: Home, path: str) -> None:
    with suppress(MeshnodeError, OSError):
        Client(home).get(path)
