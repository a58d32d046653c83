"""Measures parcels between two nodes in this process: what it takes to make one and to take it in, beside a session.

A session carries the same records between the same two stores in the same run, so the ratio tells what a parcel costs on any
machine, busy or not. The seconds are those of one core.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.harness import Bound, Report
from bench.pair import Pair
from bench.village import Village, node_of, village_store
from meshnode.app.parcels import making, taking
from meshnode.replica.verify import SharedVerifier
from meshnode.slices import Steps
from protocol import person_text

HALF = Bound(0.5, 0.5, at_least=True)
HELD = Bound(0.1, 0.1)
PIECE = 256 * 1024


class ParcelFigures(NamedTuple):
    """The figures of one parcel, the seconds that a session needs for the same, and those to find nothing new after it."""

    out: float
    taken: float
    size: int
    session: float
    after: float
    longest: float


def measure(report: Report) -> None:
    """Carry all records of a node to one that holds none of them, by a parcel and by a session."""
    size = report.size
    village = Village.of_listings(size.some)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        village_store(village, folder / "few.db", village.acquaintance())
        village_store(village, folder / "some.db", village.everything(size.some))
        runs = [_carry(village, folder) for _ in range(size.runs)]
    name = f"{size.some:,} to an empty node"
    report.add(f"{name}: out", "s", [run.out for run in runs])
    report.add(f"{name}: in", "s", [run.taken for run in runs])
    report.add(f"{name}: size", "B", [run.size for run in runs])
    report.add(f"{name}: a session with the same", "s", [run.session for run in runs])
    report.add(f"{name}: nothing new after that session", "s", [run.after for run in runs])
    ratios = [run.session / (run.out + run.taken) for run in runs]
    report.add(f"{name}: rate, of the session's", "", ratios, bound=HALF)
    report.add(f"{name}: the longest step", "s", [run.longest for run in runs], bound=HELD)


class _Watch:
    """Takes steps, and counts the seconds of all of them, and of the longest the processor time, which others do not change."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.longest = 0.0

    def run(self, steps: Steps[object]) -> object:
        """Take all steps; return their result."""
        while True:
            begun, worked = time.perf_counter(), time.thread_time()
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            finally:
                self.seconds += time.perf_counter() - begun
                self.longest = max(self.longest, time.thread_time() - worked)


def _carry(village: Village, stores: Path) -> ParcelFigures:
    shared = SharedVerifier(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for name in ("one", "other"):
            shutil.copy(stores / "some.db", folder / f"{name}-top.db")
            shutil.copy(stores / "few.db", folder / f"{name}-newcomer.db")
        with (
            node_of(village.top, folder / "one-top.db", shared) as top,
            node_of(village.newcomer, folder / "one-newcomer.db", shared) as newcomer,
        ):
            out, taken, chunks = _Watch(), _Watch(), list[bytes]()
            wanted = making.plan(top, making.ParcelOrder((person_text(newcomer.me),)))
            made = out.run(making.making(top, wanted, chunks.append))
            assert isinstance(made, making.MadeParcel)
            parcel = b"".join([*made.before(), *chunks, *made.after()])
            intake = taking.ParcelIntake(newcomer)
            for start in range(0, len(parcel), PIECE):
                if not intake.done:
                    taken.run(intake.receive(parcel[start : start + PIECE]))
            taken.run(intake.finish())
            if top.store.records.count() != newcomer.store.records.count():
                raise AssertionError("the nodes do not hold the same records in the end")
        with (
            node_of(village.top, folder / "other-top.db", shared) as top,
            node_of(village.newcomer, folder / "other-newcomer.db", shared) as newcomer,
            Pair(newcomer, top) as pair,
        ):
            pair.settle()
            session = pair.caller.seconds + pair.callee.seconds
            after = _Watch()
            wanted = making.plan(top, making.ParcelOrder((person_text(newcomer.me),)))
            made = after.run(making.making(top, wanted, chunks.append))
            if not isinstance(made, making.MadeParcel) or made.parts:
                raise AssertionError("a parcel carries what a session has just given")
    shared.close()
    longest = max(out.longest, taken.longest, after.longest)
    return ParcelFigures(out.seconds, taken.seconds, len(parcel), session, after.seconds, longest)
