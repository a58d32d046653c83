"""Runs the named measures, or all of them, prints the table and saves every sample. `scripts/bench` calls it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench import machine
from bench.harness import SIZES, Report

# In this order: measures inside this process, then those that start daemons, then the one that needs namespaces.
MEASURES = (
    "ingest",
    "backup",
    "encryption",
    "reconcile",
    "sync",
    "parcel",
    "policies",
    "join",
    "paths",
    "discover",
    "refused",
    "library",
    "node",
    "daemons",
    "holds",
    "page",
    "hub",
    "meet",
    "lan",
    "lan_idle",
    "lan_post",
)
BUSY = 0.5  # load average of other processes from which figures are not reliable


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure a node. See docs/measures.md.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"any of {', '.join(MEASURES)} (default: all)")
    parser.add_argument("--size", choices=SIZES, default="usual", help="the amount of test data")
    parser.add_argument("--runs", type=int, help="samples for each figure (default: depends on the size)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="the file for all samples")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.measures if name not in MEASURES]
    if unknown:
        parser.error(f"there is no measure called {unknown[0]}; there are {', '.join(MEASURES)}")
    size = SIZES[chosen.size]
    if chosen.runs:
        size = size._replace(runs=chosen.runs)
    report = Report({**machine.description(), "load before": f"{machine.load():.2f}"}, size)
    if machine.load() > BUSY:
        say(f"this machine is busy (load {machine.load():.2f}): expect figures that are too low")
    for name in chosen.measures or MEASURES:
        report.measure = name
        started = time.monotonic()
        measure: Callable[[Report], None] = import_module(f"bench.{name}").measure
        measure(report)
        say(f"{name}: {time.monotonic() - started:.0f} s")
    report.machine["load after"] = f"{machine.load():.2f}"
    path = chosen.json or Path(f"bench-{time.strftime('%Y%m%d-%H%M%S')}.json")
    report.save(path)
    sys.stdout.write(f"{report.table()}\n\n{', '.join(f'{key} {value}' for key, value in report.machine.items())}\n")
    say(f"every sample is in {path}")
    return 0


def say(text: str) -> None:
    """Print a line of progress on standard error; the table goes to standard output."""
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
