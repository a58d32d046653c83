"""Relation: a label for people that says how an author and a viewer are connected (protocol/README.md, "Relation")."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from protocol.trust.weights import TRUSTED, reaches

if TYPE_CHECKING:
    from protocol.trust.visibility import Standing

_FRIEND_OF_FRIEND_HOPS = 2


class Relation(Enum):
    """The labels, the strongest first; the value is the word for programs."""

    YOURSELF = "yourself"
    SOMEONE_YOU_TRUST = "someone_you_trust"
    CELL_MEMBER = "cell_member"
    TRUSTED_FRIEND_OF_FRIEND = "trusted_friend_of_friend"
    COMMUNITY_MEMBER = "community_member"
    EXTENDED_NETWORK = "extended_network"

    @property
    def words(self) -> str:
        """The words that people read in brackets after a result."""
        return _WORDS[self]


_WORDS = {
    Relation.YOURSELF: "you",
    Relation.SOMEONE_YOU_TRUST: "someone you trust",
    Relation.CELL_MEMBER: "in your cell",
    Relation.TRUSTED_FRIEND_OF_FRIEND: "trusted friend of friend",
    Relation.COMMUNITY_MEMBER: "community member",
    Relation.EXTENDED_NETWORK: "in your extended network",
}


def relation_of(standing: Standing, *, own_vouch: int, hops: int | None) -> Relation:
    """Return the strongest label that applies.

    `own_vouch` is the weight of the viewer's own vouch for the author (per mille, 0 for none), and `hops` the number of
    vouches in the best path from the viewer to the author, None without a path.
    """
    if standing.yourself:
        return Relation.YOURSELF
    if own_vouch >= TRUSTED:
        return Relation.SOMEONE_YOU_TRUST
    if standing.shares_cell:
        return Relation.CELL_MEMBER
    if hops == _FRIEND_OF_FRIEND_HOPS and reaches(standing.regard, TRUSTED):
        return Relation.TRUSTED_FRIEND_OF_FRIEND
    if standing.shares_community:
        return Relation.COMMUNITY_MEMBER
    return Relation.EXTENDED_NETWORK
