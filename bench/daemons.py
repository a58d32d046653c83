"""Two daemons over TCP on loopback: a well filled one and an empty one, then two well filled ones that differ.

Seconds run from the moment at which the second daemon says it is ready until both hold the same and have settled, so
dialing is part of them. Bytes are what TCP carried, handshake and goodbye included, as the links themselves report.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.daemon import Daemon, free_port, make_home, wait_until
from bench.harness import Report
from bench.village import Village, village_store


class Synced(NamedTuple):
    """The figures of one meeting."""

    seconds: float
    bytes_in: int
    bytes_out: int


def measure(report: Report) -> None:
    """Fill an empty node, with some and with many; then let two nodes that hold many differ a little."""
    size = report.size
    small, village = Village.of_listings(size.some), Village.of_listings(size.many)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        for name, people, count in (("some", small, size.some), ("many", village, size.many)):
            village_store(people, place / f"before {name}", people.acquaintance())
            village_store(people, place / name, people.everything(count))
            _report(report, people, f"{count:,} to an empty node", place / name, place / f"before {name}")
        for number in size.differences:
            here, there = place / f"here {number}", place / f"there {number}"
            for store, series in ((here, "beans"), (there, "peas")):
                shutil.copy(place / "many", store)
                village_store(village, store, village.listings(number // 2, series=series))
            _report(report, village, f"{number:,} of {size.many:,} differ", here, there)


def _report(report: Report, village: Village, name: str, callee: Path, caller: Path) -> None:
    runs = [_meet(village, callee, caller) for _ in range(report.size.runs)]
    report.add(f"{name}: time", "s", [run.seconds for run in runs])
    report.add(f"{name}: bytes in", "B", [run.bytes_in for run in runs])
    report.add(f"{name}: bytes out", "B", [run.bytes_out for run in runs])


def _meet(village: Village, callee_store: Path, caller_store: Path) -> Synced:
    """Let the newcomer meet the top, each over a copy of its store."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        top = make_home(village.top, Path(directory) / "top", callee_store)
        newcomer = make_home(village.newcomer, Path(directory) / "newcomer", caller_store)
        with Daemon(top, "--no-mdns", "--port", str(port)) as callee:
            callee.api.get("/v1/discover")  # answered when it has read all that it holds
            with Daemon(newcomer, "--no-mdns", "--peer", f"127.0.0.1:{port}") as caller:
                seconds = wait_until(lambda: caller.live() and caller.records() == callee.records())
            (link,) = [line for line in caller.log("link ended") if "peer" in line]
    return Synced(seconds, link["bytes_in"], link["bytes_out"])
