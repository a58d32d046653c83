"""What every test shares: how hypothesis explores, a watch for what fails unattended, a log that is put back, and an order."""

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.guards import watched

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("quick"), derandomize=True, print_blob=True)
settings.register_profile("deep", parent=settings.get_profile("quick"), max_examples=5000)
settings.register_profile(  # for scripts/mutants: that a test fails says enough, and no run differs from another
    "mutants", parent=settings.get_profile("quick"), derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "quick"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so. The programs that tests start and interrupt would inherit it, and go on.
    signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
WAITING = HERE / "lan"  # tests that wait for daemons most of the time
LONG = ("test_every_check_is_noticed.py",)  # files that would be waited for if they came last


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the files that wait among those that compute, in each of several processes, so that no processor is idle."""
    if not hasattr(config, "workerinput"):
        return
    files: dict[Path, list[pytest.Item]] = {}
    for item in sorted(items, key=lambda item: item.path.name not in LONG):
        files.setdefault(item.path, []).append(item)
    waiting = [path for path in files if path.is_relative_to(WAITING)]
    items[:] = [
        item for path in spread(waiting, [path for path in files if path not in waiting]) for item in files[path]
    ]


def spread(few: Sequence[Path], many: Sequence[Path]) -> list[Path]:
    """Return all in one list, the few at even distances, each in its order."""
    places = [(at / max(1, len(few)), path) for at, path in enumerate(few)]
    return [path for _, path in sorted([*places, *((at / max(1, len(many)), path) for at, path in enumerate(many))])]


@pytest.fixture(autouse=True)
def nothing_fails_unattended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a guard has caught an error that nobody foresaw: it would have ended a node without it.

    A test of the guard itself is marked `fails_unattended`.
    """
    with watched() as errors:
        yield
    if errors and request.node.get_closest_marker("fails_unattended") is None:
        raise ExceptionGroup("this failed unattended", [error for error in errors if isinstance(error, Exception)])


@pytest.fixture(autouse=True)
def log_is_put_back() -> Iterator[None]:
    """Undo how a test has set up the log: a command without a daemon silences it, in this process too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)  # and not `level`: loggers remember what is below the level until this is called
