"""Makes the vectors of places, distances, and who may have what in every relation between two people."""

from __future__ import annotations

import math
from typing import Any

from protocol import Audience, Precision, across_km, coarse, distance_km, distance_words
from protocol.trust import (
    ListingFacts,
    Standing,
    Wish,
    cost,
    limit,
    may_have_device,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    relation_of,
    visible,
)

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
    "blocked either way in one cell": Standing(True, None, None, shares_cell=True),
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
    "of an author who is away": (ListingFacts(Audience.NETWORK_WIDE, NEARBY, 25, 100, paused=True), HOME, 99),
}


def visibility_vectors() -> dict[str, Any]:
    """Return the content of visibility.json."""
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
                "paused": facts.paused,
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
                "author_blocks": author_blocks,
                "viewer_blocks": viewer_blocks,
                "device": may_have_device(standing, same_mesh=mesh, vouched=vouched),
                "policy": may_have_policy(standing, same_mesh=mesh, vouched=vouched, author_blocks=author_blocks),
                "profile": may_have_profile(standing),
                "letter": may_have_letter(standing, addressed=False, viewer_blocks=viewer_blocks),
                "letter_to_viewer": may_have_letter(standing, addressed=True, viewer_blocks=viewer_blocks),
            }
            for case, standing in STANDINGS.items()
            for mesh, vouched in ties
            for author_blocks, viewer_blocks in (
                ((False, True), (True, False), (True, True)) if standing.blocked else ((False, False),)
            )
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
