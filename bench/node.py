"""Measures one daemon: time to start, memory and wake-ups while idle, and the time of a command."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine
from bench.daemon import ENVIRONMENT, PROGRAM, PROJECT, Daemon, make_home
from bench.harness import Bound, Report, percentile, timed
from bench.village import Village, village_store
from meshnode.cli.daily.call import COMMANDS
from meshnode.home import Home

COMMAND = Bound(120, 70)
DAILY = Bound(60, 30)
OTHER = Bound(120, 60)
READY = Bound(1, 0.35)
IDLE = Bound(65, 45)
WAKEUPS = Bound(120, 30)
PENDING = Bound(60, 15)
CALM = 15.0  # seconds after which a new daemon is quiet and its idle threads have ended


def measure(report: Report) -> None:
    """Measure an almost empty node, then one that holds many records."""
    size = report.size
    village = Village.of_listings(size.many)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        village_store(village, folder / "few.db", village.acquaintance())
        home = make_home(village.newcomer, folder / "few", folder / "few.db")
        starts = []
        for _ in range(size.runs):
            with Daemon(home) as daemon:
                starts.append(daemon.seconds_to_ready)
        report.add("start to ready", "s", starts, bound=READY)
        with Daemon(home) as daemon:
            _commands(report, home)
            time.sleep(min(CALM, size.idle_seconds))
            before = machine.switches(daemon.pid)
            time.sleep(size.idle_seconds)
            after = machine.switches(daemon.pid)
            woken = sum(count - before.get(thread, 0) for thread, count in after.items())
            idle = machine.resident(daemon.pid)
        report.add("idle memory (RSS)", "MiB", [idle], bound=IDLE)
        report.add("wake-ups of all threads", "a minute", [woken * 60 / size.idle_seconds], bound=WAKEUPS)
        village_store(village, folder / "many.db", village.everything(size.many))
        full = make_home(village.newcomer, folder / "many", folder / "many.db")
        starts, taken = [], []
        for _ in range(size.runs):
            with Daemon(full) as daemon:
                starts.append(daemon.seconds_to_ready)
                daemon.api.get("/v1/discover")
                time.sleep(min(CALM, size.idle_seconds))
                taken.append((machine.resident(daemon.pid) - idle) * 100_000 / size.many)
        report.add(f"start to ready with {size.many:,} records", "s", starts)
        report.add("memory for 100,000 records held", "MiB", taken, bound=PENDING)


def _commands(report: Report, home: Home) -> None:
    bare = _seconds([sys.executable, "-c", "pass"], report.size.offers)
    status = _seconds([*PROGRAM, "--home", str(home.path), "status", "--json"], report.size.offers)
    report.add("a command: status", "ms", [1000 * sample for sample in status], bound=COMMAND)
    report.add("a command: p95", "ms", [1000 * percentile(status, 95)])
    report.add("Python by itself, for comparison", "ms", [1000 * sample for sample in bare])
    program = [*PROGRAM, "--home", str(home.path)]
    for name, bound in (*dict.fromkeys(COMMANDS, DAILY).items(), ("peers", OTHER)):
        worked = [1000 * _processor_seconds([*program, name]) for _ in range(report.size.offers)]
        report.add(f"a command: processor time of {name}", "ms", worked, bound=bound)


def _processor_seconds(words: Sequence[str]) -> float:
    """Run a program and return for how long processors have worked for it; it is the only child that ends meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, capture_output=True, cwd=PROJECT, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _seconds(words: Sequence[str], times: int) -> list[float]:
    found = []
    for _ in range(times):
        with timed() as timing:
            subprocess.run(words, check=True, capture_output=True, cwd=PROJECT, env=ENVIRONMENT)
        found.append(timing.seconds)
    return found
