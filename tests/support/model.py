"""A second implementation of trust and visibility, for tiny worlds: it tries everything, and reads like the spec.

It shares no code with the package and no cleverness: every simple path is listed, every rule asked in words. People are
any hashable, sortable values (names, keys). Trust is in "cost", as the spec defines it, computed here from decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache
from typing import Any, TypeAlias

Person: TypeAlias = Any

SLACK = 2**11
HOPS = 32
"""The most vouches that a path may have."""


@cache
def brute_cost(weight: int) -> int:
    """Return round(-ln(weight / 1000) * 2^32), computed with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return int((-(Decimal(weight) / 1000).ln() * 2**32).to_integral_value(ROUND_HALF_EVEN))


def brute_limit(per_mille: int) -> int:
    """Return the highest cost that still reaches the threshold."""
    return brute_cost(per_mille) + SLACK


@dataclass
class World:
    """A tiny world: vouches[(a, b)] is a's weight for b in per mille, and a blocks b if (a, b) is in blocks."""

    vouches: dict[tuple[Person, Person], int] = field(default_factory=dict)
    blocks: set[tuple[Person, Person]] = field(default_factory=set)
    cells: list[set[Person]] = field(default_factory=list)
    communities: list[set[Person]] = field(default_factory=list)
    places: dict[Person, str] = field(default_factory=dict)
    km: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Distances between places, in both orders; the same place is 0."""

    @property
    def people(self) -> set[Person]:
        """Return everybody who gave a vouch, got one, blocks somebody or is blocked."""
        return {person for pair in [*self.vouches, *self.blocks] for person in pair}

    def vouches_for(self, a: Person, b: Person) -> bool:
        return a != b and self.vouches.get((a, b), 0) > 0

    def mutual(self, a: Person, b: Person) -> bool:
        return self.vouches_for(a, b) and self.vouches_for(b, a)

    def blocked_either_way(self, a: Person, b: Person) -> bool:
        return (a, b) in self.blocks or (b, a) in self.blocks

    def share_cell(self, a: Person, b: Person) -> bool:
        return any({a, b} <= cell for cell in self.cells)

    def share_community(self, a: Person, b: Person) -> bool:
        return any({a, b} <= community for community in self.communities)

    def distance(self, place: str | None, other: str | None) -> float | None:
        if place is None or other is None:
            return None
        return 0.0 if place == other else self.km[place, other]

    def trust(self, a: Person, b: Person) -> int | None:
        """Return the cost of a's trust in b, None for none, by trying every path."""
        return brute_trust(self, a, b)

    def mesh(self, person: Person) -> AbstractSet[Person]:
        """Return everybody joined to the person by a chain of mutual vouches."""
        return brute_mesh(self, person)


# --- Trust -----------------------------------------------------------------------------------------------------------


def brute_paths(world: World, a: Person, b: Person) -> Iterator[tuple[Person, ...]]:
    """Yield every path from a to b that trust may take: each vouch but the last is mutual, nobody between is blocked
    either way with one of the ends, nobody comes twice, and there are at most HOPS vouches."""
    between = [
        person
        for person in world.people - {a, b}
        if not world.blocked_either_way(person, a) and not world.blocked_either_way(person, b)
    ]

    def onward(path: tuple[Person, ...]) -> Iterator[tuple[Person, ...]]:
        if len(path) > HOPS:
            return
        if world.vouches_for(path[-1], b):
            yield (*path, b)
        for person in between:
            if person not in path and world.mutual(path[-1], person):
                yield from onward((*path, person))

    if a != b and not world.blocked_either_way(a, b):
        yield from onward((a,))


def brute_path_cost(world: World, path: tuple[Person, ...]) -> int:
    """Return the sum of the costs of the path's vouches."""
    return sum(brute_cost(world.vouches[path[step], path[step + 1]]) for step in range(len(path) - 1))


def brute_best_path(world: World, a: Person, b: Person) -> tuple[Person, ...] | None:
    """Return the path that decides how far a trusts b: the direct vouch if there is one, else the cheapest path; of those
    the shortest, and of those the one with the smallest keys."""
    paths = list(brute_paths(world, a, b))
    if (a, b) in paths:
        return (a, b)
    return min(paths, key=lambda path: (brute_path_cost(world, path), len(path), path), default=None)


def brute_trust(world: World, a: Person, b: Person) -> int | None:
    """Return the cost of a's trust in b, None for none."""
    path = brute_best_path(world, a, b)
    return None if path is None else brute_path_cost(world, path)


def brute_trusts(world: World, a: Person, b: Person, per_mille: int) -> bool:
    """Whether a trusts b at least this much."""
    cost = world.trust(a, b)
    return cost is not None and cost <= brute_limit(per_mille)


def brute_mesh(world: World, person: Person) -> set[Person]:
    """Return everybody joined to the person by a chain of mutual vouches."""
    mesh = {person}
    while more := {b for a in mesh for b in world.people - mesh if world.mutual(a, b)}:
        mesh |= more
    return mesh


def brute_web(world: World, author: Person, viewer: Person) -> bool:
    """Whether the viewer is in the author's web."""
    if world.blocked_either_way(author, viewer):
        return False
    shares = world.share_cell(author, viewer) or world.share_community(author, viewer)
    return author == viewer or shares or brute_trusts(world, author, viewer, 100)


# --- Visibility ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BruteListing:
    """A listing as the rule sees it, its author's preference applied."""

    author: Person
    audience: str
    place: str | None = None
    radius_km: int = 25
    expires: int = 2**53 - 1


@dataclass(frozen=True)
class BruteWish:
    """A viewer's wish; within_km is None if they asked for no distance."""

    min_regard: int = 300
    within_km: float | None = None


def brute_consent(world: World, listing: BruteListing, viewer: Person) -> bool:
    """Whether the author consents, by the table of audiences."""
    author = listing.author
    cell, community = world.share_cell(author, viewer), world.share_community(author, viewer)
    if author == viewer:
        return True
    if listing.audience == "my_cell":
        return cell
    if listing.audience == "my_community":
        return community or cell
    if listing.audience == "trusted_network":
        return brute_trusts(world, author, viewer, 500)
    if listing.audience == "anyone_local":
        km = world.distance(listing.place, world.places.get(viewer))
        connected = brute_trusts(world, author, viewer, 100) or cell or community
        return km is not None and km <= listing.radius_km and connected
    if listing.audience == "network_wide":
        return brute_trusts(world, author, viewer, 100) or cell or community
    return False


def brute_visible(
    world: World, listing: BruteListing, viewer: Person, *, now: int = 0, wish: BruteWish | None = None
) -> bool:
    """Whether the viewer sees the listing: block, consent, expiry, and the viewer's wish if there is one."""
    author = listing.author
    if world.blocked_either_way(author, viewer):
        return False
    if not brute_consent(world, listing, viewer):
        return False
    if listing.expires <= now:
        return False
    if wish is None:
        return True
    shares = world.share_cell(author, viewer) or world.share_community(author, viewer)
    if not (author == viewer or shares or brute_trusts(world, viewer, author, wish.min_regard)):
        return False
    km = world.distance(listing.place, world.places.get(viewer))
    if km is None:
        return wish.within_km is None
    return km <= (50 if wish.within_km is None else wish.within_km)
