"""Puts each deliberate bug into a copy of the program, and tells which of them the simulated worlds notice.

Nothing tells a world which bug it has: it lives as it always does, seed after seed, and is compared with the model. A bug
is noticed if a world has a fault, or breaks, that has none without the bug. All bugs are tried in the world of one seed
before the next: most are noticed early, and the world without any bug has to live only once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.support.mutant_table import MUTATIONS, TESTED, Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("protocol", "meshnode", "tests", "conformance", "bench", "pyproject.toml")
WORDS_SHOWN = 200  # characters of what a world says about a bug
TABLE_HEAD = "| bug | noticed by | minutes | first words |\n|---|---|---|---|"
ENDLESS = 1200  # seconds, ten times as long as the slowest world takes: then it does not end, so the bug was noticed


@dataclass(frozen=True)
class Outcome:
    """What became of one bug: the first seed whose world has noticed it, None if it survived all, and the first words."""

    name: str
    seed: int | None
    """0 for a test."""
    said: str
    seconds: float

    def row(self) -> str:
        """Return the row of a table."""
        by = "nobody" if self.seed is None else f"seed {self.seed}" if self.seed else "its test"
        return f"| {self.name} | {by} | {self.seconds / 60:.1f} | {self.said[:WORDS_SHOWN].replace('|', '/')} |"

    def __str__(self) -> str:
        if self.seed is None:
            return f"{self.name}: SURVIVED ({self.seconds:.0f} s)"
        by = f"seed {self.seed}" if self.seed else "its test"
        return f"{self.name}: noticed by {by} ({self.seconds:.0f} s): {self.said[:WORDS_SHOWN]}"


@contextmanager
def copy_with(mutation: Mutation) -> Iterator[Path]:
    """Make a copy of the program that has the bug."""
    with tempfile.TemporaryDirectory(prefix="meshnode-mutant-") as made:
        root = Path(made)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, root / name)
        mutation.apply(root)
        yield root


def attempt_with_test(mutation: Mutation) -> Outcome:
    """Run the tests that must notice the bug."""
    began = time.monotonic()
    with copy_with(mutation) as root:
        said = _first_failure(root, mutation.test)
    return Outcome(mutation.name, None if said is None else 0, said or "", time.monotonic() - began)


def attempt_in_worlds(
    mutations: Sequence[Mutation], nodes: int, seeds: Sequence[int], processes: int = 1
) -> Iterator[Outcome]:
    """Let worlds live with each bug, seed after seed, until one notices it; yield each bug's outcome when it is known.

    A seed whose world has a fault without any bug is passed over: that world's faults would say nothing.
    """
    spent = dict.fromkeys(mutations, 0.0)
    with ThreadPoolExecutor(processes) as pool, ExitStack() as stack:
        roots = {mutation: stack.enter_context(copy_with(mutation)) for mutation in mutations}
        for seed in seeds:
            if not roots:
                return
            unsound = _first_fault(ROOT, nodes, seed)
            _tell(f"seed {seed}: {'sound' if unsound is None else f'passed over, without any bug {unsound}'}")
            if unsound is not None:
                continue
            tried = {mutation: pool.submit(_first_fault_in_time, root, nodes, seed) for mutation, root in roots.items()}
            for mutation, trial in tried.items():
                said, seconds = trial.result()
                spent[mutation] += seconds
                if said is not None:
                    del roots[mutation]
                    yield Outcome(mutation.name, seed, said, spent[mutation])
        yield from (Outcome(mutation.name, None, "", spent[mutation]) for mutation in roots)


def _first_fault_in_time(root: Path, nodes: int, seed: int) -> tuple[str | None, float]:
    """Return what `_first_fault` does, and the seconds that it took."""
    began = time.monotonic()
    return _first_fault(root, nodes, seed), time.monotonic() - began


def _first_fault(root: Path, nodes: int, seed: int) -> str | None:
    """Return the first words about what is wrong in the world of this seed; None if nothing is."""
    words = ["--nodes", str(nodes), "--seeds", "1", "--first", str(seed), "--first-fault"]
    run = _run(root, ["tests.support.simulate", *words])
    if run is None:
        return "it does not end"
    if run.returncode == 0:
        return None
    faults = [line.strip() for line in run.stdout.splitlines() if line.startswith("  ")]
    return faults[0] if faults else (run.stderr.splitlines() or ["it breaks"])[-1]


def _first_failure(root: Path, test: str) -> str | None:
    """Return the name of the first test that fails; None if all pass."""
    run = _run(root, ["pytest", "-q", "-x", "-p", "no:cacheprovider", test])
    if run is None:
        return "it does not end"
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return None if run.returncode == 0 else (failed or ["it breaks"])[0]


def _run(root: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
    """Run a module of the copy; None if it takes too long."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *words]
    try:
        return subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=ENDLESS, check=False
        )
    except subprocess.TimeoutExpired:
        return None


def main(words: Sequence[str]) -> int:
    """Try the bugs, print a line for each and a table in the end; 1 if more than two survive."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="BUG", help="only these (all)")
    parser.add_argument("--nodes", type=int, default=120, help="people in a world (120)")
    parser.add_argument("--seeds", type=int, default=20, help="how many worlds a bug has to survive (20)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--processes", type=int, default=2, help="how many worlds at once (2)")
    parser.add_argument("--survivors", type=int, default=2, help="how many bugs may survive (2)")
    parser.add_argument("--worlds", action="store_true", help="only the bugs that the worlds must notice")
    parser.add_argument("--list", action="store_true", help="only print what there is")
    asked = parser.parse_args(words)
    known = MUTATIONS if asked.worlds else (*MUTATIONS, *TESTED)
    chosen = [one for one in known if not asked.names or one.name in asked.names]
    if asked.list:
        for mutation in chosen:
            _tell(f"{mutation.name}: without it, {mutation.breaks}")
        return 0
    seeds = range(asked.first, asked.first + asked.seeds)
    outcomes: list[Outcome] = []
    for outcome in chain(
        attempt_in_worlds([one for one in chosen if not one.test], asked.nodes, seeds, asked.processes),
        (attempt_with_test(one) for one in chosen if one.test),
    ):
        outcomes.append(outcome)
        _tell(str(outcome))
    survivors = sum(outcome.seed is None for outcome in outcomes)
    rows = [outcome.row() for one in chosen for outcome in outcomes if outcome.name == one.name]
    _tell("\n".join(["", TABLE_HEAD, *rows, "", f"noticed {len(chosen) - survivors} of {len(chosen)}"]))
    return 1 if survivors > asked.survivors else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
