"""Groups for tests: chains of invitations in people's hands, and the joins that carry them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from protocol import Group, GroupKind, Join, Kind, Record
from protocol.limits import DAY, JOIN_LIFE, NONCE_BYTES
from protocol.trust import accepted, founded, invitation, invitation_tag
from tests.support.people import NOW, Person, grown


def begun(founder: Person, name: str = "Elm Street", kind: GroupKind = GroupKind.CELL) -> Join:
    """Return the founder's own join of a new group."""
    group = Group(kind, name, grown(founder.name, name, "nonce", size=NONCE_BYTES), founder.id)
    return founded(grown(founder.name, name, size=16), group, founder.certificate(), founder.keys.sign)


def invites(join: Join, inviter: Person, *invited: Person, expires: int = NOW + 30 * DAY) -> Join:
    """Return the inviter's join with open invitations in it."""
    tags = [invitation_tag(join.group_id, person.id) for person in invited]
    offers = tuple(invitation(join, inviter.id, tag, expires, inviter.keys.sign) for tag in tags)
    return Join(join.salt, join.group, join.steps, (*join.invitations, *offers))


def follows(join: Join, inviter: Person, invited: Person) -> Join:
    """Return the join of the invited person, who has accepted."""
    tag = invitation_tag(join.group_id, invited.id)
    given = invitation(join, inviter.id, tag, NOW + 30 * DAY, inviter.keys.sign)
    return accepted(grown(invited.name, "salt", size=16), join, given, inviter.certificate())


def chain(*people: Person, name: str = "Elm Street", kind: GroupKind = GroupKind.CELL) -> Join:
    """Return the join of the last of `people`, each of whom invited the next; the first founded the group."""
    join = begun(people[0], name, kind)
    for inviter, invited in pairwise(people):
        join = follows(join, inviter, invited)
    return join


def join_record(person: Person, join: Join, **header: Any) -> Record:
    """Return a join as its author signs it; `policy_version` is 1 unless given."""
    settings: dict[str, Any] = {"life": JOIN_LIFE, "policy_version": 1, **header}
    return person.record(Kind.JOIN, join.slot, join, **settings)
