"""Computes something of each of very many people in steps, with a result as if all of it were computed at the end.

What was computed of a person is kept while their standing stays the same, and computed again where it has changed in
between. So a list of ten thousand people does not keep the node from its other work, and is right all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from meshnode.replica.replica import Replica
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.slices import Steps
from protocol import PersonId

STEP = 25  # people of one step, some 2 ms

Result = TypeVar("Result")


def of_everybody(
    replica: Replica,
    everybody: Callable[[], Collection[PersonId]],
    of: Callable[[PersonId], Result],
    given: Callable[[], object],
) -> Steps[dict[PersonId, Result]]:
    """Return `of(person)` for each of the people that `everybody()` returns, both as they are when the last step is taken.

    `of` may depend on the owner's connection to the person in the trust state, on the person's own records there, and on
    nothing else that does not show in what `given()` returns.
    """
    tracker = StandingTracker(replica.trust_state, replica.me, regard=True)
    found: dict[PersonId, Result] = {}
    before: object = None
    while True:
        moved = tracker.since_last()
        if moved is None:
            yield  # this may have searched the whole web
        people, now = everybody(), given()
        if moved is None or now != before:
            found.clear()
        before = now
        for person in moved.among(found) if moved else ():
            del found[person]
        missing = sorted(set(people) - found.keys())
        for person in missing[:STEP]:
            found[person] = of(person)
        if len(missing) <= STEP:
            return {person: found[person] for person in people}
        yield
