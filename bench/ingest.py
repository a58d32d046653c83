"""Ingests records of others, end to end, and compares with the bare rate at which one thread verifies signatures.

Two nodes talk in this process over a real channel: the top of the village holds everything, the newcomer lacks some
records. What counts is the time that the newcomer's side takes once they have met: decrypting, reading frames,
reconciling, signatures, judging, SQLite in WAL mode with FULL synchronization, answers. The baseline is libsodium by
itself on signatures of the same records, before and after each run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nacl import bindings

from bench.harness import Bound, Report, number, timed
from bench.pair import Pair
from bench.village import Village, node_of, village_store
from meshnode.replica.ingest import Verifier, verify_one_by_one
from meshnode.replica.verify import SharedVerifier
from protocol import Record, signature_key, signature_message

SAMPLE = 3000  # signatures checked for one reading of the baseline
EMPTY = Bound(0.6, 1.2, at_least=True)
FILLED = Bound(0.4, 0.7, at_least=True)


@dataclass(frozen=True)
class Case:
    """One way of ingesting: the stores of both nodes are copied again for each run."""

    name: str
    village: Village
    giver: Path
    taker: Path
    verifier: Verifier
    bound: Bound


def measure(report: Report) -> None:
    """Into an empty store, on one thread and on all; then into one that holds many records."""
    size = report.size
    threads = len(os.sched_getaffinity(0))
    shared = SharedVerifier(threads)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        small, large = Village.of_listings(size.some), Village.of_listings(size.some + size.many)
        fresh = list(small.listings(size.some))
        village_store(small, place / "few.db", small.acquaintance())
        village_store(small, place / "some.db", [*small.graph(), *fresh])
        village_store(large, place / "many.db", large.everything(size.many))
        shutil.copy(place / "many.db", place / "more.db")
        village_store(large, place / "more.db", large.listings(size.some, series="beans", days=1))
        empty = (small, place / "some.db", place / "few.db")
        filled = (large, place / "more.db", place / "many.db")
        for case in (
            Case("into an empty store, one thread", *empty, verify_one_by_one, EMPTY),
            Case(f"into an empty store, {threads} threads", *empty, shared, EMPTY),
            Case(f"into one of {size.many:,}, {threads} threads", *filled, shared, FILLED),
        ):
            _report(report, case, fresh[:SAMPLE])
    shared.close()


def _report(report: Report, case: Case, sample: Sequence[Record]) -> None:
    rates, ratios = [], []
    for _ in range(report.size.runs):
        before = bare_rate(sample)
        rate = _rate(case)
        bare = (before + bare_rate(sample)) / 2
        rates.append(rate)
        ratios.append(rate / bare)
    report.add(case.name, "records/s", rates, ratios=ratios, baseline="bare verify", bound=case.bound)


def bare_rate(sample: Sequence[Record]) -> float:
    """Signatures a second that libsodium checks on one thread with nothing around it."""
    signed = [(record.signature + signature_message(record), signature_key(record)) for record in sample]
    check = bindings.crypto_sign_open
    with timed() as timing:
        for message, key in signed:
            check(message, key)
    return len(signed) / timing.seconds


def _rate(case: Case) -> float:
    """Records a second that the newcomer takes in."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shutil.copy(case.giver, place / "giver.db")
        shutil.copy(case.taker, place / "taker.db")
        village = case.village
        with (
            node_of(village.top, place / "giver.db") as giver,
            node_of(village.newcomer, place / "taker.db", case.verifier) as taker,
            Pair(taker, giver) as pair,
        ):
            held = taker.store.records.count()
            pair.meet()
            pair.settle()
            taken = taker.store.records.count() - held
            if taker.store.records.count() != giver.store.records.count():
                raise AssertionError(f"only {number(taken)} records arrived")
            return taken / pair.caller.seconds
