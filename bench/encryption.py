"""Measures what an encrypted home costs: to encrypt it, to start it, and to take in records from another node.

The rate of an encrypted store is compared with that of a plain one that takes the same records right before and after it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bench.daemon import Daemon, make_home
from bench.harness import Bound, Report, timed
from bench.ingest import EMPTY, Case, rate_of
from bench.village import Village, village_store
from meshnode.node import change_passphrase
from meshnode.replica.ingest import verify_one_by_one
from meshnode.store.copying import copy

SET = Bound(5, 1)
INGEST = Bound(0.8, 0.95, at_least=True)
KEY = b"k" * 32
PASSPHRASE = "gate of the old garden"


def measure(report: Report) -> None:
    """Measure ingest into an encrypted store, then `passphrase set` and the start of a home with many records."""
    size = report.size
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        _ingest(report, Village.of_listings(size.some), folder)
        village = Village.of_listings(size.many)
        village_store(village, folder / "many.db", village.everything(size.many))
        _home(report, village, folder)


def _ingest(report: Report, village: Village, folder: Path) -> None:
    village_store(village, folder / "few.db", village.acquaintance())
    village_store(village, folder / "some.db", [*village.graph(), *village.listings(report.size.some)])
    copy(folder / "few.db", folder / "sealed.db", key=None, target_key=KEY)
    plain = Case("plain", village, folder / "some.db", folder / "few.db", verify_one_by_one, EMPTY)
    sealed = Case("encrypted", village, folder / "some.db", folder / "sealed.db", verify_one_by_one, EMPTY, KEY)
    rates, ratios = [], []
    for _ in range(report.size.runs):
        before = rate_of(plain)
        rates.append(rate_of(sealed))
        ratios.append(rates[-1] / ((before + rate_of(plain)) / 2))
    report.add(
        "ingest into an encrypted store", "records/s", rates, ratios=ratios, baseline="a plain one", bound=INGEST
    )


def _home(report: Report, village: Village, folder: Path) -> None:
    count, secret = report.size.many, folder / "passphrase"
    secret.write_text(PASSPHRASE)
    taken, plain, sealed = [], [], []
    for _ in range(report.size.runs):
        home = make_home(village.newcomer, folder / "home", folder / "many.db")
        with Daemon(home) as daemon:
            plain.append(daemon.seconds_to_ready)
        with timed() as timing:
            change_passphrase(home, None, PASSPHRASE)
        taken.append(timing.seconds)
        with Daemon(home, "--passphrase-file", str(secret)) as daemon:
            sealed.append(daemon.seconds_to_ready)
        shutil.rmtree(home.path)
    report.add(f"passphrase set with {count:,} records", "s", taken, bound=SET)
    report.add(f"start to ready with {count:,} records, plain", "s", plain)
    report.add(f"start to ready with {count:,} records, encrypted", "s", sealed)
