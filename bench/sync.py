"""Two nodes in one process that sync over a real channel: seconds, bytes, round trips.

They take turns, so "seconds" is what one core needs for both. Bytes and round trips are counted from the end of the
handshake: what the encrypted frames weigh on TCP, one round trip each time a side has to wait for the other.
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


class Synced(NamedTuple):
    """The figures of one session."""

    seconds: float
    to_caller: int
    to_callee: int
    rounds: int


def measure(report: Report) -> None:
    """Fill an empty node; then, both well filled, sync again after some differences."""
    size = report.size
    few, village = Village.of_listings(size.some), Village.of_listings(size.many)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        village_store(few, place / "few.db", few.acquaintance())
        village_store(few, place / "some.db", few.everything(size.some))
        village_store(village, place / "many.db", village.everything(size.many))
        runs = [_sync(few, place / "some.db", place / "few.db") for _ in range(size.runs)]
        _report(report, f"{size.some:,} to an empty node", runs)
        for number in size.differences:
            here, there = place / "here.db", place / "there.db"
            for path, series in ((here, "beans"), (there, "peas")):
                shutil.copy(place / "many.db", path)
                village_store(village, path, village.listings(number // 2, series=series))
            runs = [_sync(village, here, there) for _ in range(size.runs)]
            _report(report, f"{number:,} of {size.many:,} differ", runs, nothing_new=number == 0)


def _report(report: Report, name: str, runs: list[Synced], *, nothing_new: bool = False) -> None:
    report.add(f"{name}: time", "s", [run.seconds for run in runs])
    both = [run.to_caller + run.to_callee for run in runs]
    report.add(f"{name}: bytes both ways", "B", both, bound=NOTHING_NEW if nothing_new else None)
    report.add(f"{name}: bytes to the caller", "B", [run.to_caller for run in runs])
    report.add(f"{name}: round trips", "", [run.rounds for run in runs], bound=ONE_ROUND if nothing_new else None)


def _sync(village: Village, callee: Path, caller: Path) -> Synced:
    shared = SharedVerifier(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shutil.copy(callee, place / "callee.db")
        shutil.copy(caller, place / "caller.db")
        with (
            node_of(village.top, place / "callee.db", shared) as top,
            node_of(village.newcomer, place / "caller.db", shared) as newcomer,
            Pair(newcomer, top) as pair,
        ):
            pair.settle()
            if top.store.records.count() != newcomer.store.records.count():
                raise AssertionError("they do not hold the same in the end")
    shared.close()
    return Synced(
        pair.caller.seconds + pair.callee.seconds,
        pair.callee.sent - HANDSHAKE.callee,
        pair.caller.sent - HANDSHAKE.caller,
        pair.callee.flights - HANDSHAKE_ROUND_TRIPS,
    )
