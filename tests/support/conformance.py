"""The one rule as a table: every audience, connection, block, place and expiry, and whether the viewer then sees a listing.

The table is made by the brute-force model alone; nothing here may use the code that the table tests. So distances are
computed here too, from the centers that the h3 library gives. `BY_HAND` are rows that people filled in, with reasons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

import h3

from tests.support.model import BruteListing, BruteWish, World, brute_visible

AUTHOR, VIEWER, BETWEEN, FAR_SIDE = PEOPLE = ("author", "viewer", "between", "far side")
AUDIENCES = ("my_cell", "my_community", "trusted_network", "anyone_local", "network_wide")
RADIUS_KM = 25
NOW = 1_800_000_000
EXPIRY = {"lasting": NOW + 1, "expired": NOW}

HIDDEN = "hidden"
SERVED = "served"
"""The viewer's node may have the listing, but does not show it: it is too far away, or its author trusted too little."""
SHOWN = "shown"

EARTH_KM = 6371.007180918475


def cell(latitude: float, longitude: float) -> str:
    """The neighborhood around a point."""
    found: str = h3.latlng_to_cell(latitude, longitude, 8)
    return found


def kilometers(one: str, other: str) -> float:
    """Return the kilometers between the centers of two cells, to the meter, by the haversine formula."""
    (lat, lon), (lat2, lon2) = (tuple(map(math.radians, h3.cell_to_latlng(place))) for place in (one, other))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return round(2 * EARTH_KM * math.asin(math.sqrt(half)), 3)


HOME, INSIDE, OUTSIDE, ABROAD = (cell(latitude, 13.405) for latitude in (52.52, 52.74, 52.75, 54.0))
KM = {(one, other): kilometers(one, other) for one, other in product((HOME, INSIDE, OUTSIDE, ABROAD), repeat=2)}


class Whereabouts(NamedTuple):
    """The listing's own place, and those that the two people publish."""

    listing: str | None
    author: str | None
    viewer: str | None


PLACES = {
    "inside the radius": Whereabouts(INSIDE, None, HOME),
    "outside the radius": Whereabouts(OUTSIDE, None, HOME),
    "farther than the viewer looks": Whereabouts(ABROAD, None, HOME),
    "where its author is": Whereabouts(None, INSIDE, HOME),
    "nowhere": Whereabouts(None, None, HOME),
    "the viewer nowhere": Whereabouts(INSIDE, None, None),
}


@dataclass(frozen=True)
class Connection:
    """A connection of author and viewer: vouches in per mille, and the members of groups."""

    vouches: dict[tuple[str, str], int] = field(default_factory=dict)
    cells: tuple[frozenset[str], ...] = ()
    communities: tuple[frozenset[str], ...] = ()


def both(*steps: tuple[str, str, int, int]) -> dict[tuple[str, str], int]:
    """Return mutual vouches, each given as a, b, a's weight for b, b's weight for a."""
    return {pair: weight for a, b, there, back in steps for pair, weight in (((a, b), there), ((b, a), back))}


CONNECTIONS = {
    "strangers": Connection(),
    "friends": Connection(both((AUTHOR, VIEWER, 900, 900))),
    "just enough trust": Connection(both((AUTHOR, VIEWER, 500, 300))),
    "just too little trust": Connection(both((AUTHOR, VIEWER, 499, 299))),
    "the edge of the web": Connection(both((AUTHOR, VIEWER, 100, 100))),
    "just outside the web": Connection(both((AUTHOR, VIEWER, 99, 99))),
    "the author alone vouches": Connection({(AUTHOR, VIEWER): 900}),
    "the viewer alone vouches": Connection({(VIEWER, AUTHOR): 900}),
    "a friend of a friend": Connection(both((AUTHOR, BETWEEN, 700, 700), (BETWEEN, VIEWER, 800, 800))),
    "a path of exactly one half": Connection(both((AUTHOR, BETWEEN, 625, 375), (BETWEEN, VIEWER, 800, 800))),
    "a path of exactly one tenth": Connection(
        both((AUTHOR, BETWEEN, 500, 500), (BETWEEN, FAR_SIDE, 500, 500), (FAR_SIDE, VIEWER, 400, 400))
    ),
    "the first vouch not mutual": Connection({(AUTHOR, BETWEEN): 900, **both((BETWEEN, VIEWER, 900, 900))}),
    "the last vouch not mutual": Connection({**both((AUTHOR, BETWEEN, 900, 900)), (BETWEEN, VIEWER): 900}),
    "a direct vouch weaker than the path": Connection(
        both((AUTHOR, VIEWER, 50, 50), (AUTHOR, BETWEEN, 900, 900), (BETWEEN, VIEWER, 900, 900))
    ),
    "one cell": Connection(cells=(frozenset({AUTHOR, VIEWER}),)),
    "one community": Connection(communities=(frozenset({AUTHOR, VIEWER}),)),
    "cells that share a member": Connection(cells=(frozenset({AUTHOR, BETWEEN}), frozenset({VIEWER, BETWEEN}))),
    "one community and hardly any trust": Connection(
        both((AUTHOR, VIEWER, 50, 50)), communities=(frozenset({AUTHOR, VIEWER}),)
    ),
}

BLOCKS: dict[str, frozenset[tuple[str, str]]] = {
    "nobody blocks": frozenset(),
    "the author blocks": frozenset({(AUTHOR, VIEWER)}),
    "the viewer blocks": frozenset({(VIEWER, AUTHOR)}),
    "the author blocks the one between": frozenset({(AUTHOR, BETWEEN)}),
    "the one between blocks the viewer": frozenset({(BETWEEN, VIEWER)}),
}


class Row(NamedTuple):
    """One question, in the names of the table."""

    connection: str
    block: str
    audience: str
    expiry: str
    place: str


def rows() -> list[Row]:
    """Return every row of the table."""
    return [Row(*names) for names in product(CONNECTIONS, BLOCKS, AUDIENCES, EXPIRY, PLACES)]


def world_of(connection: str, block: str, place: str = "nowhere") -> World:
    """Return the model's world of a row."""
    ties, where = CONNECTIONS[connection], PLACES[place]
    places = {AUTHOR: where.author, VIEWER: where.viewer}
    return World(
        vouches=dict(ties.vouches),
        blocks=set(BLOCKS[block]),
        cells=[set(cell) for cell in ties.cells],
        communities=[set(community) for community in ties.communities],
        places={person: found for person, found in places.items() if found is not None},
        km=KM,
    )


def judged(row: Row) -> str:
    """Return the outcome by the model."""
    where = PLACES[row.place]
    world = world_of(row.connection, row.block, row.place)
    listing = BruteListing(AUTHOR, row.audience, where.listing or where.author, RADIUS_KM, EXPIRY[row.expiry])
    if not brute_visible(world, listing, VIEWER, now=NOW):
        return HIDDEN
    return SHOWN if brute_visible(world, listing, VIEWER, now=NOW, wish=BruteWish()) else SERVED


# Filled in by people who read the specification, not by any program.
BY_HAND: list[tuple[Row, str, str]] = [
    (Row(connection, block, audience, expiry, place), outcome, why)
    for connection, block, audience, expiry, place, outcome, why in [
        ("strangers", "nobody blocks", "network_wide", "lasting", "inside the radius", HIDDEN, "no trust, no group: not even next door"),
        ("strangers", "nobody blocks", "anyone_local", "lasting", "inside the radius", HIDDEN, "being near is not enough without a connection"),
        ("strangers", "the viewer blocks", "network_wide", "lasting", "nowhere", HIDDEN, "nothing was visible, and a block adds nothing"),
        ("friends", "nobody blocks", "my_cell", "lasting", "inside the radius", HIDDEN, "trust alone makes nobody a member"),
        ("friends", "nobody blocks", "my_community", "lasting", "inside the radius", HIDDEN, "trust alone makes nobody a member"),
        ("friends", "nobody blocks", "trusted_network", "lasting", "inside the radius", SHOWN, "0.9 is 0.5 or more"),
        ("friends", "nobody blocks", "trusted_network", "expired", "inside the radius", HIDDEN, "a listing that expires now has expired"),
        ("friends", "nobody blocks", "trusted_network", "lasting", "farther than the viewer looks", SERVED, "the viewer looks 50 km far unless they choose otherwise"),
        ("friends", "nobody blocks", "trusted_network", "lasting", "outside the radius", SHOWN, "the radius is for anyone_local alone"),
        ("friends", "nobody blocks", "trusted_network", "lasting", "nowhere", SHOWN, "an unknown place does no harm while no distance is asked for"),
        ("friends", "nobody blocks", "anyone_local", "lasting", "inside the radius", SHOWN, "in the web and within 25 km"),
        ("friends", "nobody blocks", "anyone_local", "lasting", "outside the radius", HIDDEN, "some 26 km are more than 25"),
        ("friends", "nobody blocks", "anyone_local", "lasting", "where its author is", SHOWN, "without a place of its own it is at its author's published place"),
        ("friends", "nobody blocks", "anyone_local", "lasting", "nowhere", HIDDEN, "nothing is near to nowhere"),
        ("friends", "nobody blocks", "anyone_local", "lasting", "the viewer nowhere", HIDDEN, "a viewer who publishes no place is near to nobody"),
        ("friends", "the author blocks", "network_wide", "lasting", "inside the radius", HIDDEN, "a block beats full trust"),
        ("friends", "the viewer blocks", "network_wide", "lasting", "inside the radius", HIDDEN, "it does not matter which of the two blocks"),
        ("friends", "the author blocks the one between", "network_wide", "lasting", "nowhere", SHOWN, "nobody is between these two"),
        ("just enough trust", "nobody blocks", "trusted_network", "lasting", "nowhere", SHOWN, "0.5 and regard 0.3 are enough"),
        ("just too little trust", "nobody blocks", "trusted_network", "lasting", "nowhere", HIDDEN, "0.499 is less than 0.5"),
        ("just too little trust", "nobody blocks", "network_wide", "lasting", "nowhere", SERVED, "in the web, but a regard of 0.299 is less than 0.3"),
        ("the edge of the web", "nobody blocks", "network_wide", "lasting", "nowhere", SERVED, "0.1 is in the web, but as regard it is less than 0.3"),
        ("just outside the web", "nobody blocks", "network_wide", "lasting", "nowhere", HIDDEN, "0.099 is not in the web"),
        ("the author alone vouches", "nobody blocks", "trusted_network", "lasting", "nowhere", SERVED, "the author consents; the viewer's regard only narrows what is shown"),
        ("the viewer alone vouches", "nobody blocks", "network_wide", "lasting", "nowhere", HIDDEN, "vouching for others lets nobody see more"),
        ("a friend of a friend", "nobody blocks", "trusted_network", "lasting", "nowhere", SHOWN, "0.7 times 0.8 is 0.56"),
        ("a friend of a friend", "the author blocks the one between", "network_wide", "lasting", "nowhere", HIDDEN, "no path leads through somebody who is blocked either way with one of its ends"),
        ("a friend of a friend", "the one between blocks the viewer", "network_wide", "lasting", "nowhere", HIDDEN, "a block counts in either direction"),
        ("a path of exactly one half", "nobody blocks", "trusted_network", "lasting", "nowhere", SHOWN, "0.625 times 0.8 is 0.5, whatever the rounding; back it is 0.3"),
        ("a path of exactly one tenth", "nobody blocks", "network_wide", "lasting", "nowhere", SERVED, "0.5 times 0.5 times 0.4 is 0.1"),
        ("a path of exactly one tenth", "nobody blocks", "trusted_network", "lasting", "nowhere", HIDDEN, "0.1 is less than 0.5"),
        ("the first vouch not mutual", "nobody blocks", "network_wide", "lasting", "nowhere", HIDDEN, "every vouch of a path but the last must be mutual"),
        ("the last vouch not mutual", "nobody blocks", "trusted_network", "lasting", "nowhere", SERVED, "the last vouch need not be mutual; but the viewer has no regard for the author"),
        ("a direct vouch weaker than the path", "nobody blocks", "network_wide", "lasting", "nowhere", HIDDEN, "a direct vouch is the answer for its subject, 0.05 here"),
        ("one cell", "nobody blocks", "my_cell", "lasting", "nowhere", SHOWN, "members see each other without a vouch"),
        ("one cell", "nobody blocks", "my_community", "lasting", "nowhere", SHOWN, "a cell counts as part of the community"),
        ("one cell", "nobody blocks", "trusted_network", "lasting", "nowhere", HIDDEN, "membership is no trust of 0.5"),
        ("one cell", "nobody blocks", "network_wide", "lasting", "nowhere", SHOWN, "members of a group are in the web, and are shown without regard"),
        ("one cell", "nobody blocks", "anyone_local", "lasting", "inside the radius", SHOWN, "a group is a connection, and they are near"),
        ("one cell", "the viewer blocks", "my_cell", "lasting", "nowhere", HIDDEN, "a block hides two members from each other"),
        ("one community", "nobody blocks", "my_cell", "lasting", "nowhere", HIDDEN, "a community is no cell"),
        ("one community", "nobody blocks", "my_community", "lasting", "nowhere", SHOWN, "members see each other without a vouch"),
        ("one community", "nobody blocks", "my_community", "lasting", "farther than the viewer looks", SERVED, "distance narrows what is shown among members too"),
        ("cells that share a member", "nobody blocks", "my_community", "lasting", "nowhere", HIDDEN, "a common neighbor makes no common group"),
        ("one community and hardly any trust", "nobody blocks", "network_wide", "lasting", "nowhere", SHOWN, "the group does what trust of 0.05 does not"),
    ]
]  # fmt: skip


def conformance_vectors() -> dict[str, Any]:
    """Return the content of visibility_conformance.json."""
    return {
        "people": list(PEOPLE),
        "now": NOW,
        "radius_km": RADIUS_KM,
        "expiry": EXPIRY,
        "places": [{"case": name, **where._asdict()} for name, where in PLACES.items()],
        "distances": [{"a": a, "b": b, "km": km} for (a, b), km in KM.items() if a < b],
        "connections": {
            name: {
                "vouches": [[a, b, weight] for (a, b), weight in ties.vouches.items()],
                "cells": [sorted(members) for members in ties.cells],
                "communities": [sorted(members) for members in ties.communities],
            }
            for name, ties in CONNECTIONS.items()
        },
        "blocks": {name: sorted(map(list, pairs)) for name, pairs in BLOCKS.items()},
        "outcomes": {
            connection: {
                block: {
                    audience: {
                        expiry: [judged(Row(connection, block, audience, expiry, place)) for place in PLACES]
                        for expiry in EXPIRY
                    }
                    for audience in AUDIENCES
                }
                for block in BLOCKS
            }
            for connection in CONNECTIONS
        },
        "by_hand": [{**row._asdict(), "outcome": outcome, "why": why} for row, outcome, why in BY_HAND],
    }
