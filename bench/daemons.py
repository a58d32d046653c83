"""Measures how two daemons sync over TCP on loopback: one full and one empty, then two full ones that differ.

The time is counted from the moment the second daemon is ready until both hold the same records and are live, so it
includes dialing. Bytes are the payload of TCP, handshake and Bye included, as the links log them.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.daemon import Daemon, free_port, make_home, wait_until
from bench.harness import Report
from bench.village import Village, village_store


class RunFigures(NamedTuple):
    """The figures of one run."""

    seconds: float
    bytes_in: int
    bytes_out: int


def measure(report: Report) -> None:
    """Fill an empty node with some records and with many; then sync two nodes with many records that differ a little."""
    size = report.size
    small, village = Village.of_listings(size.some), Village.of_listings(size.many)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for name, people, count in (("some", small, size.some), ("many", village, size.many)):
            village_store(people, folder / f"before {name}", people.acquaintance())
            village_store(people, folder / name, people.everything(count))
            _report(report, people, f"{count:,} to an empty node", folder / name, folder / f"before {name}")
        for number in size.differences:
            here, there = folder / f"here {number}", folder / f"there {number}"
            for store, series in ((here, "beans"), (there, "peas")):
                shutil.copy(folder / "many", store)
                village_store(village, store, village.listings(number // 2, series=series))
            _report(report, village, f"{number:,} of {size.many:,} differ", here, there)


def _report(report: Report, village: Village, name: str, callee: Path, caller: Path) -> None:
    runs = [_meet(village, callee, caller) for _ in range(report.size.runs)]
    report.add(f"{name}: time", "s", [run.seconds for run in runs])
    report.add(f"{name}: bytes in", "B", [run.bytes_in for run in runs])
    report.add(f"{name}: bytes out", "B", [run.bytes_out for run in runs])


def _meet(village: Village, callee_store: Path, caller_store: Path) -> RunFigures:
    """Let the newcomer's node sync with the node of the top person, each with a copy of its store."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        top = make_home(village.top, Path(directory) / "top", callee_store)
        newcomer = make_home(village.newcomer, Path(directory) / "newcomer", caller_store)
        with Daemon(top, "--no-mdns", "--port", str(port)) as callee:
            callee.api.get("/v1/discover")  # returns when the node has read all its records
            with Daemon(newcomer, "--no-mdns", "--peer", f"127.0.0.1:{port}") as caller:
                seconds = wait_until(lambda: caller.live() and caller.records() == callee.records())
            (link,) = [line for line in caller.log("link ended") if "peer" in line]
    return RunFigures(seconds, link["bytes_in"], link["bytes_out"])
