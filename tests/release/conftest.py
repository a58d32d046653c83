"""The files that `scripts/package` makes, built once for all tests here, for the Python of this system alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from release.__main__ import COMPRESSION, PYTHONS, SUMS, Order, build
from release.lock import ROOT
from release.wheels import NotFetched
from tests.support.debian_system import DebianSystem, missing

EPOCH = 1_700_000_000


def skip(reason: str) -> None:
    """Skip and say why; in CI, where all of this must run, fail."""
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


def system_python() -> str:
    """Return the version of the Python that Debian's packages run with here, such as `3.11`."""
    program = Path("/usr/bin/python3")
    if shutil.which("dpkg-deb") is None or not program.exists():
        skip("Debian packages cannot be built and tried here: dpkg-deb or Debian's python3 is missing")
    version = program.resolve().name.removeprefix("python")
    if version not in PYTHONS:
        skip(f"the package is not for Python {version}")
    return version


@pytest.fixture(scope="session")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """What is built for the tests."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # which all processes of a run share
    return Order(
        place / "package" / "dist",
        ROOT / "build" / "wheels",
        ("amd64",),
        (system_python(),),
        COMPRESSION["fast"],
        EPOCH,
    )


@pytest.fixture(scope="session")
def built(order: Order) -> dict[str, Path]:
    """The files, by their endings: whl, gz, deb, json, SHA256SUMS. The first process that needs them builds them for all."""
    order.goal.parent.mkdir(exist_ok=True)
    with (order.goal.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            # The sums are written last.
            files = list(order.goal.iterdir()) if (order.goal / SUMS).exists() else build(order)
        except NotFetched as error:
            skip(str(error))
            raise
    return {path.name.rpartition(".")[2]: path for path in files}


@pytest.fixture(scope="session")
def built_again(order: Order, built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a second build, at another place, by a user with another umask."""
    assert built
    umask = os.umask(0o077)
    try:
        return {
            path.name.rpartition(".")[2]: path
            for path in build(replace(order, goal=tmp_path_factory.mktemp("again") / "elsewhere"))
        }
    finally:
        os.umask(umask)


@pytest.fixture(scope="module")
def new_system(
    tmp_path_factory: pytest.TempPathFactory, built: dict[str, Path]
) -> Iterator[Callable[[], DebianSystem]]:
    """Makes a system on which the package can be installed."""
    if reason := missing():
        skip(f"no system can be made to install on: {reason}")
    asked = ["dpkg", "--print-architecture"]
    architecture = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    if architecture not in built["deb"].name:
        skip(f"the package under test is not for this processor, which is {architecture}")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(DebianSystem(tmp_path_factory.mktemp("system"), built["deb"].parent)))
