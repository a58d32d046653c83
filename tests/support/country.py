"""Makes up a country of towns, and asks how much of its web can matter to one person, and what a full node loses of that.

`scripts/simulate --country 100000` prints it as a table; docs/scale.md says what follows. People vouch for others of their
town at random and, some of them, for somebody in a town nearby. All vouches are mutual, with weights of their own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from protocol import PersonId, limits
from protocol.records.policy import UNSET_PREFERENCE
from protocol.trust import WEB, EffectivePolicy, TrustGraph, as_trust
from tests.support.people import Person

TOWN = 1000  # people
BRIDGES = 0.3  # of the people know somebody in another town
ASKED = 12  # people who are asked about
NEIGHBORS = 20  # of one of them, whose nodes are on the same LAN
SEED = 1
ROWS = ((8, (100, 700)), (12, (100, 700)), (12, (300, 900)), (20, (300, 900)))
"""How many people each vouches for in their town, and how much, in per mille at least and at most."""


class Matter(NamedTuple):
    """What one person's node needs: the numbers of people, and from which trust on a full node holds everybody.

    `mine` have a path of enough trust to the person or from them, `around` to one of their neighbors on the LAN, them
    included, or from one. `floor` is the least trust of the people whom a full node keeps.
    """

    mine: int
    around: int
    floor: float


class Country:
    """A country of `people`, who each vouch for about `each` others, with weights between the two in per mille."""

    def __init__(self, people: int, each: int, weights: tuple[int, int], seed: int = SEED) -> None:
        self._chance = random.Random(seed)
        self._town = min(TOWN, people)
        self._weights = weights
        self.people = [_id(number) for number in range(people)]
        self._each = each
        vouches: list[dict[PersonId, int]] = [{} for _ in range(people)]
        for one, other in self._pairs():
            if one != other:
                vouches[one][self.people[other]] = self._weight()
                vouches[other][self.people[one]] = self._weight()
        self.graph = TrustGraph()
        for person, given in zip(self.people, vouches, strict=True):
            self.graph.set(person, EffectivePolicy(given, frozenset(), UNSET_PREFERENCE))

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Yield who vouch for each other."""
        chance, towns = self._chance, len(self.people) // self._town
        for number in range(towns * self._town):
            first = number - number % self._town
            for _ in range(self._each // 2):
                yield number, first + chance.randrange(self._town)
            if chance.random() < BRIDGES:
                there = (number // self._town + chance.choice((-1, 1)) * (1 + int(chance.expovariate(0.5)))) % towns
                yield number, there * self._town + chance.randrange(self._town)

    def _weight(self) -> int:
        return self._chance.randint(*self._weights)

    def about(self, number: int, held: int) -> Matter:
        """Ask about one person, whose node has room for so many people."""
        matters = self._matters(number)
        first = number - number % self._town
        neighbors = self._chance.sample(range(first, first + self._town), min(NEIGHBORS, self._town))
        around = matters.union(*map(self._matters, neighbors))
        regard = sorted(self.graph.regard_from(self.people[number]).values())
        floor = as_trust(regard[held]) if held < len(regard) else WEB / limits.WEIGHT_MAX
        return Matter(len(matters), len(around), floor)

    def _matters(self, number: int) -> set[PersonId]:
        person = self.people[number]
        return {person, *self.graph.reach_to(person), *self.graph.regard_from(person)}

    def sample(self, count: int) -> list[int]:
        """Return people to ask about."""
        return self._chance.sample(range(len(self.people) // self._town * self._town), count)


def room(each: int) -> int:
    """Return of how many people a full node holds the policies, where each vouches for so many."""
    policy = Person("somebody").policy({_id(number): 500 for number in range(each)})
    return limits.POLICY_BYTES_MAX // len(policy.wire)


def _id(number: int) -> PersonId:
    return PersonId(blake2b(number.to_bytes(4, "big"), digest_size=32).digest())


def _spread(values: Sequence[float], form: str) -> str:
    ordered = sorted(values)
    low, middle, high = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


HEAD = """\
| vouches each, with weights | can matter to one person | to one of twenty on a LAN | a full node holds | everybody from this trust on |
|---|---|---|---|---|
"""


def print_country(people: int) -> None:
    """Print the table for a country of so many people."""
    sys.stdout.write(HEAD)
    for each, weights in ROWS:
        country, held = Country(people, each, weights), room(each)
        found = [country.about(number, held) for number in country.sample(ASKED)]
        cells = (
            f"{each}, {weights[0] / limits.WEIGHT_MAX:g} to {weights[1] / limits.WEIGHT_MAX:g}",
            _spread([one.mine for one in found], ",d"),
            _spread([one.around for one in found], ",d"),
            f"{held:,}",
            _spread([one.floor for one in found], ".2f"),
        )
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()
