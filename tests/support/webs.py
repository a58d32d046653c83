"""Makes webs of trust for tests: the package's graph from a model's world, and worlds for hypothesis to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from protocol import UNSET_PREFERENCE, PersonId
from protocol.trust import EffectivePolicy, TrustGraph, block_tag
from tests.support.model import Person, World


def someone(number: int) -> PersonId:
    """Return a person's key; smaller numbers have smaller keys."""
    return number.to_bytes(2, "big") * 16


def policy_of(world: World, author: PersonId) -> EffectivePolicy:
    """Return what `author` says in that world."""
    return EffectivePolicy(
        {b: weight for (a, b), weight in world.vouches.items() if a == author and weight > 0},
        frozenset(block_tag(a, b) for a, b in world.blocks if a == author),
        UNSET_PREFERENCE,
    )


def graph_of(world: World, order: Iterable[PersonId] | None = None) -> TrustGraph:
    """Return the graph of that world, with the policies put in by `order`."""
    graph = TrustGraph()
    for person in sorted(world.people) if order is None else order:
        graph.set(person, policy_of(world, person))
    return graph


def together(*vouches: tuple[PersonId, PersonId, int, int]) -> dict[tuple[PersonId, PersonId], int]:
    """Return vouches from (a, b, what a says of b, what b says of a); 0 is no vouch."""
    return {
        pair: weight for a, b, there, back in vouches for pair, weight in (((a, b), there), ((b, a), back)) if weight
    }


def chain(people: Sequence[PersonId], weight: int) -> World:
    """Return a world in which each vouches for the next, and the next back."""
    return World(together(*((a, b, weight, weight) for a, b in pairwise(people))))


# Zeros leave vouches one-sided, thousands make ties, and the rest is what people say.
WEIGHTS = st.sampled_from([0, 1000, 1000, 900, 800, 700, 500, 300, 100]) | st.integers(1, 1000)


@st.composite
def worlds(draw: st.DrawFn, most: int = 6, blocks: int = 4) -> World:
    """Draw small worlds in which most vouches are mutual, with some blocks."""
    people = [someone(number) for number in range(draw(st.integers(2, most)))]
    pairs = [(a, b) for a in people for b in people if a < b]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True))
    vouches = together(*((a, b, draw(WEIGHTS), draw(WEIGHTS)) for a, b in edges))
    both_ways = st.sampled_from([*pairs, *((b, a) for a, b in pairs)])
    return World(vouches, draw(st.sets(both_ways, max_size=blocks)))


def renamed(world: World, names: Mapping[Person, PersonId]) -> World:
    """Return the same world among people with other keys."""
    return replace(
        world,
        vouches={(names[a], names[b]): weight for (a, b), weight in world.vouches.items()},
        blocks={(names[a], names[b]) for a, b in world.blocks},
    )
