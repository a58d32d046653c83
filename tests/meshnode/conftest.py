"""A home with a node, and daemons that are gone when the test ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Start, meshnode, start_daemon


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with Alice's node."""
    assert meshnode(tmp_path / "alice", "init", "--name", "Alice", "--no-input").returncode == 0
    return tmp_path / "alice"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts daemons."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, *options: str) -> subprocess.Popen[str]:
        started.append(start_daemon(home, *options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
