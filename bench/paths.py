"""Measures best paths of trust: how far everybody reaches one person, by a whole search and after one vouch changed."""

from __future__ import annotations

import random
from hashlib import blake2b

from bench.harness import Bound, Report, timed
from protocol import UNSET_PREFERENCE
from protocol.trust import EffectivePolicy, TrustGraph

SEED = 1
VOUCHES_EACH = 20
CHANGES = 20
FULL = Bound(100, 40)
CHANGED = Bound(10, 1)


def measure(report: Report) -> None:
    """People who vouch for others at random, uniformly from 0.1 to 1, most of whom vouch back."""
    people = [blake2b(number.to_bytes(4, "big"), digest_size=32).digest() for number in range(report.size.people)]
    chance = random.Random(SEED)
    vouches: list[dict[bytes, int]] = [{} for _ in people]
    for number in range(len(people)):
        for other in chance.sample(range(len(people)), min(VOUCHES_EACH // 2, len(people) - 1)):
            if other != number:
                vouches[number][people[other]] = chance.randint(100, 1000)
                vouches[other][people[number]] = chance.randint(100, 1000)
    graph = TrustGraph()
    for person, given in zip(people, vouches, strict=True):
        graph.set(person, EffectivePolicy(given, frozenset(), UNSET_PREFERENCE))
    name = f"{len(people):,} people, {sum(map(len, vouches)):,} vouches"
    full = []
    for person in people[: report.size.runs]:
        with timed() as timing:
            graph.reach_to(person)
        full.append(1000 * timing.seconds)
    report.add(f"{name}: all who reach one person", "ms", full, bound=FULL)
    viewer, changed = people[0], []
    graph.reach_to(viewer)
    for _ in range(CHANGES):
        at = chance.randrange(1, len(people))
        given = {**vouches[at], chance.choice(list(vouches[at])): chance.randint(100, 1000)}
        with timed() as timing:
            graph.set(people[at], EffectivePolicy(given, frozenset(), UNSET_PREFERENCE))
            graph.reach_to(viewer)
        changed.append(1000 * timing.seconds)
    report.add(f"{name}: the same after one change", "ms", changed, bound=CHANGED)
