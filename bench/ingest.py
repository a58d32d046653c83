"""Measures how fast a node takes in records from another, against the rate at which one thread checks signatures.

Two nodes sync in this process over a real channel: the top person's holds everything, the newcomer's lacks some records.
The figure counts the time of the newcomer's side after the handshake: decrypting, decoding frames, reconciling,
signatures, access rules, SQLite in WAL mode with FULL synchronization, and answers. The baseline is libsodium alone on
signatures of the same records, before and after each run.
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

SAMPLE = 3000  # signatures checked for one measurement of the baseline
EMPTY = Bound(0.6, 1.2, at_least=True)
FILLED = Bound(0.4, 0.7, at_least=True)


@dataclass(frozen=True)
class Case:
    """One setting. The stores of both nodes are copied for each run."""

    name: str
    village: Village
    giver: Path
    taker: Path
    verifier: Verifier
    bound: Bound
    key: bytes | None = None
    """The key of the taker's store, None for a plain one."""


def measure(report: Report) -> None:
    """Measure an empty store on one thread and on all, then one that holds many records."""
    size = report.size
    threads = len(os.sched_getaffinity(0))
    shared = SharedVerifier(threads)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        small, large = Village.of_listings(size.some), Village.of_listings(size.some + size.many)
        fresh = list(small.listings(size.some))
        village_store(small, folder / "few.db", small.acquaintance())
        village_store(small, folder / "some.db", [*small.graph(), *fresh])
        village_store(large, folder / "many.db", large.everything(size.many))
        shutil.copy(folder / "many.db", folder / "more.db")
        village_store(large, folder / "more.db", large.listings(size.some, series="beans", days=1))
        empty = (small, folder / "some.db", folder / "few.db")
        filled = (large, folder / "more.db", folder / "many.db")
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
        rate = rate_of(case)
        bare = (before + bare_rate(sample)) / 2
        rates.append(rate)
        ratios.append(rate / bare)
    report.add(case.name, "records/s", rates, ratios=ratios, baseline="bare verify", bound=case.bound)


def bare_rate(sample: Sequence[Record]) -> float:
    """Return how many signatures a second libsodium checks on one thread."""
    signed = [(record.signature + signature_message(record), signature_key(record)) for record in sample]
    check = bindings.crypto_sign_open
    with timed() as timing:
        for message, key in signed:
            check(message, key)
    return len(signed) / timing.seconds


def rate_of(case: Case) -> float:
    """Return how many records a second the newcomer's node takes in."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        shutil.copy(case.giver, folder / "giver.db")
        shutil.copy(case.taker, folder / "taker.db")
        village = case.village
        with (
            node_of(village.top, folder / "giver.db") as giver,
            node_of(village.newcomer, folder / "taker.db", case.verifier, key=case.key) as taker,
            Pair(taker, giver) as pair,
        ):
            held = taker.store.records.count()
            pair.meet()
            pair.settle()
            taken = taker.store.records.count() - held
            if taker.store.records.count() != giver.store.records.count():
                raise AssertionError(f"only {number(taken)} records arrived")
            return taken / pair.caller.seconds
