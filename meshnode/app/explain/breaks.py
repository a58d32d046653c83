"""Finds what would end that two people see each other, or that a listing is seen: each act that is enough by itself.

Every act is tried in a copy of the trust graph, by the one rule. An act that another path or a group makes up for is not
among the answers. Nothing is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.catalog.sight import AT_ALL
from meshnode.app.naming import PersonRef, reference
from meshnode.app.owner.places import preference_of
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import Audience, Group, GroupKind, PersonId
from protocol.trust import (
    EffectivePolicy,
    ListingFacts,
    Standing,
    TrustPath,
    Verdict,
    block_tag,
    listing_facts,
    standing_between,
    visible,
)

TRIED_MAX = 40  # acts; a path of so many people cannot be read either, and each one costs a search of the graph


class BreakView(Struct, frozen=True):
    """An act that would end it. `kind` is `unvouch`, `leave`, `block` or `bridge`.

    `unvouch`: `by` takes back the vouch for `of` (null in either: you). `leave`: you or the other leave `group`. `block`:
    you or `of` block the other. `bridge`: one of you two blocks `of`, who stands between you, or is blocked by them.
    """

    kind: str
    by: PersonRef | None
    of: PersonRef | None
    group: str


class _Act(Struct, frozen=True):
    """An act to try: the vouch of a pair to take back, a group to leave, or a person in between to block."""

    vouch: tuple[PersonId, PersonId] | None = None
    group: Group | None = None
    bridge: PersonId | None = None


class _Shared:
    """Answers by the groups that two people have in common."""

    def __init__(self, groups: list[Group]) -> None:
        self._kinds = {group.kind for group in groups}

    def shares_cell(self, _: PersonId, __: PersonId) -> bool:
        return GroupKind.CELL in self._kinds

    def shares_community(self, _: PersonId, __: PersonId) -> bool:
        return GroupKind.COMMUNITY in self._kinds


def breaks(
    replica: Replica, person: PersonId, listing: ListingFacts | None, paths: list[TrustPath], shared: list[Group]
) -> Steps[tuple[BreakView, ...]]:
    """Return what would end that the owner sees `listing`, or without one, that the owner and `person` see each other.

    `paths` are the best paths between the two, and `shared` the groups that both are in: only acts that cut one of these
    can end anything. A block always does.
    """
    if not paths and not shared:
        return ()
    trial, found = _Trial(replica, person, listing, shared), []
    yield  # the trial has a graph of its own, which nothing else changes
    before = yield from trial.sights(shared)
    for act in dict.fromkeys(islice(_acts(paths, shared), TRIED_MAX)):
        after = yield from trial.sights_after(act)
        if any(seen and not still for seen, still in zip(before, after, strict=True)):
            found.append(_view(replica, act))
    block = BreakView("block", None, reference(replica, person), "")
    at = next((index for index, each in enumerate(found) if each.kind == "bridge"), len(found))
    return (*found[:at], block, *found[at:])


def _acts(paths: list[TrustPath], shared: list[Group]) -> Iterator[_Act]:
    """Yield what cuts the paths and groups, one by one."""
    for path in paths:
        steps = list(pairwise(path.people))
        for index, (giver, subject) in enumerate(steps):
            yield _Act(vouch=(giver, subject))
            if index < len(steps) - 1:  # trust runs on only through people who vouch back
                yield _Act(vouch=(subject, giver))
    for group in shared:
        yield _Act(group=group)
    for bridge in sorted({bridge for path in paths for bridge in path.people[1:-1]}):
        yield _Act(bridge=bridge)


class _Trial:
    """Tries acts in a copy of the trust graph, which each of them changes and changes back."""

    def __init__(self, replica: Replica, person: PersonId, listing: ListingFacts | None, shared: list[Group]) -> None:
        self._replica, self._me, self._person = replica, replica.me, person
        self._listing, self._shared = listing, shared
        own = replica.trust_state.policy(replica.me)
        assert own is not None, "a node writes its owner's policy before anything else"
        self._graph = replica.trust_state.graph.with_policy(replica.me, own)

    def sights_after(self, act: _Act) -> Steps[tuple[bool, ...]]:
        """Return what would be seen after the act."""
        if act.group is not None:
            return (yield from self.sights([group for group in self._shared if group.id != act.group.id]))
        if act.bridge is not None:
            return (yield from self._sights_with(self._me, self._blocking(act.bridge)))
        assert act.vouch is not None, "an act is one of the three"
        return (yield from self._sights_with(act.vouch[0], self._unvouching(*act.vouch)))

    def _blocking(self, bridge: PersonId) -> EffectivePolicy:
        policy = self._policy(self._me)
        return replace(policy, block_tags=policy.block_tags | {block_tag(self._me, bridge)})

    def _unvouching(self, giver: PersonId, subject: PersonId) -> EffectivePolicy:
        policy = self._policy(giver)
        kept = {person: weight for person, weight in policy.vouches.items() if person != subject}
        return replace(policy, vouches=kept)

    def _policy(self, person: PersonId) -> EffectivePolicy:
        policy = self._graph.policy(person)
        assert policy is not None, "a path leads along their vouches"
        return policy

    def _sights_with(self, person: PersonId, policy: EffectivePolicy) -> Steps[tuple[bool, ...]]:
        before = self._policy(person)
        self._graph.set(person, policy)
        seen = yield from self.sights(self._shared)
        self._graph.set(person, before)
        return seen

    def sights(self, shared: list[Group]) -> Steps[tuple[bool, ...]]:
        """Return what is seen: the listing; without one, whether each is in the other's web, and sees what they share.

        The graph is searched from the owner alone, once along the vouches and once against them: it keeps both searches,
        and updates them for the next act.
        """
        me, person = self._me, self._person
        trusts_me = yield from self._graph.finding_reach(person, me)
        yield
        trusted = yield from self._graph.finding_regard(me, person)
        yield
        groups = _Shared(shared)
        theirs = standing_between(person, me, self._graph, groups, reach=trusts_me, regard=trusted)
        if self._listing is not None:
            return (self._sees(me, self._listing, theirs),)
        mine = standing_between(me, person, self._graph, groups, reach=trusted, regard=trusts_me)
        seen: list[bool] = []
        for author, viewer, standing in ((person, me, theirs), (me, person, mine)):
            place = self._replica.trust_state.published_place(author)
            usual = listing_facts(
                Audience.FOLLOWS, None, preference=preference_of(self._replica, author), author_place=place
            )
            seen += [self._sees(viewer, usual, standing), standing.in_web]
        return tuple(seen)

    def _sees(self, viewer: PersonId, facts: ListingFacts, standing: Standing) -> bool:
        place = self._replica.trust_state.published_place(viewer)
        wish = AT_ALL if viewer == self._me else None  # what others wish to be shown is their own affair
        return visible(facts, standing, viewer_place=place, wish=wish) is Verdict.VISIBLE


def _view(replica: Replica, act: _Act) -> BreakView:
    if act.group is not None:
        return BreakView("leave", None, None, act.group.name)
    if act.bridge is not None:
        return BreakView("bridge", None, reference(replica, act.bridge), "")
    assert act.vouch is not None, "an act is one of the three"
    giver, subject = (None if each == replica.me else reference(replica, each) for each in act.vouch)
    return BreakView("unvouch", giver, subject, "")
