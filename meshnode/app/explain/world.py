"""Who sees what, for everybody at once: the one rule, asked in the circle as it is or in one that is only supposed.

Two searches are enough for all people: one along the vouches that lead from the owner says how far his trust extends
to each, one against those that lead to him whose trust extends to him. They are made when first asked for.
"""

from __future__ import annotations

from functools import cached_property

from meshnode.app.owner.places import published
from meshnode.replica.replica import Replica
from protocol import UNSET_PREFERENCE, PersonId, Preference
from protocol.trust import (
    WEB,
    EffectivePolicy,
    ListingFacts,
    Relation,
    Standing,
    TrustGraph,
    Verdict,
    Wish,
    effective_audience,
    relation_of,
    visible,
)

AT_ALL = Wish(min_regard=WEB, within_km=float("inf"))
"""What can be shown to somebody at all, if he asks for everybody and any distance."""


class World:
    """The people around the owner of a node, as they stand to each other by one trust graph."""

    def __init__(self, replica: Replica, graph: TrustGraph, place: str | None) -> None:
        self.me = replica.me
        self.place = place
        """The place that the owner publishes."""
        self._trust_state = replica.trust_state
        self._graph = graph
        self._replica = replica

    @classmethod
    def known(cls, replica: Replica) -> World:
        """The world as this node knows it."""
        return cls(replica, replica.trust_state.graph, published(replica))

    def with_policy(self, policy: EffectivePolicy, place: str | None) -> World:
        """This world, if the owner said that in his policy and published that place. Nothing is signed."""
        return World(self._replica, self._graph.with_policy(self.me, policy), place)

    @cached_property
    def _from_me(self) -> dict[PersonId, tuple[int, int]]:
        """Cost and length of the best way from the owner to each."""
        return self._graph.regard_and_hops_from(self.me, WEB)

    @cached_property
    def _to_me(self) -> dict[PersonId, int]:
        """Cost of the best way from each to the owner."""
        return self._graph.reach_to(self.me, WEB)

    @cached_property
    def my_web(self) -> frozenset[PersonId]:
        """Whoever could be let see anything of the owner's; all others the rule leaves out.

        Of whom no policy is known it is not known either that he does not block: he counts only if vouched for.
        """
        near = {*self._from_me, *self._trust_state.groups.co_members(self.me)} - {self.me}
        return frozenset(person for person in near if self._heard_of(person) or self._graph.weight(self.me, person))

    @cached_property
    def webs_of_others(self) -> frozenset[PersonId]:
        """Whoever could let the owner see anything."""
        near = {*self._to_me, *self._trust_state.groups.co_members(self.me)} - {self.me}
        return frozenset(filter(self._heard_of, near))

    def _heard_of(self, person: PersonId) -> bool:
        return self._graph.policy(person) is not None

    def preference(self, person: PersonId) -> Preference:
        """How `person` shares."""
        policy = self._graph.policy(person)
        return policy.preference if policy is not None else UNSET_PREFERENCE

    def facts(self, author: PersonId, audience: int, place: str | None) -> ListingFacts:
        """What the rule looks at in a listing of `author` with this audience and this place of its own."""
        preference = self.preference(author)
        return ListingFacts(
            audience=effective_audience(audience, preference),
            place=place or self._place_of(author),
            radius_km=preference.radius_km,
        )

    def _place_of(self, person: PersonId) -> str | None:
        if person == self.me:
            return self.place
        profile = self._trust_state.profile(person)
        return profile.place if profile is not None else None

    def viewers(self, facts: ListingFacts) -> frozenset[PersonId]:
        """Everybody who may see such a listing of the owner's."""
        return frozenset(person for person in self.my_web if self._sees_mine(person, facts))

    def _sees_mine(self, viewer: PersonId, facts: ListingFacts) -> bool:
        standing = self._standing(viewer, reach=self._regard(viewer), regard=None)  # what he wishes is his matter
        return visible(facts, standing, viewer_place=self._place_of(viewer)) is Verdict.VISIBLE

    def shows_me(self, author: PersonId, facts: ListingFacts) -> bool:
        """Whether the owner may see such a listing of `author`'s, and can be shown it if he asks for everybody."""
        standing = self._standing(author, reach=self._to_me.get(author), regard=self._regard(author))
        return visible(facts, standing, viewer_place=self.place, wish=AT_ALL) is Verdict.VISIBLE

    def relation(self, person: PersonId) -> Relation:
        """What `person` is to the owner."""
        way = self._from_me.get(person)
        return relation_of(
            self._standing(person, reach=None, regard=self._regard(person)),
            own_vouch=self._graph.weight(self.me, person),
            hops=None if way is None else way[1],
        )

    def _regard(self, person: PersonId) -> int | None:
        way = self._from_me.get(person)
        return None if way is None else way[0]

    def _standing(self, other: PersonId, *, reach: int | None, regard: int | None) -> Standing:
        groups = self._trust_state.groups
        return Standing(
            blocked=self._graph.blocked_either_way(self.me, other),
            reach=reach,
            regard=regard,
            shares_cell=groups.shares_cell(self.me, other),
            shares_community=groups.shares_community(self.me, other),
        )
