"""Lays out a web of trust in rings: the owner in the middle, a ring for each step, a sector for each neighbor.

One pure function. The same people give the same drawing, in whatever order they come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct, field

RING = 70.0  # from one ring to the next, at least
APART = 26.0  # between two people on one ring, at least
MARGIN = 40.0  # around the outer ring, for names


class Placed(Struct, frozen=True):
    """A point of the drawing. Its x grows to the right and its y downwards, the owner is at 0, 0."""

    x: float
    y: float


class Rings(Struct, frozen=True):
    """The layout: where everybody is, the radius of each ring, and half the side of the square around all."""

    places: dict[str, Placed]
    radii: tuple[float, ...]
    reach: float


class _Node(Struct):
    id: str
    steps: int
    below: list[_Node] = field(default_factory=list)
    angle: float = 0.0


def rings(people: Iterable[tuple[str, int, str, str]]) -> Rings:
    """Lay out people, each given as id, steps from the owner, id of the person before them, and id of the neighbor.

    Everybody who hangs on one neighbor lies in one sector, whose width is the number of its outermost people. A person
    whose forerunner is missing, or is not one step nearer, hangs on their neighbor.
    """
    given = sorted(people, key=lambda one: (one[1], one[0]))
    nodes = {id_: _Node(id_, steps) for id_, steps, _, _ in given}
    roots = []
    for id_, steps, before, through in given:
        node = nodes[id_]
        above = nodes.get(before)
        if above is None or above.steps >= steps:
            above = nodes.get(through)
        if steps == 1 or above is None or above.steps >= steps:
            roots.append(node)
        else:
            above.below.append(node)
    leaves = sum(map(_leaves, roots))
    first = 0
    for root in roots:
        first = _spread(root, first, max(leaves, 1))
    radii = _radii(nodes.values())
    places = {node.id: _on_ring(radii[node.steps - 1], node.angle) for node in nodes.values()}
    return Rings(places, radii, (radii[-1] if radii else 0.0) + MARGIN)


def _leaves(node: _Node) -> int:
    return sum(map(_leaves, node.below)) or 1


def _spread(node: _Node, first: int, leaves: int) -> int:
    """Give the node and all below it their angles, as parts of a turn, beginning at this leaf; return the next leaf."""
    after = first
    for one in node.below:
        after = _spread(one, after, leaves)
    after = max(after, first + 1)
    node.angle = (first + after - 1) / 2 / leaves
    return after


def _radii(nodes: Iterable[_Node]) -> tuple[float, ...]:
    """Return the radius of each ring: so large that nobody covers anybody else."""
    by_ring: dict[int, list[float]] = {}
    for node in nodes:
        by_ring.setdefault(node.steps, []).append(node.angle)
    radii: list[float] = []
    for steps in range(1, max(by_ring, default=0) + 1):
        angles = sorted(by_ring.get(steps, ()))
        gaps = [later - earlier for earlier, later in pairwise(angles)]
        if len(angles) > 1:
            gaps.append(angles[0] + 1 - angles[-1])
        needed = max((APART / (2 * math.sin(math.pi * min(gap, 0.5))) for gap in gaps), default=0.0)
        radii.append(round(max((radii[-1] if radii else 0.0) + RING, needed), 1))
    return tuple(radii)


def _on_ring(radius: float, turn: float) -> Placed:
    """Return the point of a ring at this part of a turn: the first is at the top, the others follow clockwise."""
    angle = 2 * math.pi * turn
    return Placed(round(radius * math.sin(angle), 1) + 0.0, round(-radius * math.cos(angle), 1) + 0.0)
