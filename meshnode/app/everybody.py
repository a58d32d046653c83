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

    `everybody` may depend on the trust state and on what `given()` returns. `of` may depend on the owner's connection to the
    person in the trust state, on the person's own records there, and on nothing else that does not show in that.
    """
    trust_state = replica.trust_state
    tracker = StandingTracker(trust_state, replica.me, regard=True)
    found: dict[PersonId, Result] = {}
    people: Collection[PersonId] = ()
    missing: list[PersonId] = []
    before: tuple[int, object] = (-1, None)  # the version of the trust state, and what was given
    while True:
        moved = tracker.since_last()
        if moved is None:
            yield  # this may have searched the whole web
        now = trust_state.version, given()
        if moved is None or now != before:  # else nobody has come or gone: they are looked for once, not at each step
            if moved is None or now[1] != before[1]:
                found.clear()
            for person in moved.among(found) if moved else ():
                del found[person]
            before, people = now, everybody()
            missing = sorted(set(people) - found.keys(), reverse=True)
        for _ in range(min(STEP, len(missing))):
            person = missing.pop()
            found[person] = of(person)
        if not missing:
            return {person: found[person] for person in people}
        yield
