"""Simulates whole worlds, seed after seed on all cores: `scripts/simulate --help`.

Each is compared with the model; with `--clocks`, communities with wrong clocks are checked for what must not happen. A
seed says all about a world, and `trace` is a hash of every byte that was delivered in it. A world with a fault is made
smaller for as long as it keeps a fault, and the command that shows it is printed.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Self

from tests.support.cheaper import cheaper
from tests.support.clock_simulation import ClockWorld
from tests.support.country import print_country
from tests.support.oracle import Verdict, verdict
from tests.support.witness import Broken
from tests.support.world import Plan
from tests.support.world_simulation import SimulatedWorld

ROOT = Path(__file__).parents[2]
ONE_WEB_EVERY = 12
CLOCKS_TOLD_EVERY = 100  # communities with wrong clocks between two lines of a long run
"""In every twelfth world all bridges are mutual: one web, in which every policy comes to every node."""
FEWEST_PEOPLE, FEWEST_ACTS = 8, 8  # a world is made no smaller than this
ACTS_EACH_HOUR = 25  # one in so many people does something in an hour


@dataclass(frozen=True)
class Life:
    """The end of a simulated world: at rest, and after everything suspended has gone too."""

    seed: int
    plan: Plan
    records: int
    at_rest: Verdict
    in_the_end: Verdict
    seen: list[str]
    """The faults that were seen while the world lived."""
    restless: int
    """How many records people went on giving to each other though nothing happened any longer."""
    trace: str
    """The hash of every byte that was delivered: equal for equal seeds."""
    seconds: float

    @property
    def faults(self) -> list[str]:
        """Everything that was seen, and the differences between nodes and model in the end, in words."""
        return [*self.seen, *self.at_rest.faults, *(f"in the end, {fault}" for fault in self.in_the_end.faults)]

    def __str__(self) -> str:
        rest = self.at_rest
        return (
            f"seed {self.seed}: {self.plan.people} people, {self.records} records; {rest.granted} copies granted, "
            f"{rest.within_reach} within reach, {rest.held} held, {rest.stale} stale, {self.restless} restless; "
            f"{len(self.faults)} faults; {self.seconds:.0f} s; trace {self.trace}"
        )


def plan_of(seed: int, people: int, acts: int = 0, hours: int = 0) -> Plan:
    """Return the plan of the world of this seed. Where no `acts` are asked for, more happen the more people there are."""
    acts = acts or (hours * max(4, people // ACTS_EACH_HOUR) if hours else Plan.acts)
    return Plan(people, answered_bridges=1.0 if seed % ONE_WEB_EVERY == 0 else 0.1, acts=acts, hours=hours)


def drawn_seeds(count: int) -> list[int]:
    """Return seeds that follow from the program: another program gives others, and the same one the same."""
    digest = blake2b()
    for package in ("protocol", "meshnode"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return [int.from_bytes(digest.digest()[4 * at : 4 * at + 4], "big") for at in range(count)]


def live(seed: int, plan: Plan, *, first_fault: bool = False) -> Life:
    """Simulate the world of this seed, and compare. With `first_fault`, raise Broken as soon as something is wrong."""
    gc.disable()  # nothing is thrown away before the end, and the collector would look for it all the time
    began = time.process_time()
    with cheaper():
        simulated = SimulatedWorld(seed, plan)
        simulated.witness.breaks = first_fault
        simulated.live()
        simulated.rest()
        at_rest = verdict(simulated, shown=True)
        simulated.age()
        in_the_end = verdict(simulated, shown=False)
    records = sum(node.replica.store.records.count() for node in simulated.mesh.nodes.values())
    seen, trace = simulated.witness.faults, simulated.mesh.trace.hexdigest()
    restless = len(simulated.restless)
    del simulated
    gc.enable()
    gc.collect()
    return Life(seed, plan, records, at_rest, in_the_end, seen, restless, trace, time.process_time() - began)


def first_faults(seed: int, plan: Plan) -> list[str]:
    """Let the world of this seed live until something is wrong; return that in words. A world that breaks is wrong, too."""
    try:
        return live(seed, plan, first_fault=True).faults
    except Broken as broken:
        return [str(broken)]
    except Exception as error:  # noqa: BLE001 - whatever breaks a world is a fault of it
        return [f"it broke by {error!r}"]


def shrunk(seed: int, plan: Plan) -> Plan:
    """Return the smallest plan found by halving with which the world of this seed, which has a fault, still has one."""
    while True:
        fewer_people = replace(plan, people=max(FEWEST_PEOPLE, plan.people // 2))
        fewer_acts = replace(plan, acts=max(FEWEST_ACTS, plan.acts // 2))
        fewer_hours = replace(plan, hours=max(1, plan.hours // 2)) if plan.hours else plan
        smaller = (
            tried for tried in (fewer_people, fewer_acts, fewer_hours) if tried != plan and first_faults(seed, tried)
        )
        found = next(smaller, None)
        if found is None:
            return plan
        plan = found


def command(seed: int, plan: Plan) -> str:
    """Return what to type to see this world again."""
    hours = f" --hours {plan.hours}" if plan.hours else ""
    return f"scripts/simulate --seed {seed} --nodes {plan.people} --acts {plan.acts}{hours}"


def live_with_wrong_clocks(seed: int) -> list[str]:
    """Simulate the community of this seed, whose clocks go wrong; return its faults."""
    gc.disable()  # nothing is thrown away before the end, and the collector would look for it all the time
    try:
        with cheaper():
            return ClockWorld(seed).live()
    except Exception as error:  # noqa: BLE001 - one world that breaks must not hide what the others show
        return [f"broke by {error!r}"]
    finally:
        gc.enable()
        gc.collect()


def simulate_clocks(seeds: Sequence[int], processes: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each seed with the faults of its community."""
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=gc.freeze) as pool:
        yield from zip(seeds, pool.map(live_with_wrong_clocks, seeds, chunksize=4), strict=True)


class Simulation:
    """Simulates worlds in as many processes as asked for. Close it by leaving the `with`."""

    def __init__(self, seeds: Iterable[int], people: int, processes: int, acts: int = 0, hours: int = 0) -> None:
        self._pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
        # The most expensive first, so that no process is left alone with one of them in the end.
        ordered = sorted(seeds, key=lambda seed: (seed % ONE_WEB_EVERY != 0, seed))
        self.lives: dict[int, Future[Life]] = {
            seed: self._pool.submit(live, seed, plan_of(seed, people, acts, hours)) for seed in ordered
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def main(words: Sequence[str]) -> int:
    """Simulate and print a line for each world; 1 if nodes and model differ anywhere."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--nodes", type=int, default=120, help="people in a world, each with a node or two (120)")
    parser.add_argument(
        "--acts", type=int, default=0, help=f"random things that happen ({Plan.acts}, or by the hours and the people)"
    )
    parser.add_argument(
        "--hours", type=int, default=0, help="let people live through so many hours (else through weeks, in big steps)"
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many worlds (20)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seed", type=int, help="only the world of this seed")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (2)")
    parser.add_argument("--first-fault", action="store_true", help="stop a world as soon as something is wrong with it")
    parser.add_argument("--clocks", action="store_true", help="instead, small communities whose clocks go wrong")
    parser.add_argument("--country", type=int, help="instead, how much of the web of so many people matters to one")
    asked = parser.parse_args(words)
    if asked.country is not None:
        print_country(asked.country)
        return 0
    seeds = range(asked.first, asked.first + asked.seeds) if asked.seed is None else range(asked.seed, asked.seed + 1)
    if asked.clocks:
        return _main_clocks(seeds, asked.processes)
    if asked.first_fault:
        return max(_main_first_fault(seed, plan_of(seed, asked.nodes, asked.acts, asked.hours)) for seed in seeds)
    faulty: list[Life] = []
    with Simulation(seeds, asked.nodes, asked.processes, asked.acts, asked.hours) as simulation:
        for life in simulation.lives.values():
            done = life.result()
            faulty += [done] if done.faults else []
            sys.stdout.write("\n  ".join([str(done), *done.faults]) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(seeds)} worlds of {asked.nodes} people: {sum(len(one.faults) for one in faulty)} faults\n")
    for one in faulty[:1]:
        sys.stdout.write(f"to see it again: {command(one.seed, shrunk(one.seed, one.plan))}\n")
    return 1 if faulty else 0


def _main_clocks(seeds: Sequence[int], processes: int) -> int:
    faults = 0
    for count, (seed, found) in enumerate(simulate_clocks(seeds, processes), 1):
        faults += len(found)
        if found:
            sys.stdout.write("\n  ".join([f"seed {seed}", *found]) + "\n")
        if count % CLOCKS_TOLD_EVERY == 0:  # a long run that was stopped goes on with --first from here
            sys.stdout.write(f"seeds {seeds[0]} to {seed} are done: {faults} faults\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(seeds)} communities with wrong clocks: {faults} faults\n")
    return 1 if faults else 0


def _main_first_fault(seed: int, plan: Plan) -> int:
    faults = first_faults(seed, plan)
    sys.stdout.write("".join(f"  {fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
