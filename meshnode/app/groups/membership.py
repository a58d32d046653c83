"""Writes, renews and shows the owner's joins, and checks what the join of a stranger proves when they connect.

Members need not vouch for each other, so the join itself must open the door. A node that calls shows its joins of the
groups in which it believes the other person to be too. It is admitted if one of them is proved to be of a common group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from meshnode.app.owner.policy import note_former_web, web
from meshnode.replica.authoring import fresh_salt, withdraw, write
from meshnode.replica.bodies import readable_body
from meshnode.replica.replica import Replica
from protocol import (
    Device,
    DeviceId,
    Group,
    Invitation,
    Join,
    Kind,
    LocalError,
    PersonId,
    Record,
    RemoteError,
    body_of,
    check_header,
    device_slot,
    is_revocation,
    limits,
    verify_signature,
)
from protocol.session import PeerIdentified
from protocol.trust import check_membership, invitation, invitation_tag, invitations_of, signer_of

# --- own joins -------------------------------------------------------------------------------------------------------


def own_join(replica: Replica, group: Group) -> tuple[DeviceId, Join] | None:
    """Return the owner's join of `group` with the device that wrote it; None if the owner is no member."""
    return next((held for held in replica.trust_state.joins(replica.me) if held[1].group_id == group.id), None)


def certificate_of(replica: Replica, person: PersonId, device: DeviceId) -> Record | None:
    """Return the certificate of `device`, for a chain of invitations; None if it is not held."""
    return replica.store.records.current((person, Kind.DEVICE, device_slot(device)))


def write_join(replica: Replica, join: Join, *, above: int = 0) -> None:
    """Write the owner's join of a group; `above` as in `authoring.write`."""
    write(replica, Kind.JOIN, join.slot, join, life=limits.JOIN_LIFE, above=above)


def with_invitations(replica: Replica, join: Join, more: Iterable[Invitation] = ()) -> Join:
    """Return the next version of `join`, by this device, with the open invitations and `more`.

    Answered and expired invitations are left out. Those that another device of the owner has signed stay as they are, so
    that they end with that device if it turns out to be stolen. Of a revoked device those that the revocation keeps are
    signed again, since only a device in use can invite.
    """
    now, me = replica.clock.now(), replica.me
    answered = {
        invitation_tag(join.group_id, member) for member in replica.trust_state.groups.members_known(join.group_id)
    }
    in_use = [one.device for one in replica.trust_state.devices(me)]
    offered = {}
    for found in join.invitations:
        if found.expires <= now or found.tag in answered:
            continue
        if signer_of(join, me, in_use, found) is not None:
            offered[found.tag] = found
        elif _is_kept(replica, join, found):
            offered[found.tag] = invitation(join, me, found.tag, found.expires, replica.keys.sign)
    offered |= {found.tag: found for found in more}
    return Join(fresh_salt(replica), join.group, join.steps, tuple(offered.values()))


def _is_kept(replica: Replica, join: Join, found: Invitation) -> bool:
    """Whether a revoked device of the owner has signed an invitation that its revocation keeps."""
    device = signer_of(join, replica.me, replica.trust_state.revoked_devices(replica.me), found)
    revocation = None if device is None else certificate_of(replica, replica.me, device)
    body = None if revocation is None else readable_body(revocation)
    return isinstance(body, Device) and found.tag in body.kept


def offer_again(replica: Replica) -> None:
    """Write the owner's joins again that have invitations by a revoked device, with those of them that are kept."""
    revoked = replica.trust_state.revoked_devices(replica.me)
    for _, join in replica.trust_state.joins(replica.me) if revoked else ():
        if any(signer_of(join, replica.me, revoked, found) is not None for found in join.invitations):
            write_join(replica, with_invitations(replica, join))


def renew(replica: Replica, record: Record) -> None:
    """Write a join of the owner for another term, or instead of another device."""
    join = body_of(record)
    assert isinstance(join, Join)
    write_join(replica, with_invitations(replica, join), above=record.header.version)


class InvitationMade(NamedTuple):
    """An invitation that a device of the owner's has signed, and the person, where they can be named."""

    tag: bytes
    group: Group
    person: PersonId | None


def signed_by(replica: Replica, device: DeviceId) -> list[InvitationMade]:
    """Return the invitations that this device of the owner's has signed, as far as members rely on them or they are open."""
    trust_state, me, now = replica.trust_state, replica.me, replica.clock.now()
    found = {}
    for member in trust_state.people_with_joins():
        for _, join in trust_state.joins(member):
            for one in invitations_of(member, join):
                if (one.inviter, one.device) == (me, device):
                    found[one.tag] = InvitationMade(one.tag, join.group, one.invited)
    for _, join in trust_state.joins(me):
        for offered in join.invitations:
            if offered.expires > now and signer_of(join, me, [device], offered) is not None:
                found.setdefault(offered.tag, InvitationMade(offered.tag, join.group, None))
    return list(found.values())


def leave(replica: Replica, join: Join) -> None:
    """Withdraw the owner's join, which ends the membership everywhere.

    People whom nothing else connects to the owner learn of it. Invitations known by now count as answered, so that only
    a new one leads back.
    """
    before = web(replica)
    tag = invitation_tag(join.group_id, replica.me)
    open_ones = [
        found.expires
        for member in replica.trust_state.groups.members_known(join.group_id)
        for _, held in replica.trust_state.joins(member)
        for found in held.invitations
        if held.group_id == join.group_id and found.tag == tag
    ]
    with replica.transaction():
        withdraw(replica, Kind.JOIN, join.slot)
        note_former_web(replica, before)
        replica.store.meta.set(_answered(join), str(max(open_ones, default=0)))


def answered_until(replica: Replica, join: Join) -> int:
    """Return the latest expiry of the invitations to this group that were answered by leaving it; 0 without any."""
    return int(replica.store.meta.get(_answered(join)) or 0)


def _answered(join: Join) -> str:
    return f"left group {join.group_id.hex()}"


# --- joins at the door -----------------------------------------------------------------------------------------------


def joins_to_show(replica: Replica, person: PersonId) -> list[Record]:
    """Return the owner's joins of the groups in which `person` is known to be.

    The certificates of the other devices that wrote them come first. There are as many records as a self-identification
    holds beside this device's certificate.
    """
    trust_state, me = replica.trust_state, replica.me
    common = [held for held in trust_state.joins(me) if person in trust_state.groups.members_known(held[1].group_id)]
    common = common[: limits.JOINS_SHOWN_MAX]
    writers = dict.fromkeys(device for device, _ in common if device != replica.device)
    records = [certificate_of(replica, me, device) for device in writers]
    records += [replica.store.records.current((me, Kind.JOIN, join.slot)) for _, join in common]
    return [record for record in records if record is not None][: limits.IDENTIFICATION_RECORDS_MAX - 1]


def proved_common_groups(replica: Replica, event: PeerIdentified) -> frozenset[bytes]:
    """Return the slots of the owner's groups in which the peer's self-identification proves them to be."""
    own = {join.group_id: join.slot for _, join in replica.trust_state.joins(replica.me)}
    proved = (_proved(replica, record, event) for record in event.extra if own)
    return frozenset(own[join.group_id] for join in proved if join is not None and join.group_id in own)


def _proved(replica: Replica, record: Record, event: PeerIdentified) -> Join | None:
    """Return the content of a join that came with a certificate, if all of it is valid."""
    header = record.header
    if (header.kind, header.author) != (Kind.JOIN, event.person) or not record.body:
        return None
    if header.device != event.device and not _certified_there(replica, header.device, event):
        return None
    if replica.clock.trusted and header.expires <= replica.clock.now():
        return None
    try:
        check_header(header)
        join = body_of(record)
        assert isinstance(join, Join)
        check_membership(event.person, join)
    except (RemoteError, LocalError):
        return None
    member = replica.trust_state.makes_member(replica.store, event.person, join)
    return join if member and verify_signature(record) else None


def _certified_there(replica: Replica, device: DeviceId, event: PeerIdentified) -> bool:
    """Whether the peer has shown that `device`, which wrote a join in its self-identification, is its own person's."""
    certificates = [
        record
        for record in event.extra
        if (record.header.kind, record.header.author, record.header.device) == (Kind.DEVICE, event.person, device)
    ]
    if replica.trust_state.revoked(event.person, device) or any(is_revocation(one.header) for one in certificates):
        return False
    now = replica.clock.now()
    timely = [one for one in certificates if one.body and (not replica.clock.trusted or one.header.expires > now)]
    return any(verify_signature(one) for one in timely)


def awaits_join(replica: Replica, person: PersonId, slots: Iterable[bytes]) -> bool:
    """Whether `person` is in a group of the owner by a join, in one of these slots, that is not in use here yet.

    They have shown the join. Once it is in use, or its end is known, the trust state says whether they are a member.
    """
    own = {join.slot for _, join in replica.trust_state.joins(replica.me)}
    return any(slot in own and replica.store.records.newest((person, Kind.JOIN, slot)) is None for slot in slots)
