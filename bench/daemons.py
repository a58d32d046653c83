"""Two daemons over TCP on loopback: a well filled one and an empty one, then two well filled ones that differ.

Seconds run from the moment at which the second daemon says it is ready until both hold the same and have settled, so
dialing is part of them. Bytes are what TCP carried, handshake and goodbye included, as the links themselves report.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.daemon import Daemon, free_port, make_home, wait_until
from bench.harness import Report
from bench.village import Village, village_store
from meshnode.home import Home


class Synced(NamedTuple):
    """What one meeting came to."""

    seconds: float
    bytes_in: int
    bytes_out: int


def measure(report: Report) -> None:
    """Fill an empty node, with some and with many; then let two nodes that hold many differ a little."""
    size = report.size
    for count in (size.some, size.many):
        village = Village.of_listings(count)
        few = [*village.circle(village.newcomer), *village.circle(village.top)]
        with _homes() as (top, newcomer):
            make_home(village, village.top, top.path, [*village.graph(), *village.listings(count)])
            make_home(village, village.newcomer, newcomer.path, few)
            _report(report, f"{count:,} to an empty node", _synced(size.runs, top, newcomer))
    village = Village.of_listings(size.many)
    everything = [*village.graph(), *village.listings(size.many)]
    for number in size.differences:
        with _homes() as (top, newcomer):
            for home, person, series in ((top, village.top, "beans"), (newcomer, village.newcomer, "peas")):
                make_home(village, person, home.path, everything)
                village_store(village, home.store, village.listings(number // 2, series=series))
            _report(report, f"{number:,} of {size.many:,} differ", _synced(size.runs, top, newcomer))


def _report(report: Report, name: str, runs: list[Synced]) -> None:
    report.add(f"{name}: time", "s", [run.seconds for run in runs])
    report.add(f"{name}: bytes in", "B", [run.bytes_in for run in runs])
    report.add(f"{name}: bytes out", "B", [run.bytes_out for run in runs])


@contextmanager
def _homes() -> Iterator[tuple[Home, Home]]:
    with tempfile.TemporaryDirectory() as directory:
        yield Home(Path(directory) / "top"), Home(Path(directory) / "newcomer")


def _synced(runs: int, top: Home, newcomer: Home) -> list[Synced]:
    """Let the newcomer meet the top; every run from copies of both homes."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as directory:
            homes = [Home(Path(directory) / home.path.name) for home in (top, newcomer)]
            for home, copy in zip((top, newcomer), homes, strict=True):
                shutil.copytree(home.path, copy.path)
            found.append(_meet(*homes))
    return found


def _meet(top: Home, newcomer: Home) -> Synced:
    port = free_port()
    with Daemon(top, "--no-mdns", "--port", str(port)) as callee:
        callee.api.get("/v1/discover")  # answered when it has read all that it holds
        with Daemon(newcomer, "--no-mdns", "--peer", f"127.0.0.1:{port}") as caller:
            seconds = wait_until(lambda: caller.live() and caller.records() == callee.records())
    (link,) = [line for line in caller.log("link ended") if "peer" in line]
    return Synced(seconds, link["bytes_in"], link["bytes_out"])
