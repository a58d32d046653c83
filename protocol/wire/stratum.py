"""How far a node's time is from a source that is known to be right, as its Hello tells.

A node that takes over the time of others tells one more than the lowest stratum among them. So a rumor loses weight at
each step, and two nodes cannot keep each other certain of a date that nobody vouches for any longer.
Spec: protocol/README.md, "Time".
"""

from __future__ import annotations

CERTAIN = 0  # the owner has said the date, or the machine is synchronized with the time of the internet
MACHINE = 16  # the machine's own clock, against which nothing speaks
DOUBT = 32  # the node does not know the date: its time counts for nobody


def adopted(stratum: int) -> int:
    """Return the stratum of a node that goes by the time of others, the lowest of whose strata is `stratum`."""
    return min(stratum + 1, DOUBT)


def counts(stratum: int) -> bool:
    """Whether others may go by a time of this stratum: a number that is not known here means doubt."""
    return 0 <= adopted(stratum) < DOUBT
