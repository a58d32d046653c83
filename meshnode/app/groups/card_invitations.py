"""Invites the people who use a card to the groups that its giver has put into it.

A card says nothing of groups: the giver's node remembers which go with it, and signs the invitations when it has let
somebody in by the card. So nobody who merely holds the card learns of a group, and an invitation reaches exactly those
for whom the card has worked. An invitation that cannot be signed at once, because too many are open, is signed later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec import Struct

from meshnode.app.groups import groups as group_cases
from meshnode.app.groups import membership
from meshnode.errors import Refused
from meshnode.replica.replica import Replica
from protocol import Group, GroupKind, PersonId, group_text, limits

log = logging.getLogger(__name__)


class CardGroup(Struct, frozen=True):
    """A group to which a card invites those who use it."""

    id: str
    kind: str
    name: str


def named(replica: Replica, which: Sequence[str]) -> tuple[Group, ...]:
    """Return the owner's groups that these names or ids mean, each once.

    Raises NotFound or Ambiguous for a name that means none or several, Refused where the owner cannot invite to one.
    """
    found = {group.id: group for group in (group_cases.find_own(replica, one, None) for one in which)}
    for group in found.values():
        held = membership.own_join(replica, group)
        assert held is not None, "its owner is in the group"
        group_cases.check_chain(held[1])
    return tuple(found.values())


def view(group: Group) -> CardGroup:
    """Return a group as a card shows it."""
    return CardGroup(group_text(group.id), GroupKind(group.kind).word, group.name)


def owe(replica: Replica, card: bytes, claimant: PersonId) -> None:
    """Note that `claimant`, for whom this card has just worked, is to be invited to its groups."""
    replica.store.cards.owe_invitations(card, claimant, replica.clock.now() + limits.INVITATION_LIFE)


def sign_owed(replica: Replica) -> None:
    """Sign the invitations that are owed. One that cannot be signed for now stays owed; one without a reason is dropped."""
    trust_state, me, now = replica.trust_state, replica.me, replica.clock.now()
    for owed in replica.store.cards.owed_invitations():
        group = trust_state.groups.groups_of(me).get(owed.group)
        stands = group is not None and owed.until > now and trust_state.graph.weight(me, owed.person) > 0
        if not stands or group is None or owed.person in trust_state.groups.members_known(owed.group):
            replica.store.cards.invitation_settled(owed)
            continue
        try:
            with replica.transaction():
                group_cases.invite_person(replica, group, owed.person)
                replica.store.cards.invitation_settled(owed)
        except Refused as fault:
            log.info("an invitation by a card waits", extra={"why": fault.message})
