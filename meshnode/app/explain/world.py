"""Computes for everybody at once who can see what, by the one rule, in the trust graph as it is or as it would be.

Two searches of the graph are enough for all people: one along the vouches that lead away from the owner gives the
owner's reach to everybody, one against the vouches that lead to the owner gives everybody's reach to the owner. Each
runs when its result is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from meshnode.app.catalog.sight import AT_ALL
from meshnode.app.owner.places import published
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import UNSET_PREFERENCE, PersonId, Preference
from protocol.trust import (
    WEB,
    EffectivePolicy,
    ListingFacts,
    Relation,
    TrustGraph,
    Verdict,
    listing_facts,
    relation_of,
    standing_between,
    visible,
)

PEOPLE_OF_A_STEP = 200


class World:
    """Answers who sees what around the owner of a node, by one trust graph and one published place of the owner."""

    def __init__(self, replica: Replica, graph: TrustGraph, place: str | None) -> None:
        self.me = replica.me
        self.place = place
        """The place that the owner publishes in this world."""
        self.version = replica.trust_state.version
        """The version of the trust state that this world was made from."""
        self._trust_state = replica.trust_state
        self._graph = graph
        self._replica = replica

    @classmethod
    def known(cls, replica: Replica) -> World:
        """Return the world as this node knows it."""
        return cls(replica, replica.trust_state.graph, published(replica))

    def with_policy(self, policy: EffectivePolicy, place: str | None) -> World:
        """Return this world as it would be if the owner had that policy and published that place. Signs nothing."""
        return World(self._replica, self._graph.with_policy(self.me, policy), place)

    @cached_property
    def _from_me(self) -> dict[PersonId, tuple[int, int]]:
        """The cost of the best path from the owner to each person, and its number of vouches."""
        if self._graph is self._trust_state.graph:
            return self._trust_state.regard_and_hops(self.me)  # searched for already, most of the time
        return self._graph.regard_and_hops_from(self.me, WEB)

    @cached_property
    def _to_me(self) -> Mapping[PersonId, int]:
        """The cost of the best path from each person to the owner."""
        if self._graph is self._trust_state.graph:
            return self._trust_state.reach_to(self.me)
        return self._graph.reach_to(self.me, WEB)

    @cached_property
    def my_web(self) -> frozenset[PersonId]:
        """The people who could be allowed to see anything of the owner's; the rule leaves out all others.

        A person whose policy is not known may be blocking the owner, so such a person counts only if the owner vouches
        for them.
        """
        near = {*self._from_me, *self._trust_state.groups.co_members(self.me)} - {self.me}
        return frozenset(person for person in near if self._has_policy(person) or self._graph.weight(self.me, person))

    @cached_property
    def webs_of_others(self) -> frozenset[PersonId]:
        """The people who could let the owner see anything."""
        near = {*self._to_me, *self._trust_state.groups.co_members(self.me)} - {self.me}
        return frozenset(filter(self._has_policy, near))

    def _has_policy(self, person: PersonId) -> bool:
        return self._graph.policy(person) is not None

    def preference(self, person: PersonId) -> Preference:
        """Return the sharing preference of `person` in this world."""
        policy = self._graph.policy(person)
        return policy.preference if policy is not None else UNSET_PREFERENCE

    def facts(self, author: PersonId, audience: int, place: str | None) -> ListingFacts:
        """Return what the rule looks at in a listing of `author` with this audience and this place of its own."""
        preference, author_place = self.preference(author), self._place_of(author)
        return listing_facts(audience, place, preference=preference, author_place=author_place)

    def _place_of(self, person: PersonId) -> str | None:
        return self.place if person == self.me else self._trust_state.published_place(person)

    def searching(self) -> Steps[None]:
        """Make the searches of this world one after the other, before they are needed."""
        for search in ("_from_me", "_to_me", "my_web", "webs_of_others"):
            getattr(self, search)
            yield

    def viewers(self, facts: ListingFacts) -> Steps[frozenset[PersonId]]:
        """Return everybody who may see a listing of the owner's with these facts."""
        found = set()
        for number, person in enumerate(self.my_web):
            if self.sees_mine(person, facts):
                found.add(person)
            if number % PEOPLE_OF_A_STEP == 0:
                yield
        return frozenset(found)

    def sees_mine(self, viewer: PersonId, facts: ListingFacts) -> bool:
        """Whether `viewer` may see a listing of the owner's with these facts."""
        groups, reach = self._trust_state.groups, self._regard(viewer)
        # Without the viewer's regard and wish: those narrow what viewers are shown, not what they may see.
        standing = standing_between(self.me, viewer, self._graph, groups, reach=reach, regard=None)
        return visible(facts, standing, viewer_place=self._place_of(viewer)) is Verdict.VISIBLE

    def shows_me(self, author: PersonId, facts: ListingFacts) -> bool:
        """Whether the owner may see a listing of `author` with these facts, and would be shown it by the widest wish."""
        groups, reach, regard = self._trust_state.groups, self._to_me.get(author), self._regard(author)
        standing = standing_between(author, self.me, self._graph, groups, reach=reach, regard=regard)
        return visible(facts, standing, viewer_place=self.place, wish=AT_ALL) is Verdict.VISIBLE

    def relation(self, person: PersonId) -> Relation:
        """Return what `person` is to the owner."""
        path, groups = self._from_me.get(person), self._trust_state.groups
        regard = self._regard(person)
        return relation_of(
            standing_between(person, self.me, self._graph, groups, reach=None, regard=regard),
            own_vouch=self._graph.weight(self.me, person),
            hops=None if path is None else path[1],
        )

    def _regard(self, person: PersonId) -> int | None:
        """Return the cost of the best path from the owner to `person`; it is the owner's reach to them as well."""
        path = self._from_me.get(person)
        return None if path is None else path[0]
