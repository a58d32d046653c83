"""Simulates whole worlds, seed after seed on all cores: `scripts/simulate --help`.

Each is compared with the model; with `--clocks`, communities with wrong clocks are checked for what must not happen.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Self

from protocol import limits
from tests.support.clock_simulation import ClockWorld
from tests.support.oracle import Verdict, verdict
from tests.support.world_simulation import Plan, SimulatedWorld

ONE_WEB_EVERY = 12
"""In every twelfth world all bridges are mutual: one web, in which every policy comes to every node."""


@dataclass(frozen=True)
class Life:
    """The end of a simulated world: at rest, and after everything suspended has gone too."""

    seed: int
    people: int
    records: int
    at_rest: Verdict
    in_the_end: Verdict
    seconds: float

    @property
    def faults(self) -> list[str]:
        """The differences between nodes and model, in words."""
        return [*self.at_rest.faults, *(f"in the end, {fault}" for fault in self.in_the_end.faults)]

    def __str__(self) -> str:
        rest = self.at_rest
        return (
            f"seed {self.seed}: {self.people} people, {self.records} records; {rest.granted} copies granted, "
            f"{rest.within_reach} within reach, {rest.held} held, {rest.stale} stale; "
            f"{len(self.faults)} faults; {self.seconds:.0f} s"
        )


def live(seed: int, people: int) -> Life:
    """Simulate the world of this seed, and compare."""
    gc.disable()  # nothing is thrown away before the end, and the collector would look for it all the time
    began = time.process_time()
    plan = Plan(people, answered_bridges=1.0 if seed % ONE_WEB_EVERY == 0 else 0.1)
    simulated = SimulatedWorld(seed, plan)
    simulated.live()
    simulated.rest()
    at_rest = verdict(simulated, shown=True)
    simulated.mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    simulated.mesh.advance(limits.RECHECK_SECONDS + 60)
    in_the_end = verdict(simulated, shown=False)
    records = sum(node.replica.store.records.count() for node in simulated.mesh.nodes.values())
    del simulated
    gc.enable()
    gc.collect()
    return Life(seed, people, records, at_rest, in_the_end, time.process_time() - began)


def live_with_wrong_clocks(seed: int) -> list[str]:
    """Simulate the community of this seed, whose clocks go wrong; return its faults."""
    try:
        return ClockWorld(seed).live()
    except Exception as error:  # noqa: BLE001 - one world that breaks must not hide what the others show
        return [f"broke by {error!r}"]


def simulate_clocks(seeds: Sequence[int], processes: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each seed with the faults of its community."""
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from zip(seeds, pool.map(live_with_wrong_clocks, seeds, chunksize=4), strict=True)


class Simulation:
    """Simulates worlds in as many processes as asked for. Close it by leaving the `with`."""

    def __init__(self, seeds: Iterable[int], people: int, processes: int) -> None:
        self._pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
        # The most expensive first, so that no process is left alone with one of them in the end.
        ordered = sorted(seeds, key=lambda seed: (seed % ONE_WEB_EVERY != 0, seed))
        self.lives: dict[int, Future[Life]] = {seed: self._pool.submit(live, seed, people) for seed in ordered}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def main(words: Sequence[str]) -> int:
    """Simulate and print a line for each world; 1 if nodes and model differ anywhere."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--nodes", type=int, default=200, help="people in a world, each with a node (200)")
    parser.add_argument("--seeds", type=int, default=50, help="how many worlds (50)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (2)")
    parser.add_argument("--clocks", action="store_true", help="instead, small communities whose clocks go wrong")
    asked = parser.parse_args(words)
    faults = 0
    if asked.clocks:
        for seed, found in simulate_clocks(range(asked.first, asked.first + asked.seeds), asked.processes):
            faults += len(found)
            if found:
                sys.stdout.write("\n  ".join([f"seed {seed}", *found]) + "\n")
                sys.stdout.flush()
        sys.stdout.write(f"{asked.seeds} communities with wrong clocks: {faults} faults\n")
        return 1 if faults else 0
    with Simulation(range(asked.first, asked.first + asked.seeds), asked.nodes, asked.processes) as simulation:
        for life in simulation.lives.values():
            done = life.result()
            faults += len(done.faults)
            sys.stdout.write("\n  ".join([str(done), *done.faults]) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{asked.seeds} worlds of {asked.nodes} people: {faults} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
