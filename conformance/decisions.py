"""Answers questions about trust, policies, places, and who may see what."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from conformance.asked import Asked, Told
from protocol import (
    UNSET_PREFERENCE,
    Audience,
    Group,
    GroupKind,
    PersonId,
    Policy,
    Precision,
    Vouch,
    across_km,
    coarse,
    distance_km,
    distance_words,
    is_cell,
)
from protocol.numbers import Stamp
from protocol.trust import (
    EffectivePolicy,
    ListingFacts,
    Memberships,
    Standing,
    TrustGraph,
    Verdict,
    Wish,
    block_tag,
    cost,
    covers,
    devices_that_count,
    limit,
    may_have_device,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    may_reduce_access,
    merge,
    merge_entries,
    reconciled,
    relation_of,
    standing_between,
    visible,
)


def _costs(asked: Asked) -> Told:
    return {"costs": [cost(weight) for weight in asked["weights"]]}


def _limit(asked: Asked) -> Told:
    return {"limit": limit(asked["threshold"])}


def _graph(people: list[PersonId], vouches: list[Any], blocks: list[Any]) -> TrustGraph:
    """Return the graph of these people, who vouch and block as the lists say, by their positions in `people`."""
    graph = TrustGraph()
    for number, person in enumerate(people):
        said = {people[b]: weight for a, b, weight in vouches if a == number}
        tags = frozenset(block_tag(person, people[b]) for a, b in blocks if a == number)
        graph.set(person, EffectivePolicy(said, tags, UNSET_PREFERENCE))
    return graph


def _web(asked: Asked) -> Told:
    people = [bytes.fromhex(person) for person in asked["people"]]
    number = {person: at for at, person in enumerate(people)}
    graph = _graph(people, asked["vouches"], asked["blocks"])
    chosen = [people[at] for at in asked["among"]]
    paths = [path for a in chosen for b in chosen if (path := graph.trust(a, b)) is not None]
    return {
        "trust": [{"path": [number[person] for person in path.people], "cost": path.cost} for path in paths],
        "meshes": [list(found) for found in sorted({tuple(sorted(number[p] for p in graph.mesh(q))) for q in people})],
    }


def _block_tag(asked: Asked) -> Told:
    return {"tag": block_tag(bytes.fromhex(asked["author"]), bytes.fromhex(asked["subject"])).hex()}


def _policies(bodies: list[str]) -> list[Policy]:
    return [Policy.parse(bytes.fromhex(body)) for body in bodies]


def _merge(asked: Asked) -> Told:
    return _effective(merge(_policies(asked["registers"])))


def _branches(asked: Asked) -> Told:
    return _effective(merge_entries([reconciled(_policies(asked["branches"]), _policies(asked["outdated"]))]))


def _effective(policy: EffectivePolicy) -> Told:
    return {
        "vouches": [[subject.hex(), weight] for subject, weight in sorted(policy.vouches.items())],
        "block_tags": sorted(tag.hex() for tag in policy.block_tags),
        "preference": list(policy.preference.to_value()),
    }


def _covers(asked: Asked) -> Told:
    newer, older = _policies([asked["newer"], asked["older"]])
    return {"covers": covers(newer, older)}


def _counting_devices(asked: Asked) -> Told:
    certified, past = ([bytes.fromhex(key) for key in asked[name]] for name in ("certified", "past"))
    return {"counting": sorted(device.hex() for device in devices_that_count(certified, past))}


def _counting_vouches(asked: Asked) -> Told:
    registers = [
        Policy(
            bytes(16),
            Stamp(max(stamp for *_, stamp in said)),
            tuple(Vouch((number + 1).to_bytes(32, "big"), weight, stamp) for number, weight, stamp in said),
        )
        for said in asked["registers"]
    ]
    given = sorted(merge(registers).vouches.items())
    return {"counting": [[int.from_bytes(who, "big") - 1, weight] for who, weight in given]}


def _narrows(asked: Asked) -> Told:
    old, new = _policies([asked["old"], asked["new"]])
    return {"narrows": may_reduce_access(old, new, _policies(asked["others"]))}


def _cell(asked: Asked) -> Told:
    return {"cell": coarse(asked["lat"], asked["lon"], Precision.from_word(asked["precision"]))}


def _is_cell(asked: Asked) -> Told:
    return {"is_cell": is_cell(asked["text"])}


def _distance(asked: Asked) -> Told:
    a, b = asked["a"], asked["b"]
    return {"km": distance_km(a, b), "words": distance_words(a, b), "across": across_km(a)}


def _visible(asked: Asked) -> Told:
    said, listing, wish = asked["standing"], asked["listing"], asked["wish"]
    if wish is not None:
        within = math.inf if wish["within_km"] == "anywhere" else wish["within_km"]
        wish = Wish(min_regard=wish["min_regard"], within_km=within, here=wish["here"])
    audience, paused = Audience(listing["audience"]), listing["paused"]
    facts = ListingFacts(audience, listing["place"], listing["radius_km"], listing["expires"], paused=paused)
    verdict = visible(facts, Standing(**said), viewer_place=listing["viewer_place"], now=listing["now"], wish=wish)
    return {"verdict": verdict.value}


def _other_kinds(asked: Asked) -> Told:
    standing = Standing(**asked["standing"])
    ties = {"same_mesh": asked["same_mesh"], "vouched": asked["vouched"]}
    return {
        "device": may_have_device(standing, **ties),
        "policy": may_have_policy(standing, **ties, author_blocks=asked["author_blocks"]),
        "profile": may_have_profile(standing),
        "letter": may_have_letter(standing, addressed=False, viewer_blocks=asked["viewer_blocks"]),
        "letter_to_viewer": may_have_letter(standing, addressed=True, viewer_blocks=asked["viewer_blocks"]),
    }


def _relation(asked: Asked) -> Told:
    found = relation_of(Standing(**asked["standing"]), own_vouch=asked["own_vouch"], hops=asked["hops"])
    return {"relation": found.value}


def _outcomes(asked: Asked) -> Told:
    """Answer for every expiry and place: whether the viewer may have the listing, and whether it is shown."""
    names = asked["people"]
    keys = {name: number.to_bytes(2, "big") * 16 for number, name in enumerate(names, start=1)}
    numbered = {name: number for number, name in enumerate(names)}
    graph = _graph(
        list(keys.values()),
        [[numbered[a], numbered[b], weight] for a, b, weight in asked["vouches"]],
        [[numbered[a], numbered[b]] for a, b in asked["blocks"]],
    )
    groups = [
        (Group(kind, word, bytes([number]) * 16, bytes(32)), members)
        for kind, word in ((GroupKind.CELL, "cells"), (GroupKind.COMMUNITY, "communities"))
        for number, members in enumerate(asked[word])
    ]
    memberships = Memberships()
    for name, key in keys.items():
        memberships.set(key, [group for group, members in groups if name in members])
    author, viewer = keys["author"], keys["viewer"]
    standing = standing_between(
        author,
        viewer,
        graph,
        memberships,
        reach=graph.reach_to(viewer).get(author),
        regard=graph.regard_from(viewer).get(author),
    )

    def outcome(place: Asked, expires: int) -> str:
        facts = ListingFacts(
            Audience.from_word(asked["audience"]), place["listing"] or place["author"], asked["radius_km"], expires
        )
        may_have, shown = (
            visible(facts, standing, viewer_place=place["viewer"], now=asked["now"], wish=wish) is Verdict.VISIBLE
            for wish in (None, Wish())
        )
        return "shown" if shown else "served" if may_have else "hidden"

    return {word: [outcome(place, expires) for place in asked["places"]] for word, expires in asked["expiry"].items()}


OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    "trust.json": {"costs": _costs, "limit": _limit, "web": _web},
    "policies.json": {
        "block tag": _block_tag,
        "merge": _merge,
        "covers": _covers,
        "branches": _branches,
        "counting devices": _counting_devices,
        "counting vouches": _counting_vouches,
        "narrows": _narrows,
    },
    "visibility.json": {
        "cell": _cell,
        "is cell": _is_cell,
        "distance": _distance,
        "visible": _visible,
        "other kinds": _other_kinds,
        "relation": _relation,
    },
    "visibility_conformance.json": {"outcomes": _outcomes},
}
