"""The model for worlds of hundreds of people, in which nobody can try every path: the same rules, trust by relaxation.

Round by round it finds what paths with one more vouch cost, until no path gets cheaper or longer paths do not count. It
is as plain as trying all paths, and the tests compare the two; the package searches in another way. Trust below the
web's threshold counts as no trust here: no rule looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from tests.support import model
from tests.support.model import Person, World, brute_cost, brute_limit

WEB = 100


Round: TypeAlias = dict[Person, tuple[int, Person]]
"""The paths of one number of vouches: for each person for whom no shorter path is as cheap, the least cost and the person
before them."""


@dataclass
class LargeWorld(World):
    """A world that does not change after the first question."""

    _given: dict[Person, dict[Person, int]] = field(default_factory=dict)
    _blocked: dict[Person, frozenset[Person]] = field(default_factory=dict)
    _rounds: dict[tuple[Person, frozenset[Person]], list[Round]] = field(default_factory=dict)
    _meshes: dict[Person, frozenset[Person]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (a, b), weight in self.vouches.items():
            if self.vouches_for(a, b):
                self._given.setdefault(a, {})[b] = brute_cost(weight)
        for a, b in self.blocks:
            self._blocked[a] = self.blocked_with(a) | {b}
            self._blocked[b] = self.blocked_with(b) | {a}

    def blocked_with(self, person: Person) -> frozenset[Person]:
        """Return everybody who is blocked either way with the person."""
        return self._blocked.get(person, frozenset())

    def trust(self, a: Person, b: Person) -> int | None:
        """Return the cost of a's trust in b; None for none, or for less than a web asks for."""
        end = self._end(a, b)
        return None if end is None else end[0]

    def path(self, a: Person, b: Person) -> tuple[Person, ...]:
        """Return a best path from a to b; a must trust b."""
        end = self._end(a, b)
        assert end is not None
        _, hops, before = end
        rounds = self._rounds_from(a, self.blocked_with(a) | self.blocked_with(b))
        people = [b, before]
        for number in range(hops - 1, 0, -1):
            people.append(rounds[number][people[-1]][1])
        return tuple(reversed(people))

    def mesh(self, person: Person) -> frozenset[Person]:
        """Return everybody joined to the person by a chain of mutual vouches."""
        if person not in self._meshes:
            found, waiting = {person}, [person]
            while waiting:
                here = waiting.pop()
                more = {other for other in self._given.get(here, ()) if self.mutual(here, other)} - found
                found |= more
                waiting += more
            self._meshes |= dict.fromkeys(found, frozenset(found))
        return self._meshes[person]

    def _end(self, a: Person, b: Person) -> tuple[int, int, Person] | None:
        """Return the cost of the best path from a to b, its number of vouches, and the person before b on it."""
        if a == b or self.blocked_either_way(a, b):
            return None
        if self.vouches_for(a, b):
            return self._if_near(self._given[a][b], 1, a)
        ends = [
            (cost + self._given[x][b], number + 1, x)
            for number, labels in enumerate(self._rounds_from(a, self.blocked_with(a) | self.blocked_with(b)))
            for x, (cost, _) in labels.items()
            if b in self._given.get(x, ())
        ]
        return self._if_near(*min(ends)) if ends else None

    def _if_near(self, cost: int, hops: int, before: Person) -> tuple[int, int, Person] | None:
        return (cost, hops, before) if cost <= brute_limit(WEB) else None

    def _rounds_from(self, a: Person, barred: frozenset[Person]) -> list[Round]:
        """Return the rounds for paths from a that can be continued; of each path, the last vouch is still to come."""
        if (a, barred) not in self._rounds:
            cheapest = {a: 0}
            rounds: list[Round] = [{a: (0, a)}]
            while rounds[-1] and len(rounds) < model.HOPS:
                labels: Round = {}
                for here, (so_far, _) in rounds[-1].items():
                    for other, step in self._given.get(here, {}).items():
                        cost = so_far + step
                        if other in barred or not self.mutual(here, other) or cost > brute_limit(WEB):
                            continue
                        if other not in cheapest or cost < cheapest[other]:
                            cheapest[other] = cost
                            labels[other] = (cost, here)
                rounds.append(labels)
            self._rounds[a, barred] = rounds
        return self._rounds[a, barred]
