"""Measures best paths of trust: how far everybody reaches one person, by a full search and after one vouch changed."""

from __future__ import annotations

import random
from hashlib import blake2b

from bench.harness import Bound, Report, timed
from protocol import UNSET_PREFERENCE
from protocol.trust import EffectivePolicy, TrustGraph

SEED = 1
VOUCHES_EACH = 20
CHANGES = 20
CHAIN = 29  # Sybils in a row between somebody and the blockers, so that no path is too long
BLOCKERS_EACH = 900  # at the end of each chain
FULL = Bound(100, 40)
CHANGED = Bound(10, 1)
ATTACKED = Bound(50, 50)


def measure(report: Report) -> None:
    """Measure a web of people who vouch for others at random, uniformly from 0.1 to 1; most vouch back."""
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
    viewer = people[0]
    graph.reach_to(viewer)

    def changed(times: int) -> list[float]:
        """Return the milliseconds after each of so many changes of somebody's vouches."""
        each = []
        for _ in range(times):
            at = chance.randrange(1, len(people))
            given = {**vouches[at], chance.choice(list(vouches[at])): chance.randint(100, 1000)}
            with timed() as timing:
                graph.set(people[at], EffectivePolicy(given, frozenset(), UNSET_PREFERENCE))
                graph.reach_to(viewer)
            each.append(1000 * timing.seconds)
        return each

    report.add(f"{name}: the same after one change", "ms", changed(CHANGES), bound=CHANGED)
    blockers = _attack(graph, viewer)
    attacked = changed(3 * CHANGES)  # the first of them are still compared
    name = f"{name}, and {blockers:,} blockers at the ends of long paths"
    report.add(f"{name}: the same after one change", "ms", attacked, bound=ATTACKED)


def _attack(graph: TrustGraph, victim: bytes) -> int:
    """Put Sybils beside the victim, twice as many as there are people: most of them block somebody; return how many."""
    total, number = 2 * len(graph.mesh(victim)), 0

    def sybil() -> bytes:
        nonlocal number
        number += 1
        return blake2b(b"sybil" + number.to_bytes(4, "big"), digest_size=32).digest()

    given: dict[bytes, dict[bytes, int]] = {}
    tags: dict[bytes, frozenset[bytes]] = {}

    def join(one: bytes, other: bytes) -> bytes:
        given.setdefault(one, {})[other] = given.setdefault(other, {})[one] = 1000
        return other

    first = join(victim, sybil())
    while number < total:
        end = first
        for _ in range(CHAIN):
            end = join(end, sybil())
        for _ in range(min(BLOCKERS_EACH, total - number)):
            blocker = join(end, sybil())
            tags[blocker] = frozenset((blake2b(blocker, digest_size=16).digest(),))
    held = graph.policy(victim)
    given[victim] |= held.vouches if held is not None else {}
    for person, vouches in given.items():
        graph.set(person, EffectivePolicy(vouches, tags.get(person, frozenset()), UNSET_PREFERENCE))
    return len(tags)
