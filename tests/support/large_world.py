"""The model for worlds of hundreds of people, in which nobody can try every path: the same rules, trust by relaxation.

From everybody labels are passed on along answered vouches and bettered until none can be. It is as plain as trying all
paths, and the tests hold the two against each other; it is not how the package searches. What is less than the web asks
for counts as no trust here: no rule looks further.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.support.model import Person, World, brute_cost, brute_limit

WEB = 100


@dataclass
class LargeWorld(World):
    """A world that is not changed any more once it has been asked."""

    _given: dict[Person, dict[Person, int]] = field(default_factory=dict)
    _odds: dict[Person, frozenset[Person]] = field(default_factory=dict)
    _labels: dict[tuple[Person, frozenset[Person]], dict[Person, tuple[int, Person]]] = field(default_factory=dict)
    _meshes: dict[Person, frozenset[Person]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (a, b), weight in self.vouches.items():
            if self.vouches_for(a, b):
                self._given.setdefault(a, {})[b] = brute_cost(weight)
        for a, b in self.blocks:
            self._odds[a] = self.odds(a) | {b}
            self._odds[b] = self.odds(b) | {a}

    def odds(self, person: Person) -> frozenset[Person]:
        """Everybody with whom the person is at odds."""
        return self._odds.get(person, frozenset())

    def trust(self, a: Person, b: Person) -> int | None:
        """The cost of a's trust in b; None for none, or for less than a web asks for."""
        way = self._way(a, b)
        return None if way is None else way[0]

    def path(self, a: Person, b: Person) -> tuple[Person, ...]:
        """A best path from a to b, which must trust him."""
        way = self._way(a, b)
        assert way is not None
        labels = self._labels_from(a, self.odds(a) | self.odds(b))
        people = [b, way[1]]
        while people[-1] != a:
            people.append(labels[people[-1]][1])
        return tuple(reversed(people))

    def mesh(self, person: Person) -> frozenset[Person]:
        """Everybody joined to the person by a chain of answered vouches."""
        if person not in self._meshes:
            found, waiting = {person}, [person]
            while waiting:
                here = waiting.pop()
                more = {other for other in self._given.get(here, ()) if self.mutual(here, other)} - found
                found |= more
                waiting += more
            self._meshes |= dict.fromkeys(found, frozenset(found))
        return self._meshes[person]

    def _way(self, a: Person, b: Person) -> tuple[int, Person] | None:
        """What the best path from a to b costs, and who stands before b on it."""
        if a == b or self.blocked_either_way(a, b):
            return None
        if self.vouches_for(a, b):
            return self._if_near(self._given[a][b], a)
        labels = self._labels_from(a, self.odds(a) | self.odds(b))
        ways = [(cost + self._given[x][b], x) for x, (cost, _) in labels.items() if b in self._given.get(x, ())]
        return self._if_near(*min(ways)) if ways else None

    def _if_near(self, cost: int, before: Person) -> tuple[int, Person] | None:
        return (cost, before) if cost <= brute_limit(WEB) else None

    def _labels_from(self, a: Person, barred: frozenset[Person]) -> dict[Person, tuple[int, Person]]:
        """What it costs from a to everybody over whom trust runs on, and from whom it comes to him."""
        if (a, barred) not in self._labels:
            labels: dict[Person, tuple[int, Person]] = {a: (0, a)}
            waiting = deque([a])
            while waiting:
                here = waiting.popleft()
                for other, step in self._given.get(here, {}).items():
                    cost = labels[here][0] + step
                    known = labels.get(other)
                    if other in barred or not self.mutual(here, other) or cost > brute_limit(WEB):
                        continue
                    if known is None or cost < known[0]:
                        labels[other] = (cost, here)
                        waiting.append(other)
            self._labels[a, barred] = labels
        return self._labels[a, barred]
