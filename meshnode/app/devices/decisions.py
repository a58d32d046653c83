"""Shows what one of the owner's devices alone has decided about people, so that the owner can choose before revoking it.

A thief may have blocked everybody in the owner's name, vouched for accomplices, and invited them to the owner's groups. A policy names blocked people by tags
only; this node tells who they are where it knows them.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.groups import membership
from meshnode.app.naming import PersonRef, known, reference
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import DeviceId, PersonId, limits
from protocol.trust import block_tag, invitation_tag


class DecisionView(Struct, frozen=True):
    """Something that one of your devices has decided about a person, and no other device of yours.

    `what` is `block`, `unblock`, `vouch` or `invitation`; `trust` is that of the vouch, 0 to 1 (0: taken back; null: not a
    vouch); `group` is the name of the group of the invitation (null: none). `person` is null where this node does not know
    who it is. `id` names the decision.
    """

    id: str
    what: str
    person: PersonRef | None
    trust: float | None
    group: str | None = None


BLOCK, UNBLOCK, VOUCH, INVITATION = "block", "unblock", "vouch", "invitation"
_ORDER = (BLOCK, UNBLOCK, VOUCH, INVITATION)


def decisions(replica: Replica, device: DeviceId) -> tuple[DecisionView, ...]:
    """Return what only this device of the owner has decided, by name: blocks, ended blocks, vouches, then invitations."""
    vouches, blocks = policy.decided_on(replica, device)
    people = _people_by_tag(replica) if blocks else {}
    found = [
        DecisionView(
            block.tag.hex(),
            BLOCK if block.blocked else UNBLOCK,
            reference(replica, people[block.tag]) if block.tag in people else None,
            None,
        )
        for block in blocks
    ]
    found += [
        DecisionView(vouch.subject.hex(), VOUCH, reference(replica, vouch.subject), vouch.weight / limits.WEIGHT_MAX)
        for vouch in vouches
    ]
    found += _invitations(replica, device)
    return tuple(
        sorted(found, key=lambda one: (_ORDER.index(one.what), one.person is None, _name(one).casefold(), one.id))
    )


def _invitations(replica: Replica, device: DeviceId) -> list[DecisionView]:
    made = membership.signed_by(replica, device)
    unnamed = {one.group for one in made if one.person is None}
    people = {
        invitation_tag(group.id, person): person
        for group in unnamed
        for person in known(replica)
        if person != replica.me
    }
    found = []
    for one in made:
        person = one.person or people.get(one.tag)
        who = reference(replica, person) if person is not None else None
        found.append(DecisionView(one.tag.hex(), INVITATION, who, None, one.group.name))
    return found


def _name(decision: DecisionView) -> str:
    return "" if decision.person is None else decision.person.name


def _people_by_tag(replica: Replica) -> dict[bytes, PersonId]:
    """Return the people whom this node knows by the tags under which the owner would block them."""
    blocked = [person for person, _ in replica.store.blocked.all()]
    known = {*replica.trust_state.people(), *blocked, *policy.spoken_of(replica), *replica.trust_state.counterparts}
    return {block_tag(replica.me, person): person for person in known}
