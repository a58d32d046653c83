"""Golden answers of everything that decides: costs, webs, policies, places, visibility. Other languages check theirs here.

`python -m tests.support.vectors_trust` writes them to protocol/vectors; do that only when the rules are meant to change.
"""

from __future__ import annotations

import math
import random
from typing import Any

from protocol import (
    UNSET_PREFERENCE,
    Audience,
    Block,
    ListingFacts,
    Policy,
    Precision,
    Preference,
    Standing,
    Vouch,
    Wish,
    across_km,
    block_tag,
    coarse,
    cost,
    distance_km,
    distance_words,
    limit,
    may_have_device,
    may_have_policy,
    may_have_profile,
    merge,
    narrows,
    relation_of,
    visible,
)
from protocol.trust import COST
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
    "only the last step may be unanswered": World(together((A, B, 900, 900), (B, C, 900, 0), (C, D, 900, 900))),
    "a direct vouch is the answer, paths run on by the better way": World(
        together((A, B, 900, 900), (B, C, 900, 900), (A, C, 200, 200), (C, D, 1000, 1000))
    ),
    "a threshold met exactly": World(together((A, B, 625, 1), (B, C, 800, 1), (C, D, 1000, 1))),
    "equal ways: fewer hops, then smaller keys": World(
        together((A, C, 800, 800), (C, E, 800, 800), (A, D, 800, 800), (D, E, 800, 800), (C, B, 1000, 1000))
        | together((B, E, 800, 800))
    ),
    "an end blocks somebody on the way": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(A, B)}
    ),
    "somebody on the way blocks an end": World(
        chain([A, B, D], 900).vouches | chain([A, C, E, D], 800).vouches, {(B, D)}
    ),
    "others quarrel on the way": World(chain([A, B, C, D], 900).vouches, {(B, C)}),
    "a stranger vouches for everyone": World(
        chain([A, B, C], 1000).vouches | {(E, person): 1000 for person in (A, B, C)}
    ),
    "what one says of oneself counts for nothing": World(
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


# --- Policies --------------------------------------------------------------------------------------------------------

SALT = bytes(16)
CLOCK = 9
TAG, OTHER_TAG = block_tag(A, B), block_tag(A, C)


def _says(*vouches: Vouch, blocks: tuple[Block, ...] = (), preference: Preference = UNSET_PREFERENCE) -> Policy:
    return Policy(SALT, CLOCK, vouches, blocks, preference)


MERGES: dict[str, list[Policy]] = {
    "no device": [],
    "one device": [_says(Vouch(B, 700, 1), Vouch(C, 0, 2), blocks=(Block(TAG, True, 3), Block(OTHER_TAG, False, 4)))],
    "the last word about each": [
        _says(Vouch(B, 700, 1), Vouch(C, 300, 5)),
        _says(Vouch(B, 200, 4), Vouch(C, 900, 2), Vouch(D, 500, 3)),
    ],
    "a vouch taken back stays so": [_says(Vouch(B, 700, 1)), _says(Vouch(B, 0, 2))],
    "equal stamps: the lower weight": [_says(Vouch(B, 700, 2)), _says(Vouch(B, 300, 2))],
    "equal stamps: the block": [_says(blocks=(Block(TAG, False, 2),)), _says(blocks=(Block(TAG, True, 2),))],
    "equal stamps: the smaller audience": [
        _says(preference=Preference(Audience.ANYONE_LOCAL, Precision.REGION, 5, 2)),
        _says(preference=Preference(Audience.TRUSTED_NETWORK, Precision.EXACT, 50, 2)),
    ],
    "equal stamps and audience: the coarser precision": [
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 50, 2)),
        _says(preference=Preference(Audience.MY_CELL, Precision.EXACT, 5, 2)),
    ],
    "all equal: the smaller radius": [
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 50, 2)),
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 5, 2)),
    ],
    "an unset preference": [_says(), _says(preference=Preference(Audience.NETWORK_WIDE, Precision.EXACT, 5, 1))],
}

CHANGES: dict[str, tuple[Policy, Policy, list[Policy]]] = {
    "nothing": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 700, 1)), []),
    "a vouch raised": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 701, 2)), []),
    "a vouch lowered": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 699, 2)), []),
    "a vouch taken back": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 0, 2)), []),
    "a first vouch of 500": (_says(), _says(Vouch(B, 500, 1)), []),
    "a first vouch of 499": (_says(), _says(Vouch(B, 499, 1)), []),
    "a first vouch, lower than another device's": (_says(), _says(Vouch(B, 600, 2)), [_says(Vouch(B, 900, 1))]),
    "a block": (_says(), _says(blocks=(Block(TAG, True, 1),)), []),
    "the end of a block": (_says(blocks=(Block(TAG, True, 1),)), _says(blocks=(Block(TAG, False, 2),)), []),
    "a smaller radius": (_says(preference=Preference(radius_km=25)), _says(preference=Preference(radius_km=24)), []),
    "a coarser precision": (_says(), _says(preference=Preference(precision=Precision.REGION, stamp=1)), []),
} | {
    f"{old.word} to {new.word}": (_says(preference=Preference(old)), _says(preference=Preference(new)), [])
    for old in list(Audience)[1:]
    for new in list(Audience)[1:]
}


def policies_vectors() -> dict[str, Any]:
    merged = {case: merge(registers) for case, registers in MERGES.items()}
    return {
        "block_tags": [
            {"author": a.hex(), "subject": b.hex(), "tag": block_tag(a, b).hex()} for a, b in ((A, B), (B, A), (A, A))
        ],
        "merges": [
            {
                "case": case,
                "registers": [register.to_body().hex() for register in registers],
                "vouches": [[subject.hex(), weight] for subject, weight in sorted(merged[case].vouches.items())],
                "block_tags": sorted(tag.hex() for tag in merged[case].block_tags),
                "preference": [int(value) for value in merged[case].preference],
            }
            for case, registers in MERGES.items()
        ],
        "narrows": [
            {
                "case": case,
                "old": old.to_body().hex(),
                "new": new.to_body().hex(),
                "others": [other.to_body().hex() for other in others],
                "narrows": narrows(old, new, others),
            }
            for case, (old, new, others) in CHANGES.items()
        ],
    }


# --- Places and visibility -------------------------------------------------------------------------------------------

POINTS = [(52.52, 13.405), (52.62, 13.405), (54.0, 13.405), (-33.8688, 151.2093), (0.0, 0.0), (90.0, 0.0), (0.0, 180.0)]
NO_CELLS = {
    "nothing": "",
    "upper case": "881F1D4887FFFFF",
    "resolution 7": "871f1d488ffffff",
    "a digit short": "881f1d4887ffff",
    "a leading zero": "0881f1d4887fffff",
    "base cell 122": "84f4001ffffffff",
    "the child a pentagon lacks": "8408003ffffffff",
    "a gap among the digits": "840a381ffffffff",
    "too few digits": "880a00000ffffff",
    "digits beyond the resolution": "881f1d4887ffffe",
}
HOME, NEARBY, FAR = (coarse(*point, Precision.NEIGHBORHOOD) for point in POINTS[:3])

STANDINGS: dict[str, Standing] = {
    "strangers": Standing(False, None, None),
    "friends": Standing(False, cost(800), cost(700)),
    "reach and regard just enough": Standing(False, limit(500), limit(300)),
    "reach and regard just too little": Standing(False, limit(500) + 1, limit(300) + 1),
    "the edge of the web": Standing(False, limit(100), limit(100)),
    "beyond the edge of the web": Standing(False, limit(100) + 1, limit(100) + 1),
    "reach without regard": Standing(False, 0, None),
    "regard without reach": Standing(False, None, 0),
    "one cell": Standing(False, None, None, shares_cell=True),
    "one community": Standing(False, None, None, shares_community=True),
    "at odds in one cell": Standing(True, None, None, shares_cell=True),
    "oneself": Standing(False, None, None, yourself=True),
}

WISHES: dict[str, Wish | None] = {
    "no wish": None,
    "the usual wish": Wish(),
    "any regard, within 20 km": Wish(min_regard=100, within_km=20.0),
    "anywhere, from the exact place": Wish(within_km=math.inf, here=coarse(*POINTS[0], Precision.EXACT)),
}

LISTINGS: dict[str, tuple[ListingFacts, str | None, int]] = {
    **{
        audience.word: (ListingFacts(audience, NEARBY, 25, 100), HOME, 99)
        for audience in Audience
        if audience is not Audience.FOLLOWS
    },
    "an audience unresolved": (ListingFacts(Audience.FOLLOWS, NEARBY, 25, 100), HOME, 99),
    "expired": (ListingFacts(Audience.NETWORK_WIDE, NEARBY, 25, 100), HOME, 100),
    "local, outside the radius": (ListingFacts(Audience.ANYONE_LOCAL, NEARBY, 11, 100), HOME, 99),
    "local, without a place": (ListingFacts(Audience.ANYONE_LOCAL, None, 25, 100), HOME, 99),
    "local, to a viewer without a place": (ListingFacts(Audience.ANYONE_LOCAL, NEARBY, 25, 100), None, 99),
    "far away": (ListingFacts(Audience.NETWORK_WIDE, FAR, 25, 100), HOME, 99),
    "without a place": (ListingFacts(Audience.NETWORK_WIDE, None, 25, 100), HOME, 99),
}


def visibility_vectors() -> dict[str, Any]:
    cells = sorted({coarse(*point, precision) for point in POINTS[:4] for precision in Precision})
    ties = [(mesh, vouched) for mesh in (False, True) for vouched in (False, True)]
    return {
        "cells": [
            {"lat": lat, "lon": lon, "precision": precision.word, "cell": coarse(lat, lon, precision)}
            for lat, lon in POINTS
            for precision in Precision
        ],
        "no_cells": NO_CELLS,
        "distances": [
            {"a": a, "b": b, "km": distance_km(a, b), "words": distance_words(a, b), "across": across_km(a)}
            for a, b in zip(cells, [*cells[5:], *cells[:5]], strict=True)
        ],
        "standings": {
            case: {
                "blocked": standing.blocked,
                "reach": standing.reach,
                "regard": standing.regard,
                "shares_cell": standing.shares_cell,
                "shares_community": standing.shares_community,
                "yourself": standing.yourself,
            }
            for case, standing in STANDINGS.items()
        },
        "wishes": {
            case: wish
            and {
                "min_regard": wish.min_regard,
                "within_km": "anywhere" if wish.within_km == math.inf else wish.within_km,
                "here": wish.here,
            }
            for case, wish in WISHES.items()
        },
        "listings": {
            case: {
                "audience": int(facts.audience),
                "place": facts.place,
                "radius_km": facts.radius_km,
                "expires": facts.expires,
                "viewer_place": viewer_place,
                "now": now,
            }
            for case, (facts, viewer_place, now) in LISTINGS.items()
        },
        "verdicts": {
            listing: {
                standing: {
                    wish: visible(
                        facts, STANDINGS[standing], viewer_place=viewer_place, now=now, wish=WISHES[wish]
                    ).value
                    for wish in WISHES
                }
                for standing in STANDINGS
            }
            for listing, (facts, viewer_place, now) in LISTINGS.items()
        },
        "other_kinds": [
            {
                "standing": case,
                "same_mesh": mesh,
                "vouched": vouched,
                "device": may_have_device(standing, same_mesh=mesh, vouched=vouched),
                "policy": may_have_policy(standing, same_mesh=mesh, vouched=vouched, author_blocks=False),
                "profile": may_have_profile(standing),
            }
            for case, standing in STANDINGS.items()
            for mesh, vouched in ties
        ],
        "relations": [
            {
                "standing": case,
                "own_vouch": own_vouch,
                "hops": hops,
                "relation": relation_of(standing, own_vouch=own_vouch, hops=hops).value,
            }
            for case, standing in STANDINGS.items()
            for own_vouch, hops in ((0, None), (499, 1), (500, 1), (0, 2), (0, 3))
        ],
    }
