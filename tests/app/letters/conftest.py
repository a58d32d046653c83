"""Two people who write to each other."""

from __future__ import annotations

import pytest

from meshnode.replica.replica import Replica
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend


@pytest.fixture
def pair(mesh: Mesh) -> tuple[Replica, Replica]:
    """Alice and Bob, who know each other."""
    mesh.add("Alice")
    mesh.add("Bob")
    befriend(mesh, "Alice", "Bob", 800, 800)
    mesh.settle()
    return mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
