"""Finds out what another comparison would still bring in a mesh where all is quiet: news that was lost before."""

from __future__ import annotations

from meshnode.store import RecordState
from tests.support.mesh import Mesh

Held = tuple[int, str, int]
"""A record that is in use: its kind, the beginning of its id, and its version."""


def brought_by_another_comparison(mesh: Mesh) -> dict[str, tuple[list[Held], list[Held]]]:
    """Start all nodes again and let them compare; return for each node that changed the records that came and went."""
    before = _held(mesh)
    for name in list(mesh.nodes):
        mesh.restart(name)
    mesh.heal()
    mesh.settle()
    after = _held(mesh)
    differ = {name: (sorted(after[name] - before[name]), sorted(before[name] - after[name])) for name in before}
    return {name: both for name, both in differ.items() if any(both)}


def _held(mesh: Mesh) -> dict[str, set[Held]]:
    return {
        name: {
            (row.kind, row.id.hex()[:8], row.version)
            for row in node.replica.store.records.rows(states=(RecordState.LIVE,))
        }
        for name, node in mesh.nodes.items()
    }
