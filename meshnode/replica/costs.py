"""Holds what one search found for everybody in 8 bytes a person: a node keeps a search for each of its peers."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from protocol import PersonId

_NONE = -1


class PersonNumbers:
    """Numbers people, once for all searches of a node."""

    def __init__(self) -> None:
        self.people: list[PersonId] = []
        self.numbers: dict[PersonId, int] = {}

    def number(self, person: PersonId) -> int:
        """Return the number of a person; a new person gets one."""
        number = self.numbers.setdefault(person, len(self.people))
        if number == len(self.people):
            self.people.append(person)
        return number


class Costs(Mapping[PersonId, int]):
    """The costs of the best paths between one person and others, none of them negative."""

    __slots__ = ("_by_number", "_count", "packed")

    def __init__(self, by_number: PersonNumbers, costs: Mapping[PersonId, int]) -> None:
        self._by_number = by_number
        self._count = len(costs)
        for person in costs.keys() - by_number.numbers.keys():
            by_number.number(person)
        numbers = list(map(by_number.numbers.__getitem__, costs))
        self.packed = array("q", [_NONE]) * (1 + max(numbers, default=-1))
        """By the numbers of people; -1 where there is no cost."""
        for number, cost in zip(numbers, costs.values(), strict=True):
            self.packed[number] = cost

    def __getitem__(self, person: PersonId) -> int:
        number = self._by_number.numbers[person]
        cost = self.packed[number] if number < len(self.packed) else _NONE
        if cost == _NONE:
            raise KeyError(person)
        return cost

    def __iter__(self) -> Iterator[PersonId]:
        people = self._by_number.people
        return (people[number] for number, cost in enumerate(self.packed) if cost != _NONE)

    def __len__(self) -> int:
        return self._count

    def differing(self, other: Costs) -> set[PersonId]:
        """Return everybody whose cost is another one in `other`, or is in one of the two only; both number people alike."""
        if self.packed == other.packed:
            return set()
        pairs = zip_longest(self.packed, other.packed, fillvalue=_NONE)
        return {self._by_number.people[number] for number, (cost, before) in enumerate(pairs) if cost != before}
