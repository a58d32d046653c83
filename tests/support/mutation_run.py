"""Runs the tests against mutants of the files that decide, and tells which mutants no test notices.

pytest collects the tests once. A first process runs them all and notes which statements of the files each of
them reaches.
Then every mutant gets a process of its own, forked from the one that has collected: it puts the changed code into the
function that exists already, and runs the tests that reach the changed statement until one fails. Those come first that
noticed most mutants for the time that they take.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from mmap import mmap
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from _pytest.runner import runtestprotocol

from tests.support.code_mutants import WATCH, CodeMutant, mutants, watched_codes
from tests.support.code_survivors import ARGUED
from tests.support.mutated_files import CONCERNED

ROOT = Path(__file__).parents[2]

# Seconds of the processor's, so that a busy machine comes to the same results.
SECONDS_MOST = 30.0  # of tests that take longer together, the slowest are left out
TIMES_LONGER, SECONDS_SPARE = 3, 2  # than a test took; then a mutant does not end any more, and so was noticed
WAITING = 600  # seconds after which a mutant waits for something that never comes
MEMORY_MOST = 4 * 2**30  # bytes of one mutant, which may collect without an end

SURVIVED, NOTICED, IMPOSSIBLE = 0, 1, 2
"""How the process of a mutant ends. Impossible: the changed code could not be put in, so nothing was tried."""

UNREACHED = " (no test reaches it)"
NOT_MADE = " (it could not be made, so nothing was tried)"

Functions = dict[tuple[str, str, int], list[FunctionType]]
"""The functions that exist, by file, qualified name and first line."""


class MutationRun:
    """The pytest plugin that runs mutants in the place of the tests."""

    def __init__(
        self, files: Sequence[str], workers: int, only: str, show: Callable[[str], object], root: Path = ROOT
    ) -> None:
        self._files = files
        self._workers = workers
        self._only = only
        self._show = show
        self._root = root
        self.tried = Counter[str]()
        self.left: list[CodeMutant] = []
        """Mutants that survived, that no test reaches, or that could not be made."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the mutants; True tells pytest that all is done."""
        live = live_functions({str(self._root / file) for file in self._files})
        reached = _reached(session, self._root, self._files, live)
        _forget_answers()
        gc.freeze()
        noticed = mmap(-1, len(session.items))  # how many mutants each test has noticed; shared with all processes
        running: dict[int, CodeMutant] = {}
        for mutant in (one for file in self._files for one in mutants(self._root, file) if self._only in one.name):
            self.tried[mutant.file] += 1
            tests = _quickest(one for one in reached if (mutant.file, mutant.statement) in one.statements)
            tests.sort(key=lambda one: one.seconds / (1 + noticed[one.number]))
            functions = live.get((str(self._root / mutant.file), mutant.function, mutant.first), [])
            if not tests or not functions:
                self._leave(mutant, UNREACHED if functions else NOT_MADE)
                continue
            while len(running) >= self._workers:
                self._reap(running)
            code = functools.partial(mutant.code, self._root)
            running[_fork(functools.partial(_notices, session, code, functions, tests, noticed))] = mutant
        while running:
            self._reap(running)
        return True

    def _reap(self, running: dict[int, CodeMutant]) -> None:
        child, status = os.wait()
        mutant = running.pop(child)
        ending = os.waitstatus_to_exitcode(status)
        if ending in (SURVIVED, IMPOSSIBLE):
            self._leave(mutant, NOT_MADE if ending == IMPOSSIBLE else "")

    def _leave(self, mutant: CodeMutant, why: str) -> None:
        self.left.append(mutant)
        if mutant.name not in ARGUED:
            self._show(f"SURVIVED {mutant.name}, line {mutant.line}{why}\n")


class Reach:
    """One test: its number, how long it takes, and the statements that it reaches, by file and line."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seconds = 0.0
        self.statements = frozenset[tuple[str, int]]()


def _reached(session: pytest.Session, root: Path, files: Sequence[str], live: Functions) -> list[Reach]:
    """Run all tests in a process of their own; return those that pass, with the statements that they reach."""
    with tempfile.NamedTemporaryFile(prefix="meshnode-reached-") as written:

        def run() -> int:
            reached = set[tuple[str, int]]()
            for file in files:
                _watch(root, file, live, reached)
            done = []
            for number, item in enumerate(session.items):
                reach, began = Reach(number), time.process_time()
                reached.clear()
                passed = _passes(session, number, item)
                reach.seconds, reach.statements = time.process_time() - began, frozenset(reached)
                done += [reach] if passed and reached else []
            Path(written.name).write_bytes(pickle.dumps(done))
            return 0

        os.waitpid(_fork(run), 0)
        found: list[Reach] = pickle.loads(Path(written.name).read_bytes())  # noqa: S301 - our own
    return found


def _watch(root: Path, file: str, live: Functions, reached: set[tuple[str, int]]) -> None:
    """Let the functions of a file note their statements in `reached` before they run them."""
    for name, first, code in watched_codes(root, file):
        for function in live.get((str(root / file), name, first), []):
            function.__globals__[WATCH] = lambda line: reached.add((file, line))
            function.__code__ = code


def _passes(session: pytest.Session, number: int, item: pytest.Item) -> bool:
    following = session.items[number + 1] if number + 1 < len(session.items) else None
    return all(report.passed for report in runtestprotocol(item, log=False, nextitem=following))


def _quickest(tests: Iterable[Reach]) -> list[Reach]:
    """Return the tests without the slowest if all together take too long."""
    chosen, seconds = list[Reach](), 0.0
    for test in sorted(tests, key=lambda one: one.seconds):
        seconds += test.seconds
        if chosen and seconds > SECONDS_MOST:
            break
        chosen.append(test)
    return chosen


def _notices(
    session: pytest.Session,
    changed: Callable[[], CodeType],
    functions: list[FunctionType],
    tests: list[Reach],
    noticed: mmap,
) -> int:
    """Give the functions the changed code, and run the tests until one fails."""
    try:
        code = changed()
        for function in functions:
            function.__code__ = code
    except (ValueError, SyntaxError, LookupError):  # as where the only mention of an outer variable is left out
        return IMPOSSIBLE
    signal.alarm(WAITING)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    for test in tests:
        item = session.items[test.number]
        signal.setitimer(signal.ITIMER_PROF, SECONDS_SPARE + TIMES_LONGER * test.seconds)
        if not all(report.passed for report in runtestprotocol(item, log=False, nextitem=None)):
            noticed[test.number] = min(noticed[test.number] + 1, 255)
            return NOTICED
    return SURVIVED


def _fork(run: Callable[[], int]) -> int:
    """Start a process that runs a function and exits with what it returns, or with NOTICED where that fails."""
    child = os.fork()
    if child:
        return child
    status = NOTICED
    try:
        status = run()
    finally:
        os._exit(status)


def live_functions(paths: Collection[str]) -> Functions:
    """Return every function of these files that exists now.

    Whatever has the function counts: a module, a class, a decorator around it, or another name for it.
    """
    gc.unfreeze()  # else those are missed that were set aside, by a run before or by the program itself
    found: Functions = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in paths:
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _forget_answers() -> None:
    """Empty all caches of functions: else a mutant might find an answer of before. Call `gc.unfreeze` first."""
    for thing in gc.get_objects():
        if isinstance(thing, functools._lru_cache_wrapper):
            thing.cache_clear()


def main(words: Sequence[str]) -> int:
    """Try all mutants, print a line for each survivor, and the counts; 1 if one survives without a reason in the table."""
    parser = argparse.ArgumentParser(prog="scripts/mutants code", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="only these of the files that decide (all)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only mutants whose name has these words")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once (one a core)")
    asked = parser.parse_args(words)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    unargued = 0
    # pytest keeps what is printed while tests run to itself; this goes past it.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as out:
        for tests, files in _by_tests(asked.files or CONCERNED).items():
            run = MutationRun(files, asked.workers, asked.only, out.write)
            status = pytest.main(["-qq", "-p", "no:cacheprovider", "--tb=no", "--no-summary", *tests], plugins=[run])
            if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                return int(status)
            for file in files:
                tried, left = run.tried[file], [one for one in run.left if one.file == file]
                fresh = sum(one.name not in ARGUED for one in left)
                noticed, argued = tried - len(left), len(left) - fresh
                out.write(f"{file}: {tried} mutants, {noticed} noticed, {argued} argued, {fresh} survive\n")
                unargued += fresh
    return 1 if unargued else 0


def _by_tests(files: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
    """Return the files by the tests that concern them, which are run once for all of these files."""
    found: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        found.setdefault(CONCERNED[file], []).append(file)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
