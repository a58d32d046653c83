"""Founds, joins, leaves and shows cells and communities, and invites to them. Nobody approves, and nobody is expelled.

An invitation is part of the inviter's own join: signed, under a tag that only people who know the invited person can
test. So it travels as the join does, through the inviter's web and the group, whenever one of them is online. It needs
no answer on the way, and it reaches nobody who might not have the join without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from meshnode.app.groups import membership
from meshnode.app.naming import ID_SHOWN, PersonRef, find, known, reference, relation_to
from meshnode.app.picking import Candidate, alike, fitting, pick
from meshnode.errors import Field, NotFound, Refused, Usage, not_allowed
from meshnode.quoting import named, quoted
from meshnode.replica.authoring import fresh_salt
from meshnode.replica.replica import Replica
from protocol import (
    DeviceId,
    Group,
    GroupKind,
    InvalidField,
    Invitation,
    Join,
    Kind,
    PersonId,
    check_text,
    group_text,
    limits,
    normalize_line,
)
from protocol.trust import accepted, founded, invitation, invitation_tag, open_invitation, standing_between

KINDS = tuple(kind.word for kind in GroupKind)


class MemberView(Struct, frozen=True):
    """A member, and what they are to you."""

    person: PersonRef
    relation: str


class InvitedView(Struct, frozen=True):
    """An open invitation of yours: to whom (null: a person whom this node no longer knows), and until when."""

    person: PersonRef | None
    expires: int


class GroupView(Struct, frozen=True):
    """A group you are in.

    `members` are those whom you may see, you among them; `forming` marks a cell of fewer than five.
    """

    id: str
    kind: str
    name: str
    members: tuple[MemberView, ...]
    count: int
    forming: bool
    invited: tuple[InvitedView, ...]


class InvitationView(Struct, frozen=True):
    """An invitation to you that waits for an answer: since when, and until when (`expires`; then it is gone)."""

    id: str
    kind: str
    name: str
    inviter: PersonRef
    since: int
    expires: int


class GroupsView(Struct, frozen=True):
    """The groups you are in, by name, and the invitations that wait for you."""

    groups: tuple[GroupView, ...]
    invitations: tuple[InvitationView, ...]


class GroupsQuery(Struct, frozen=True):
    """The groups to show: of one kind, `cell` or `community`, or only the one that `name` means."""

    kind: str | None = None
    name: str | None = None


class KindQuery(Struct, frozen=True):
    """Whether a `cell` or a `community` is meant; without it either."""

    kind: str | None = None


class GroupOrder(Struct, frozen=True):
    """The group to found: `kind` is `cell` or `community`."""

    kind: str
    name: str


class InvitationOrder(Struct, frozen=True):
    """The person to invite: a name or id, or the beginning of either."""

    person: str


class _Received(NamedTuple):
    """An invitation to the owner, with everything that is needed to answer it; `device` has signed it."""

    inviter: PersonId
    device: DeviceId
    join: Join
    invitation: Invitation

    @property
    def expires(self) -> int:
        """When it ends, in UNIX seconds."""
        return self.invitation.expires


# --- use-cases -------------------------------------------------------------------------------------------------------


def new(replica: Replica, order: GroupOrder) -> GroupView:
    """Found a group. Its founder is its first member and has no further say."""
    _check_kind(order.kind)
    kind = GroupKind[order.kind.upper()]
    name = normalize_line(order.name)
    try:
        check_text("name", name, limits.NAME_MAX, shortest=1)
    except InvalidField as error:
        raise not_allowed(error) from error
    if any(group.kind == kind and group.name == name for group in _own(replica)):
        raise Refused(
            "you are in a {kind} of that name already",
            "choose another name, or leave that one first",
            field=Field.NAME,
            kind=order.kind,
        )
    _check_room(replica)
    certificate = membership.certificate_of(replica, replica.me, replica.device)
    assert certificate is not None, "a node without a certificate does not start"
    group = Group(kind, name, replica.entropy(limits.NONCE_BYTES), replica.me)
    membership.write_join(replica, founded(fresh_salt(replica), group, certificate, replica.keys.sign))
    return _view(replica, group)


def invite(replica: Replica, which: str, kind: str | None, who: str) -> InvitedView:
    """Invite the person whom `who` means to the group that `which` means.

    Inviting somebody again gives them the full time to answer again.
    """
    group = find_own(replica, which, kind)
    return invite_person(replica, group, _meant(replica, who))


def invite_person(replica: Replica, group: Group, person: PersonId) -> InvitedView:
    """Invite a person to a group of the owner's. Raises Refused, which says why, where that cannot be."""
    _check_invitable(replica, group, person)
    held = membership.own_join(replica, group)
    assert held is not None, "its owner is in the group"
    _, join = held
    check_chain(join)
    tag = invitation_tag(group.id, person)
    kept = membership.with_invitations(replica, join)
    if len(kept.invitations) >= limits.INVITATIONS_MAX and all(found.tag != tag for found in kept.invitations):
        raise Refused(
            "too many of your invitations are open ({most})",
            "wait until some are answered or expire",
            most=limits.INVITATIONS_MAX,
        )
    earlier = max((found.expires for found in join.invitations if found.tag == tag), default=0)
    expires = max(replica.clock.now() + limits.INVITATION_LIFE, earlier + 1)  # later than the last one, to replace it
    given = invitation(join, replica.me, tag, expires, replica.keys.sign)
    membership.write_join(replica, membership.with_invitations(replica, join, [given]))
    return InvitedView(reference(replica, person), expires)


def join(replica: Replica, which: str, kind: str | None) -> GroupView:
    """Accept the invitation to the group that `which` means.

    Of several invitations to one group it accepts the one with the shortest chain.
    """
    _check_kind(kind)
    waiting = _received(replica)
    own = [group for group in _own(replica) if _is_kind(group, kind)]
    try:
        group = _named(which, [found.join.group for found in waiting if _is_kind(found.join.group, kind)], kind)
    except NotFound as error:
        if fitting(which, _candidates(own)):
            raise Refused("you are in {name} already", name=quoted(fitting(which, _candidates(own))[0].name)) from error
        word = kind or "group"
        raise NotFound(
            "you have no invitation to a {word} called {which}",
            "ask a member to invite you. This node learns of it when it next connects",
            word=word,
            which=repr(which),
        ) from error
    _check_room(replica)
    found = next(found for found in waiting if found.join.group_id == group.id)
    certificate = membership.certificate_of(replica, found.inviter, found.device)
    assert certificate is not None, "an invitation is shown only while the device that signed it is certified"
    membership.write_join(replica, accepted(fresh_salt(replica), found.join, found.invitation, certificate))
    return _view(replica, group)


def leave(replica: Replica, which: str, kind: str | None) -> GroupView:
    """Leave the group that `which` means. The others stay in it; only a new invitation leads back."""
    group = find_own(replica, which, kind, destructive=True)
    seen = _view(replica, group)
    held = membership.own_join(replica, group)
    assert held is not None, "its owner is in the group"
    membership.leave(replica, held[1])
    return seen


def show(replica: Replica, query: GroupsQuery) -> GroupsView:
    """Return the owner's groups, and the invitations that wait."""
    _check_kind(query.kind)
    groups = [group for group in _own(replica) if _is_kind(group, query.kind)]
    waiting = [found for found in _received(replica) if _is_kind(found.join.group, query.kind)]
    if query.name is not None:
        named = _named(query.name, [*groups, *(found.join.group for found in waiting)], query.kind)
        groups = [group for group in groups if group.id == named.id]
        waiting = [found for found in waiting if found.join.group_id == named.id]
    return GroupsView(
        tuple(_view(replica, group) for group in groups),
        tuple(_waiting_view(replica, found) for found in waiting),
    )


def invitations(replica: Replica) -> tuple[InvitationView, ...]:
    """Return the invitations that wait for the owner, those with the shortest chain of members first."""
    return tuple(_waiting_view(replica, found) for found in _received(replica))


# --- inside ----------------------------------------------------------------------------------------------------------


def _own(replica: Replica) -> list[Group]:
    """Return the groups of the owner, by name."""
    groups = replica.trust_state.groups.groups_of(replica.me)
    return sorted(groups.values(), key=lambda group: (alike(group.name), group.id))


def _received(replica: Replica) -> list[_Received]:
    """Return the invitations to the owner, those with the shortest chain first."""
    trust_state, me, now = replica.trust_state, replica.me, replica.clock.now()
    own = trust_state.groups.groups_of(me)
    received = []
    for inviter in trust_state.people_with_joins() - {me}:
        devices = [one.device for one in trust_state.devices(inviter)]
        for _, held in trust_state.joins(inviter):
            if not held.invitations or held.group_id in own or len(held.steps) > limits.GROUP_LINKS_MAX:
                continue
            found = open_invitation(held, inviter, devices, me)
            if found is None or found[0].expires <= max(now, membership.answered_until(replica, held)):
                continue
            if trust_state.policy(inviter) is not None and not trust_state.graph.blocked_either_way(me, inviter):
                received.append(_Received(inviter, found[1], held, found[0]))
    return sorted(received, key=lambda found: (len(found.join.steps), found.join.group.name, found.inviter))


def _check_kind(kind: str | None) -> None:
    if kind not in (None, *KINDS):
        raise Usage(
            "{kind} is not a kind of group",
            "use one of {words}",
            field=Field.KIND,
            kind=repr(kind),
            words=", ".join(KINDS),
        )


def _is_kind(group: Group, kind: str | None) -> bool:
    return kind is None or group.kind == GroupKind[kind.upper()]


def find_own(replica: Replica, which: str, kind: str | None, *, destructive: bool = False) -> Group:
    """Return the owner's group that `which` means. Raises Refused where the owner is only invited to it."""
    _check_kind(kind)
    try:
        own = [group for group in _own(replica) if _is_kind(group, kind)]
        return _named(which, own, kind, destructive=destructive)
    except NotFound:
        waiting = [found.join.group for found in _received(replica) if _is_kind(found.join.group, kind)]
        meant = fitting(which, _candidates(waiting))
        if meant:
            name, word = meant[0].name, GroupKind(meant[0].kind).word
            raise Refused(
                "you are not a member of {name} yet",
                "accept the invitation with 'meshnode {word} join'",
                name=quoted(name),
                word=word,
            ) from None
        raise


def _named(which: str, groups: Iterable[Group], kind: str | None, *, destructive: bool = False) -> Group:
    """Return the one of `groups` that `which` means; errors and `destructive` as in `picking.pick`."""
    found = pick(which, _candidates(groups), noun=kind or "group", destructive=destructive)
    if found is None:
        word = kind or "group"
        raise NotFound(
            "you are in no {word} called {which}",
            "'meshnode {value} show' lists yours",
            word=word,
            which=repr(which),
            value=kind or "cell",
        )
    return found


def _candidates(groups: Iterable[Group]) -> list[Candidate[Group]]:
    return [_candidate(group) for group in {group.id: group for group in groups}.values()]


def _candidate(group: Group) -> Candidate[Group]:
    id_, word = group_text(group.id), GroupKind(group.kind).word
    return Candidate(group, id_, group.name, lambda: f"{quoted(group.name)} ({word} {id_[:ID_SHOWN]})")


def check_chain(join: Join) -> None:
    """Raise Refused where the chain of invitations to the owner, whose join this is, is too long for another."""
    if len(join.steps) > limits.GROUP_LINKS_MAX:
        raise Refused(
            "the chain of invitations from the founder to you cannot grow longer ({most})",
            "ask a member who joined earlier to invite this person",
            most=limits.GROUP_LINKS_MAX,
        )


def _in_own_web(replica: Replica, person: PersonId) -> bool:
    """Whether `person` is in the owner's web: the owner's own search says how much they trust the person."""
    trust_state, me = replica.trust_state, replica.me
    reach = trust_state.regard_from(me).get(person)
    return standing_between(me, person, trust_state.graph, trust_state.groups, reach=reach, regard=None).in_web


def _meant(replica: Replica, who: str) -> PersonId:
    """Return the person whom `who` means. Raises Refused where the owner blocks them."""
    try:
        return find(replica, who)
    except NotFound as error:
        blocked = [person for person, _ in replica.store.blocked.all()]
        try:
            find(replica, who, among=blocked)
        except NotFound:
            raise error from None
        raise Refused("you block that person", "unblock them first with 'meshnode unblock NAME'") from None


def _check_invitable(replica: Replica, group: Group, person: PersonId) -> None:
    """Raise Refused where this person may not be invited to `group`."""
    if person == replica.me:
        raise Refused("you are a member yourself")
    members = replica.trust_state.groups.members_known(group.id)
    mention = reference(replica, person)
    if person in members:
        raise Refused("{name} is a member already", name=named(mention.name))
    if group.kind == GroupKind.CELL and len(members) >= limits.CELL_MEMBERS_MAX:
        raise Refused(
            "the cell is full: it has {count} members",
            "create another with 'meshnode cell new', or a community",
            count=len(members),
        )
    if not _in_own_web(replica, person):
        raise Refused(
            "you do not trust {name}, so an invitation would not reach them",
            "trust them first with 'meshnode vouch NAME --trust 0.5'",
            name=named(mention.name),
        )


def _check_room(replica: Replica) -> None:
    if len(_own(replica)) >= limits.GROUPS_MAX:
        raise Refused("you are in {most} groups already, which is the most", "leave one first", most=limits.GROUPS_MAX)


def _view(replica: Replica, group: Group) -> GroupView:
    trust_state, me = replica.trust_state, replica.me
    members = trust_state.groups.members_known(group.id)
    nameable = known(replica)
    visible = [person for person in members if person == me or person in nameable]
    views = [MemberView(reference(replica, person), relation_to(replica, person).value) for person in visible]
    return GroupView(
        id=group_text(group.id),
        kind=GroupKind(group.kind).word,
        name=group.name,
        members=tuple(sorted(views, key=lambda seen: (seen.person.name.casefold(), seen.person.id))),
        count=len(visible),
        forming=group.kind == GroupKind.CELL and len(visible) < limits.CELL_MEMBERS_MIN,
        invited=_invited(replica, group),
    )


def _invited(replica: Replica, group: Group) -> tuple[InvitedView, ...]:
    held = membership.own_join(replica, group)
    if held is None:
        return ()
    answered = {invitation_tag(group.id, person) for person in replica.trust_state.groups.members_known(group.id)}
    now = replica.clock.now()
    still_open = [found for found in held[1].invitations if found.expires > now and found.tag not in answered]
    named = _by_tag(replica, group, {found.tag for found in still_open})
    return tuple(
        InvitedView(reference(replica, named[found.tag]) if found.tag in named else None, found.expires)
        for found in still_open
        if not (found.tag in named and _has_left_since(replica, named[found.tag], held[1], found.expires))
    )


def _by_tag(replica: Replica, group: Group, tags: set[bytes]) -> dict[bytes, PersonId]:
    """Return by these tags of invitations who was invited, of those who may be named; usually people the owner trusts."""
    found: dict[bytes, PersonId] = {}
    nameable = known(replica)
    trusted = nameable.intersection(replica.trust_state.graph.vouched_by(replica.me))
    for person in (*trusted, *(nameable - trusted)):
        if len(found) == len(tags):
            break
        tag = invitation_tag(group.id, person)
        if tag in tags:
            found[tag] = person
    return found


def _has_left_since(replica: Replica, person: PersonId, join: Join, expires: int) -> bool:
    """Whether `person` has left the group after the invitation that ends at `expires`: joining had answered it."""
    newest = replica.store.records.newest((person, Kind.JOIN, join.slot))
    if newest is None or newest.body:
        return False
    return newest.header.created >= expires - limits.INVITATION_LIFE


def _waiting_view(replica: Replica, found: _Received) -> InvitationView:
    group = found.join.group
    inviter = reference(replica, found.inviter)
    since = found.expires - limits.INVITATION_LIFE
    return InvitationView(group_text(group.id), GroupKind(group.kind).word, group.name, inviter, since, found.expires)
