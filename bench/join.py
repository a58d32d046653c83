"""Measures how long a newcomer to a large web needs until its node holds all that it may have, and that it does.

The newcomer's node knows one person, at the top of a village, and gets everybody's certificate, policy and profile from
that person's node in one session over a real channel. A figure counts the newcomer's own work. The measure fails where
a single record is missing in the end: a newcomer must not have to ask why half of the web is not there.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bench.harness import Report
from bench.pair import Pair
from bench.village import Village, node_of, village_store
from meshnode.replica.verify import SharedVerifier


def measure(report: Report) -> None:
    """Let a newcomer join villages of different sizes."""
    for people in report.size.joined:
        village = Village(people)
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            village_store(village, folder / "top.db", village.graph())
            runs = [_join(village, folder, run) for run in range(min(report.size.runs, _RUNS_MAX))]
        report.add(f"a web of {people:,} people: time", "s", runs)


_RUNS_MAX = 1  # one run at 10,000 people takes minutes


def _join(village: Village, folder: Path, run: int) -> float:
    """Return the seconds of work of the newcomer's node until both hold the same records."""
    newcomers = folder / f"newcomer-{run}.db"
    village_store(village, newcomers, village.acquaintance())
    shared = SharedVerifier(len(os.sched_getaffinity(0)))
    try:
        with (
            node_of(village.top, folder / "top.db", shared) as top,
            node_of(village.newcomer, newcomers, shared) as newcomer,
            Pair(newcomer, top) as pair,
        ):
            pair.settle()
            missing = {row.id for row in top.store.records.rows()} - {row.id for row in newcomer.store.records.rows()}
            if missing:
                raise AssertionError(f"{len(missing):,} of {top.store.records.count():,} records are missing")
            return pair.caller.seconds
    finally:
        shared.close()
