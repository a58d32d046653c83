"""Says who answers for a person at the door of this node: the account that their connections are counted in.

Sybils cost nothing, and each can have a key, a certificate and a connection of their own. The people whom the owner
vouches for are few. So connections, work and misbehavior are counted by *introducer*: the person whom the owner vouches
for and through whom the person at the other end is connected with the owner. All those for whom nobody answers share one
account, which is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from meshnode.replica.replica import Replica
from protocol import PersonId

NOBODY: PersonId = bytes(32)  # the account of those for whom nobody answers; it is no key that anybody can have


def account_of(replica: Replica, person: PersonId) -> PersonId:
    """Return the introducer of `person`: the person themself if the owner vouches for them, NOBODY if there is none."""
    introducer = replica.introducers.introducer(person)
    return NOBODY if introducer is None else introducer


def shared_out(replica: Replica, people: Iterable[PersonId], room: int) -> list[PersonId]:
    """Return at most `room` of these people, the first ones of each account: equally many of all that have as many.

    The order is kept if there is room for all. Room that an account does not need goes to the others.
    """
    people, answered = list(people), replica.introducers.all()
    if len(people) <= room:
        return people
    taken: Counter[PersonId] = Counter()
    rounds = []
    for person in people:
        account = answered.get(person, NOBODY)
        rounds.append((taken[account], person))
        taken[account] += 1
    return [person for _, person in sorted(rounds, key=lambda one: one[0])[:room]]
