"""Provides the village that the tests of this directory use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.app.neighbors import story
from tests.cli.village import Village, daemon
from tests.support.mesh import Mesh


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """Return three running nodes: Alice trusts Bob, and Bob trusts Carol."""
    mesh = Mesh(13)
    desks = dict(zip("ABC", story(mesh), strict=True))
    with ExitStack() as stack:
        homes = {letter: tmp_path / letter for letter in desks}
        networks = {
            letter: stack.enter_context(daemon(neighbor.replica, homes[letter])) for letter, neighbor in desks.items()
        }
        yield Village(mesh, homes, networks, {letter: neighbor.replica for letter, neighbor in desks.items()})
