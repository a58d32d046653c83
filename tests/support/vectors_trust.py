"""Makes the golden answers about trust: costs, thresholds, and whole webs with the trust in them.

Implementations in other languages compare their answers with these.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from protocol import PersonId
from protocol.trust import limit
from protocol.trust.weights import COST
from tests.support.model import World
from tests.support.people import grown
from tests.support.webs import chain, graph_of, together

A, B, C, D, E = sorted(grown("vectors", name) for name in ("Alice", "Bob", "Carol", "Dave", "Erin"))


ROW = [A, *sorted(grown("vectors", "row", number) for number in range(40))]


def _random_web(seed: int) -> World:
    rng = random.Random(seed)
    people = sorted(grown("vectors", seed, number) for number in range(9))
    pairs = [(a, b) for a in people for b in people if a < b]
    vouches = together(
        *((a, b, rng.randint(1, 1000), rng.choice([0, rng.randint(1, 1000)])) for a, b in rng.sample(pairs, 24))
    )
    return World(vouches, {rng.choice([(a, b), (b, a)]) for a, b in rng.sample(pairs, 3)})


WEBS: dict[str, World] = {
    "a friend of a friend": World(together((A, B, 700, 800), (B, C, 800, 800))),
    "only the last vouch may be one-sided": World(together((A, B, 900, 900), (B, C, 900, 0), (C, D, 900, 900))),
    "a direct vouch is the answer, a path goes on by the better way": World(
        together((A, B, 900, 900), (B, C, 900, 900), (A, C, 200, 200), (C, D, 1000, 1000))
    ),
    "a threshold met exactly": World(together((A, B, 625, 1), (B, C, 800, 1), (C, D, 1000, 1))),
    "equal paths: fewer vouches, then smaller keys": World(
        together((A, C, 800, 800), (C, E, 800, 800), (A, D, 800, 800), (D, E, 800, 800), (C, B, 1000, 1000))
        | together((B, E, 800, 800))
    ),
    "an end blocks somebody on the path": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(A, B)}
    ),
    "somebody on the path blocks an end": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(B, D)}
    ),
    "two others on the path block one another": World(chain([A, B, C, D], 900).vouches, {(B, C)}),
    "a stranger vouches for everyone": World(
        chain([A, B, C], 1000).vouches | {(E, person): 1000 for person in (A, B, C)}
    ),
    "what one says of oneself counts for nothing": World(
        chain([A, B, C], 900).vouches | {(B, B): 1000}, {(A, A), (B, B)}
    ),
    **{f"a random web, {seed}": _random_web(seed) for seed in (1, 2, 3)},
}


LONG: dict[str, tuple[World, tuple[PersonId, ...]]] = {
    "32 vouches count, 33 do not": (World(chain(ROW[:34], 990).vouches), (ROW[0], ROW[1], ROW[32], ROW[33])),
    "the last of 32 vouches may be one-sided": (
        World(chain(ROW[:32], 1000).vouches | {(ROW[31], ROW[32]): 1000}),
        (ROW[0], ROW[31], ROW[32]),
    ),
    "a better path of 40 vouches takes no path away": (
        World(chain([A, *ROW[1:40], E], 1000).vouches | chain([A, B, E], 800).vouches),
        (A, ROW[20], E),
    ),
    "a better path that is too long for those behind": (
        World(chain([A, *ROW[1:31], E, D, C], 1000).vouches | chain([A, B, E], 800).vouches),
        (A, E, D, C),
    ),
    "of two paths the longer one, where the other leads through somebody blocked": (
        World(chain([A, *ROW[1:31], E, D], 1000).vouches | chain([A, B, E], 1000).vouches, {(D, B)}),
        (A, E, D),
    ),
}
"""Webs with long paths, and the people among whom the trust is given."""


def _web(case: str, world: World, among: Iterable[PersonId] = ()) -> dict[str, Any]:
    people = sorted(world.people)
    number = {person: at for at, person in enumerate(people)}
    graph = graph_of(world)
    chosen = sorted(among) or people
    paths = [path for a in chosen for b in chosen if (path := graph.trust(a, b)) is not None]
    return {
        "case": case,
        "people": [person.hex() for person in people],
        "vouches": [[number[a], number[b], weight] for (a, b), weight in sorted(world.vouches.items())],
        "blocks": [[number[a], number[b]] for a, b in sorted(world.blocks)],
        "among": [number[person] for person in chosen],
        "trust": [{"path": [number[person] for person in path.people], "cost": path.cost} for path in paths],
        "meshes": sorted({tuple(sorted(number[member] for member in graph.mesh(person))) for person in people}),
    }


def trust_vectors() -> dict[str, Any]:
    return {
        "cost": {"of weights 1 to 1000, in order": list(COST[1:])},
        "limit": {str(threshold): limit(threshold) for threshold in (1, 100, 300, 500, 1000)},
        "webs": [
            *(_web(case, world) for case, world in WEBS.items()),
            *(_web(case, world, among) for case, (world, among) in LONG.items()),
        ],
    }
