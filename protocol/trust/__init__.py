"""Trust and consent: vouches, paths, groups, and the one rule that decides who may have a record."""

from __future__ import annotations

from protocol.trust.graph import TrustGraph
from protocol.trust.groups import Memberships
from protocol.trust.membership import accepted, check_membership, founded, invitation, invitation_tag, open_invitation
from protocol.trust.policies import (
    EffectivePolicy,
    absorb,
    block_tag,
    empty_policy,
    may_reduce_access,
    merge,
    with_block,
    with_preference,
    with_vouch,
    without_one_ended,
)
from protocol.trust.relation import Relation, relation_of
from protocol.trust.visibility import (
    ListingFacts,
    Standing,
    Verdict,
    Wish,
    effective_audience,
    listing_facts,
    may_have_device,
    may_have_join,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    standing_between,
    visible,
)
from protocol.trust.weights import TRUSTED, WEB, TrustPath, as_trust, cost, limit, reaches

__all__ = [
    "TRUSTED",
    "WEB",
    "EffectivePolicy",
    "ListingFacts",
    "Memberships",
    "Relation",
    "Standing",
    "TrustGraph",
    "TrustPath",
    "Verdict",
    "Wish",
    "absorb",
    "accepted",
    "as_trust",
    "block_tag",
    "check_membership",
    "cost",
    "effective_audience",
    "empty_policy",
    "founded",
    "invitation",
    "invitation_tag",
    "limit",
    "listing_facts",
    "may_have_device",
    "may_have_join",
    "may_have_letter",
    "may_have_policy",
    "may_have_profile",
    "may_reduce_access",
    "merge",
    "open_invitation",
    "reaches",
    "relation_of",
    "standing_between",
    "visible",
    "with_block",
    "with_preference",
    "with_vouch",
    "without_one_ended",
]
