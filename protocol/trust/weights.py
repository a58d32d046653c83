"""Trust as integers: the cost of a vouch, thresholds, and paths (protocol/README.md, "Trust").

A vouch of w per mille costs round(-ln(w/1000) * 2^32), and a path costs the sum of its vouches. Sums of integers are the
same in every order and on every machine; products of floats are not.

The table is computed at import, in 0.15 ms, and not read from a file. That gives the same table everywhere: before rounding
no entry is nearer than 4 * 10^-4 to the middle between two integers, and a double's logarithm is off by less than 10^-5
there, even if the platform's `log` errs in its last bits. The tests check both against 60 decimal digits and against
vectors/trust.json.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from protocol.errors import LocalError
from protocol.limits import WEIGHT_MAX

if TYPE_CHECKING:
    from protocol.keys import PersonId

WEB = 100
"""The least reach, in per mille, of a person's web: trust 0.1."""
TRUSTED = 500
"""The least reach, in per mille, of the audience `trusted_network`: trust 0.5."""

_ONE = 2**32
SLACK = 2**11
"""Added to every threshold: more than the rounding of 4,000 vouches, and less than 10^-6 of the trust."""

COST: tuple[int, ...] = (0, *(round(-math.log(weight / WEIGHT_MAX) * _ONE) for weight in range(1, WEIGHT_MAX + 1)))
"""COST[w] is the cost of w per mille, for w from 1 to 1000; COST[0] only fills the first index."""


def cost(weight: int) -> int:
    """Return what a vouch of `weight` per mille (1..1000) adds to the cost of a path."""
    if not 1 <= weight <= WEIGHT_MAX:
        raise LocalError(f"a vouch weighs 1 to {WEIGHT_MAX} per mille, not {weight}")
    return COST[weight]


def limit(per_mille: int) -> int:
    """Return the highest cost that counts as trust of at least `per_mille` (1..1000)."""
    return cost(per_mille) + SLACK


def reaches(path_cost: int | None, per_mille: int) -> bool:
    """Whether a path of this cost reaches the threshold `per_mille`; None (no path) never does."""
    return path_cost is not None and path_cost <= limit(per_mille)


def as_trust(path_cost: int) -> float:
    """Return the trust that a cost means, 0..1 with four decimals. For showing only, never to be compared."""
    return round(math.exp(-path_cost / _ONE), 4)


class TrustPath(Struct, frozen=True):
    """A path of vouches from the first of `people` to the last; `people[i]` vouches for `people[i + 1]` with `weights[i]`."""

    cost: int
    people: tuple[PersonId, ...]
    weights: tuple[int, ...]

    @property
    def hops(self) -> int:
        """The number of vouches in the path."""
        return len(self.weights)

    @property
    def trust(self) -> float:
        """The trust of the path, 0..1 with four decimals, for showing."""
        return as_trust(self.cost)
