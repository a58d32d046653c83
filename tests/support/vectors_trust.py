"""Makes the vectors of trust: costs, limits, and whole webs with the trust in them."""

from __future__ import annotations

import random
from typing import Any

from protocol.trust import limit
from protocol.trust.weights import COST
from tests.support.model import World
from tests.support.people import grown
from tests.support.webs import chain, graph_of, together

A, B, C, D, E = PEOPLE = sorted(grown("vectors", name) for name in ("Alice", "Bob", "Carol", "Dave", "Erin"))


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
    "only the last vouch of a path need not be mutual": World(
        together((A, B, 900, 900), (B, C, 900, 0), (C, D, 900, 900))
    ),
    "a direct vouch is the answer, and longer paths take the better way": World(
        together((A, B, 900, 900), (B, C, 900, 900), (A, C, 200, 200), (C, D, 1000, 1000))
    ),
    "a threshold met exactly": World(together((A, B, 625, 1), (B, C, 800, 1), (C, D, 1000, 1))),
    "equal costs: fewer vouches, then smaller keys": World(
        together((A, C, 800, 800), (C, E, 800, 800), (A, D, 800, 800), (D, E, 800, 800), (C, B, 1000, 1000))
        | together((B, E, 800, 800))
    ),
    "an end of the path blocks somebody in between": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(A, B)}
    ),
    "somebody in between blocks an end of the path": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(B, D)}
    ),
    "two in between are blocked either way": World(chain([A, B, C, D], 900).vouches, {(B, C)}),
    "a stranger vouches for everyone": World(
        chain([A, B, C], 1000).vouches | {(E, person): 1000 for person in (A, B, C)}
    ),
    "what people say of themselves does not count": World(
        chain([A, B, C], 900).vouches | {(B, B): 1000}, {(A, A), (B, B)}
    ),
    **{f"a random web, {seed}": _random_web(seed) for seed in (1, 2, 3)},
}


def _web(case: str, world: World) -> dict[str, Any]:
    people = sorted(world.people)
    number = {person: at for at, person in enumerate(people)}
    graph = graph_of(world)
    paths = [path for a in people for b in people if (path := graph.trust(a, b)) is not None]
    return {
        "case": case,
        "people": [person.hex() for person in people],
        "vouches": [[number[a], number[b], weight] for (a, b), weight in sorted(world.vouches.items())],
        "blocks": [[number[a], number[b]] for a, b in sorted(world.blocks)],
        "trust": [{"path": [number[person] for person in path.people], "cost": path.cost} for path in paths],
        "meshes": sorted({tuple(sorted(number[member] for member in graph.mesh(person))) for person in people}),
    }


def trust_vectors() -> dict[str, Any]:
    return {
        "cost": {"of weights 1 to 1000, in order": list(COST[1:])},
        "limit": {str(threshold): limit(threshold) for threshold in (1, 100, 300, 500, 1000)},
        "webs": [_web(case, world) for case, world in WEBS.items()],
    }
