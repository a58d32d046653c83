"""Trust as integers: the cost of a vouch, thresholds, and paths (protocol/README.md, "Trust").

A vouch of w per mille costs round(-ln(w/1000) * 2^32); a path costs the sum of its vouches. Sums of integers are the
same in every order and on every machine, products of floats are not.

The table is computed at import, in 0.15 ms, and not read from a file. That is safe: no entry lies nearer than 4 * 10^-4
to the middle between two integers, and a double's logarithm is off by less than 10^-5 there, even if the platform's
`log` errs in its last bits. The tests prove both against 60 decimal digits and against vectors/trust.json.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.errors import LocalError
from protocol.limits import WEIGHT_MAX

if TYPE_CHECKING:
    from protocol.keys import PersonId

WEB = 100
"""Where a person's web ends, in per mille: trust 0.1."""
TRUSTED = 500
"""Where the trusted network ends, in per mille: trust 0.5."""

_ONE = 2**32
SLACK = 2**11
"""Added to every threshold: it covers the rounding of 4,000 steps, and is less than 10^-6 of the trust."""

COST: tuple[int, ...] = (0, *(round(-math.log(weight / WEIGHT_MAX) * _ONE) for weight in range(1, WEIGHT_MAX + 1)))
"""COST[w] for w in 1..1000; COST[0] has no meaning."""


def cost(weight: int) -> int:
    """What a vouch of `weight` per mille (1..1000) adds to a path."""
    if not 1 <= weight <= WEIGHT_MAX:
        raise LocalError(f"a vouch weighs 1 to {WEIGHT_MAX} per mille, not {weight}")
    return COST[weight]


def limit(per_mille: int) -> int:
    """The highest cost that still counts as trust >= `per_mille` (1..1000)."""
    return cost(per_mille) + SLACK


def reaches(path_cost: int | None, per_mille: int) -> bool:
    """Whether a path of that cost reaches the threshold; None (no path) never does."""
    return path_cost is not None and path_cost <= limit(per_mille)


def as_trust(path_cost: int) -> float:
    """A cost as people read it: 0..1, four decimals. For display only, never to be compared."""
    return round(math.exp(-path_cost / _ONE), 4)


@dataclass(frozen=True, slots=True)
class TrustPath:
    """How trust runs from the first of `people` to the last; `weights[i]` is what `people[i]` says of `people[i + 1]`."""

    cost: int
    people: tuple[PersonId, ...]
    weights: tuple[int, ...]

    @property
    def hops(self) -> int:
        """How many vouches the path has."""
        return len(self.weights)

    @property
    def trust(self) -> float:
        """0..1, four decimals."""
        return as_trust(self.cost)
