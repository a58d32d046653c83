"""Runs the tests against mutants of the files that decide, and tells which mutants no test notices.

pytest collects the tests once. A first process runs them all and notes which lines of the files each of them reaches.
Then every mutant gets a process of its own, forked from the one that has collected: it puts the changed code into the
function that exists already, and runs the tests that reach the changed line, the quickest first, until one fails.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.support.code_mutants import CodeMutant, mutants
from tests.support.code_survivors import ARGUED

ROOT = Path(__file__).parents[2]

_INGEST = (
    "tests/replica/test_ingest.py",
    "tests/replica/test_ingest_hostile.py",
    "tests/replica/test_refusals.py",
    "tests/replica/test_leaps.py",
)
CONCERNED = {
    "protocol/trust/visibility.py": ("tests/protocol/trust/test_visibility.py", "tests/replica/test_access.py"),
    "protocol/trust/policies.py": (
        "tests/protocol/trust/test_policies.py",
        "tests/protocol/trust/test_branches.py",
        "tests/replica/test_many_devices.py",
    ),
    "protocol/records/record.py": ("tests/protocol/records",),
    "protocol/wire/reconcile.py": ("tests/protocol/wire/test_reconcile.py",),
    "meshnode/replica/ingest.py": _INGEST,
    "meshnode/replica/judging.py": _INGEST,
    "meshnode/replica/keeping.py": _INGEST,
    "meshnode/replica/served_set.py": (
        "tests/replica/test_served_set.py",
        "tests/replica/test_served_set_follows.py",
        "tests/replica/test_served_set_headers.py",
    ),
    "protocol/session/session.py": ("tests/protocol/session",),
    "protocol/session/handover.py": ("tests/protocol/session",),
}
"""The files that decide, and the tests that concern them."""

# Seconds of the processor's, so that a busy machine comes to the same results.
SECONDS_MOST = 30.0  # of tests that take longer together, the slowest are left out
ENDLESS = 120  # after which a mutant does not end any more, and so was noticed
WAITING = 1800  # seconds after which a mutant waits for something that never comes
SURVIVED, NOTICED = 0, 1


class MutationRun:
    """The pytest plugin that runs mutants in the place of the tests."""

    def __init__(self, files: Sequence[str], workers: int, only: str, show: Callable[[str], object]) -> None:
        self._files = files
        self._workers = workers
        self._only = only
        self._show = show
        self.tried = 0
        self.survivors: list[CodeMutant] = []
        self.unreached: list[CodeMutant] = []
        """Mutants of lines that no test reaches."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the mutants; True tells pytest that all is done."""
        reached = _reached(session, self._files)
        live = _live_functions(self._files)
        _forget_answers()
        gc.freeze()
        running: dict[int, CodeMutant] = {}
        for mutant in (one for file in self._files for one in mutants(ROOT, file) if self._only in one.name):
            self.tried += 1
            tests = _quickest([one for one in reached if (mutant.file, mutant.line) in one.lines])
            if not tests:
                self.unreached.append(mutant)
                self._tell(mutant, " (no test reaches it)")
                continue
            while len(running) >= self._workers:
                self._reap(running)
            functions = live[mutant.file, mutant.function]
            running[_fork(functools.partial(_notices, session, mutant, functions, tests), ENDLESS)] = mutant
        while running:
            self._reap(running)
        return True

    def _reap(self, running: dict[int, CodeMutant]) -> None:
        child, status = os.wait()
        mutant = running.pop(child)
        if status == SURVIVED:
            self.survivors.append(mutant)
            self._tell(mutant, "")

    def _tell(self, mutant: CodeMutant, why: str) -> None:
        if mutant.name not in ARGUED:
            self._show(f"SURVIVED {mutant.name}, line {mutant.line}{why}\n")


class Reach:
    """One test: its number, how long it takes, and the lines that it reaches."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seconds = 0.0
        self.lines: set[tuple[str, int]] = set()


def _reached(session: pytest.Session, files: Sequence[str]) -> list[Reach]:
    """Run all tests in a process of their own; return those that pass, with the lines of the files that they reach."""
    with tempfile.NamedTemporaryFile(prefix="meshnode-reached-") as written:

        def run() -> int:
            paths = {str(ROOT / file): file for file in files}
            done = []
            for number, item in enumerate(session.items):
                reach = Reach(number)
                began = time.process_time()
                with _Tracing(paths, reach.lines):
                    passed = _passes(session, number, item)
                reach.seconds = time.process_time() - began
                done += [reach] if passed and reach.lines else []
            Path(written.name).write_bytes(pickle.dumps(done))
            return 0

        os.waitpid(_fork(run, None), 0)
        found: list[Reach] = pickle.loads(Path(written.name).read_bytes())  # noqa: S301 - our own
    return found


class _Tracing:
    """Notes the lines of some files that are run, in all threads."""

    def __init__(self, paths: dict[str, str], lines: set[tuple[str, int]]) -> None:
        self._paths = paths
        self._lines = lines

    def __enter__(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        file = self._paths.get(frame.f_code.co_filename)
        if file is None:
            return None
        lines = self._lines

        def line(frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any]:
            lines.add((file, frame.f_lineno))
            return line

        return line(frame, "line", None)


def _passes(session: pytest.Session, number: int, item: pytest.Item) -> bool:
    following = session.items[number + 1] if number + 1 < len(session.items) else None
    return all(report.passed for report in runtestprotocol(item, log=False, nextitem=following))


def _quickest(tests: Iterable[Reach]) -> list[Reach]:
    """Return the tests in order of their time, without the slowest if all together take too long."""
    chosen, seconds = list[Reach](), 0.0
    for test in sorted(tests, key=lambda one: one.seconds):
        seconds += test.seconds
        if chosen and seconds > SECONDS_MOST:
            break
        chosen.append(test)
    return chosen


def _notices(session: pytest.Session, mutant: CodeMutant, functions: list[FunctionType], tests: list[Reach]) -> int:
    """Change the function, and run the tests until one fails."""
    code = mutant.code(ROOT)
    for function in functions:
        function.__code__ = code
    for test in tests:
        item = session.items[test.number]
        if not all(report.passed for report in runtestprotocol(item, log=False, nextitem=None)):
            return NOTICED
    return SURVIVED


def _fork(run: Callable[[], int], seconds: int | None) -> int:
    """Start a process that runs a function and exits with what it returns; it is killed after so many seconds."""
    child = os.fork()
    if child:
        return child
    status = NOTICED
    try:
        if seconds is not None:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.alarm(WAITING)
        status = run()
    finally:
        os._exit(status)


def _live_functions(files: Sequence[str]) -> dict[tuple[str, str], list[FunctionType]]:
    """Return every function of the files that exists now, by its file and its full name."""
    paths = {str(ROOT / file): file for file in files}
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in paths:
            found.setdefault((paths[thing.__code__.co_filename], thing.__code__.co_qualname), []).append(thing)
    return found


def _forget_answers() -> None:
    """Empty all caches of functions: else a mutant might find an answer of before."""
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
    unargued = 0
    # pytest keeps what is printed while tests run to itself; this goes past it.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as out:
        for file in asked.files or CONCERNED:
            run = MutationRun([file], asked.workers, asked.only, out.write)
            status = pytest.main(["-qq", "-p", "no:cacheprovider", "--no-summary", *CONCERNED[file]], plugins=[run])
            if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                return int(status)
            left = [*run.unreached, *run.survivors]
            fresh = sum(one.name not in ARGUED for one in left)
            noticed = run.tried - len(left)
            out.write(f"{file}: {run.tried} mutants, {noticed} noticed, {len(left) - fresh} argued, {fresh} survive\n")
            unargued += fresh
    return 1 if unargued else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
