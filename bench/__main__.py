"""`scripts/bench`: run the measures named, or all of them, print the table and save every sample."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench import machine
from bench.harness import SIZES, Report

# In this order: first what runs inside this process, then what starts daemons, then what needs namespaces.
MEASURES = ("ingest", "reconcile", "sync", "paths", "discover", "node", "daemons", "lan")
BUSY = 0.5  # processes that want a core beside us


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure a node. See docs/measures.md.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"any of {', '.join(MEASURES)} (default: all)")
    parser.add_argument("--size", choices=SIZES, default="usual", help="how much to measure with")
    parser.add_argument("--runs", type=int, help="samples a figure (default: as the size says)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="where every sample goes")
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
    """Print progress to stderr, beside the table."""
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
