"""Measures how two nodes in one process sync over a real channel: seconds, bytes, round trips.

The nodes take turns, so "seconds" is the time that one core needs for both. Bytes and round trips are counted from the end
of the handshake: the bytes of the encrypted frames, and one round trip each time a side has to wait for the other.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.harness import Bound, Report
from bench.pair import HANDSHAKE, HANDSHAKE_ROUND_TRIPS, Pair
from bench.village import Village, node_of, village_store
from meshnode.replica.verify import SharedVerifier

NOTHING_NEW = Bound(400, 200)
ONE_ROUND = Bound(1, 1)


class SessionFigures(NamedTuple):
    """The figures of one session."""

    seconds: float
    to_caller: int
    to_callee: int
    rounds: int


def measure(report: Report) -> None:
    """Fill an empty node; then sync two full nodes that differ in some records."""
    size = report.size
    few, village = Village.of_listings(size.some), Village.of_listings(size.many)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        village_store(few, folder / "few.db", few.acquaintance())
        village_store(few, folder / "some.db", few.everything(size.some))
        village_store(village, folder / "many.db", village.everything(size.many))
        runs = [_sync(few, folder / "some.db", folder / "few.db") for _ in range(size.runs)]
        _report(report, f"{size.some:,} to an empty node", runs)
        for number in size.differences:
            here, there = folder / "here.db", folder / "there.db"
            for path, series in ((here, "beans"), (there, "peas")):
                shutil.copy(folder / "many.db", path)
                village_store(village, path, village.listings(number // 2, series=series))
            runs = [_sync(village, here, there) for _ in range(size.runs)]
            _report(report, f"{number:,} of {size.many:,} differ", runs, nothing_new=number == 0)


def _report(report: Report, name: str, runs: list[SessionFigures], *, nothing_new: bool = False) -> None:
    report.add(f"{name}: time", "s", [run.seconds for run in runs])
    both = [run.to_caller + run.to_callee for run in runs]
    report.add(f"{name}: bytes both ways", "B", both, bound=NOTHING_NEW if nothing_new else None)
    report.add(f"{name}: bytes to the caller", "B", [run.to_caller for run in runs])
    report.add(f"{name}: round trips", "", [run.rounds for run in runs], bound=ONE_ROUND if nothing_new else None)


def _sync(village: Village, callee: Path, caller: Path) -> SessionFigures:
    shared = SharedVerifier(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        shutil.copy(callee, folder / "callee.db")
        shutil.copy(caller, folder / "caller.db")
        with (
            node_of(village.top, folder / "callee.db", shared) as top,
            node_of(village.newcomer, folder / "caller.db", shared) as newcomer,
            Pair(newcomer, top) as pair,
        ):
            pair.settle()
            if top.store.records.count() != newcomer.store.records.count():
                raise AssertionError("the nodes do not hold the same records in the end")
    shared.close()
    return SessionFigures(
        pair.caller.seconds + pair.callee.seconds,
        pair.callee.sent - HANDSHAKE.callee,
        pair.caller.sent - HANDSHAKE.caller,
        pair.callee.flights - HANDSHAKE_ROUND_TRIPS,
    )
