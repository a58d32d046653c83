"""A mesh for each test, always the same one."""

from __future__ import annotations

import pytest

from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh


@pytest.fixture
def mesh() -> Mesh:
    """An empty mesh."""
    return Mesh(7)


@pytest.fixture
def people(mesh: Mesh) -> tuple[Neighbor, Neighbor, Neighbor]:
    """Alice, Bob and Carol: Alice and Bob vouch for each other, and so do Bob and Carol."""
    return story(mesh)
