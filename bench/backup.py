"""Measures a backup that a running node makes, and what the node is held for meanwhile; then a restore of that backup.

A real daemon, watched from inside (bench/watched.py), holds many records, and answers calls while it makes the backup. The
backup is sealed to a public key, as the daily ones are. The restore is the command, as its owner types it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.daemon import ENVIRONMENT, PROGRAM, PROJECT, Hold, WatchedDaemon, make_home
from bench.harness import Bound, Report, timed
from bench.village import Village, village_store
from meshnode.backup import new_key
from meshnode.cli.client import Client
from meshnode.home import Home

MADE = Bound(2, 1)  # seconds
RESTORED = Bound(5, 2.5)
HELD = Bound(0.05, 0.025)
ASK_EVERY = 0.02  # seconds between two calls while the backup is made


class BackupFigures(NamedTuple):
    """The figures of one backup and its restore, in seconds; and its bytes."""

    made: float
    loop_held: float
    loop_worked: float
    store_held: float
    store_worked: float
    answered: float
    size: int
    restored: float


def measure(report: Report) -> None:
    """Make backups of a node that runs, and restore each of them into an empty home."""
    count = report.size.many
    village = Village.of_listings(count)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        village_store(village, folder / "many.db", village.everything(count))
        home = make_home(village.newcomer, folder / "home", folder / "many.db")
        with WatchedDaemon(home) as daemon:
            daemon.api.get("/v1/discover")  # which reads all posts into memory, once
            runs = [_back_up_and_restore(daemon, folder) for _ in range(report.size.runs)]
    name = f"a backup of {count:,} records"
    report.add(f"{name}, made and read back", "s", [run.made for run in runs], bound=MADE)
    report.add(f"{name}: loop held", "s", [run.loop_held for run in runs], bound=HELD)
    report.add(f"{name}: loop worked", "s", [run.loop_worked for run in runs], bound=HELD)
    report.add(f"{name}: store held", "s", [run.store_held for run in runs], bound=HELD)
    report.add(f"{name}: store worked", "s", [run.store_worked for run in runs], bound=HELD)
    report.add(f"{name}: longest that a call waited", "s", [run.answered for run in runs])
    report.add(f"{name}: size", "B", [run.size for run in runs])
    report.add(f"{name}: restored", "s", [run.restored for run in runs], bound=RESTORED)


def _back_up_and_restore(daemon: WatchedDaemon, folder: Path) -> BackupFigures:
    secret, public = new_key()
    key, file, restored = folder / "key.txt", folder / "backup.age", folder / "restored"
    key.write_text(secret)
    begun = time.monotonic()
    with _asking(daemon.home) as waited, timed() as making:
        reply = daemon.api.post("/v1/backups", to=[public])
    held = list(daemon.holds(begun, time.monotonic()))
    shutil.move(reply["file"], file)
    command = ["--no-input", "--home", str(restored), "restore", str(file), "--key", str(key), "--old-lives", "--json"]
    with timed() as restoring:
        done = subprocess.run(
            [*PROGRAM, *command], cwd=PROJECT, env=ENVIRONMENT, capture_output=True, check=False, text=True
        )
    if done.returncode or json.loads(done.stdout)["records"] != reply["records"]:
        raise AssertionError(f"the backup was not restored: {done.stderr[-1000:]}")
    shutil.rmtree(restored)
    loop, store = ([hold for hold in held if hold.thread == thread] for thread in ("loop", "store"))
    return BackupFigures(
        making.seconds, *_longest(loop), *_longest(store), max(waited), reply["bytes"], restoring.seconds
    )


def _longest(holds: list[Hold]) -> tuple[float, float]:
    """Return the seconds of the longest hold, and the most seconds that a thread worked in one."""
    return max((hold.seconds for hold in holds), default=0.0), max((hold.worked for hold in holds), default=0.0)


@contextmanager
def _asking(home: Home) -> Iterator[list[float]]:
    """Ask the node for its latest posts again and again, as its page does; yield how many seconds each call took."""
    waited, end = [0.0], threading.Event()

    def ask() -> None:
        api = Client(home)
        while not end.wait(ASK_EVERY):
            with timed() as timing:
                api.get("/v1/discover", limit=20)
            waited.append(timing.seconds)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield waited
        finally:
            end.set()
        asking.result()  # a call that failed has measured nothing
