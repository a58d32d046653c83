"""Keeps the names that people have when the owner first vouches for them.

A person who is trusted under one name could take another one later, such as that of the owner's neighbor. So people whom
the owner vouches for are shown by their first name, with a remark that they call themselves otherwise now, until the owner
takes the new name over or chooses one.
"""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import PersonId


def keep_missing(replica: Replica) -> None:
    """Keep the names of all people whom the owner vouches for and whose name has become known since."""
    kept = replica.store.own_names.all()
    for person in replica.trust_state.graph.vouched_by(replica.me):
        profile = replica.trust_state.profile(person) if person not in kept else None
        if profile is not None:
            replica.store.own_names.keep_first(person, profile.name)


def take_over(replica: Replica, person: PersonId) -> None:
    """Forget the name kept or chosen for `person`, and keep the one that they have now if the owner vouches for them."""
    replica.store.own_names.remove(person)
    profile = replica.trust_state.profile(person)
    if profile is not None and replica.trust_state.graph.weight(replica.me, person):
        replica.store.own_names.keep_first(person, profile.name)
