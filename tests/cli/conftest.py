"""The village of every test here."""

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
    """Three running nodes, connected as in the seed's story."""
    mesh = Mesh(13)
    desks = dict(zip("ABC", story(mesh), strict=True))
    with ExitStack() as stack:
        homes = {letter: tmp_path / letter for letter in desks}
        networks = {
            letter: stack.enter_context(daemon(neighbor.replica, homes[letter])) for letter, neighbor in desks.items()
        }
        yield Village(mesh, homes, networks, {letter: neighbor.replica for letter, neighbor in desks.items()})
