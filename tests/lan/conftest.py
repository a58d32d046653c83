"""Local networks of real daemons. Where a machine allows no network namespaces the tests are skipped, except in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.lan import Lan
from tests.support.namespaces import laboratory

MakeLan = Callable[..., Lan]

# What starts the tests may ignore it, as nohup does, and daemons would inherit that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that `-m "not lan"` leaves it out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.lan)


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[MakeLan]:
    """Makes networks of the named hosts; they go when the test ends."""
    place = laboratory()
    if isinstance(place, str):
        if "CI" in os.environ:
            pytest.fail(f"no local network can be built: {place}")
        pytest.skip(f"no local network can be built: {place}")
    with ExitStack() as stack:

        def make(*names: str, **options: Any) -> Lan:
            return stack.enter_context(Lan(place, tmp_path, names, **options))

        yield make


def need(programs: Sequence[str], package: str) -> None:
    """Skip where a program that plays a stranger is not installed; in CI that is a failure."""
    import shutil

    missing = [name for name in programs if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        reason = f"{missing[0]} is missing (it comes with {package})"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
