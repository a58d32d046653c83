"""Memberships: the chain of signed statements from a group's founder to a member (protocol/README.md, "Groups").

Every statement is signed by a device and comes with the certificate of that device. So a join proves itself: checking it
takes no other record, and it holds even after the people or devices that signed the statements are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import DeviceId, PersonId, verify
from protocol.limits import GROUP_LINKS_MAX, GROUP_TAG_BYTES, STATEMENTS_REMEMBERED
from protocol.records.certificates import check_certificate
from protocol.records.join import Group, Invitation, Join, Step
from protocol.records.record import Record

_FOUNDING_DOMAIN = b"meshnode founding v1\0"
_INVITATION_DOMAIN = b"meshnode invitation v1\0"
_TAG_DOMAIN = b"meshnode invitation tag v1\0"

Sign = Callable[[bytes], bytes]


class SignedInvitation(NamedTuple):
    """An invitation of a chain: the device of the inviter that signed it, the person invited, and its tag."""

    inviter: PersonId
    device: DeviceId
    invited: PersonId
    tag: bytes


def invitation_tag(group_id: bytes, invited: PersonId) -> bytes:
    """Return the tag that names an invited person, 16 bytes. Only those who know their key can tell who it is."""
    return blake2b(_TAG_DOMAIN + group_id + invited, digest_size=GROUP_TAG_BYTES).digest()


def founded(salt: bytes, group: Group, certificate: Record, sign: Sign) -> Join:
    """Return the founder's join of a new group. `sign` signs for the device of the founder's `certificate`."""
    return Join(salt, group, (Step(certificate.wire, sign(_FOUNDING_DOMAIN + group.id)),))


def invitation(join: Join, inviter: PersonId, tag: bytes, expires: int, sign: Sign) -> Invitation:
    """Return an invitation to the group that `join` makes `inviter` a member of. `sign` signs for the device that writes it.

    LocalError if the chain would become too long.
    """
    if len(join.steps) > GROUP_LINKS_MAX:
        raise LocalError(f"a chain has at most {GROUP_LINKS_MAX} invitations")
    return Invitation(tag, expires, sign(_invitation_message(join.group_id, inviter, tag)))


def open_invitation(
    join: Join, inviter: PersonId, devices: Collection[DeviceId], invited: PersonId
) -> tuple[Invitation, DeviceId] | None:
    """Return the invitation to `invited` in a join of `inviter`, with the one of these `devices` that has signed it.

    None if there is none, or if none of them has. `devices` are those that act for the inviter.
    """
    tag = invitation_tag(join.group_id, invited)
    for found in join.invitations:
        signer = signer_of(join, inviter, devices, found) if found.tag == tag else None
        if signer is not None:
            return found, signer
    return None


def signer_of(join: Join, inviter: PersonId, devices: Collection[DeviceId], offered: Invitation) -> DeviceId | None:
    """Return the one of these `devices` that has signed the invitation `offered` by `inviter`; None if none of them has."""
    message = _invitation_message(join.group_id, inviter, offered.tag)
    return next((device for device in devices if _holds(device, message, offered.signature)), None)


def accepted(salt: bytes, join: Join, answered: Invitation, certificate: Record) -> Join:
    """Return the join of the person invited by `answered`, an invitation in the inviter's `join`.

    `certificate` is that of the device which signed `answered`.
    """
    return Join(salt, join.group, (*join.steps, Step(certificate.wire, answered.signature)))


def check_membership(author: PersonId, join: Join) -> None:
    """Raise RemoteError FORGED unless an unbroken chain leads from the group's founder to `author`.

    RemoteError with another code if a certificate of the chain has a fault of its own. There is no clock: statements do
    not expire. Whether a device that signed one was revoked since is another question: see `is_void`.
    """
    signers = [_signer(step.certificate) for step in join.steps]
    founder, device = signers[0]
    if founder != join.group.founder:
        raise RemoteError(Code.FORGED, "the group was founded by somebody else")
    if not _holds(device, _FOUNDING_DOMAIN + join.group_id, join.steps[0].signature):
        raise RemoteError(Code.FORGED, "the founding statement does not hold")
    if len(signers) == 1:
        if author != founder:
            raise RemoteError(Code.FORGED, "a membership without an invitation")
        return
    if signers[1][0] != founder:
        raise RemoteError(Code.FORGED, "a chain of invitations that does not begin at the founder")
    invited = [person for person, _ in signers[2:]] + [author]
    for (inviter, device), step, guest in zip(signers[1:], join.steps[1:], invited, strict=True):
        tag = invitation_tag(join.group_id, guest)
        if not _holds(device, _invitation_message(join.group_id, inviter, tag), step.signature):
            raise RemoteError(Code.FORGED, "an invitation that does not hold")


def invitations_of(author: PersonId, join: Join) -> list[SignedInvitation]:
    """Return the invitations in the chain of a join of `author` that holds, from the founder on."""
    signers = [_named_by(step.certificate) for step in join.steps[1:]]
    guests = [*(person for person, _ in signers[1:]), author][: len(signers)]
    return [
        SignedInvitation(inviter, device, guest, invitation_tag(join.group_id, guest))
        for (inviter, device), guest in zip(signers, guests, strict=True)
    ]


def is_void(author: PersonId, join: Join, kept: Mapping[tuple[PersonId, DeviceId], Collection[bytes]]) -> bool:
    """Whether a join of `author` that holds makes no member, since an invitation of its chain does not count any longer.

    `kept` has the revoked devices, each with its person and the tags that its revocation keeps.
    """
    return any(
        (one.inviter, one.device) in kept and one.tag not in kept[one.inviter, one.device]
        for one in invitations_of(author, join)
    )


def inviters(join: Join) -> list[PersonId]:
    """Return who invited the author of a join that holds, then who invited those, and so on to the founder."""
    return [_named_by(step.certificate)[0] for step in reversed(join.steps)]


def _invitation_message(group_id: bytes, inviter: PersonId, tag: bytes) -> bytes:
    return _INVITATION_DOMAIN + group_id + inviter + tag


@lru_cache(maxsize=STATEMENTS_REMEMBERED)
def _holds(device: DeviceId, message: bytes, signature: bytes) -> bool:
    return verify(device, message, signature)


@lru_cache(maxsize=STATEMENTS_REMEMBERED // 4)
def _signer(certificate: bytes) -> tuple[PersonId, DeviceId]:
    """Return the person and the device of a certificate. RemoteError if it is none, or that person did not sign it."""
    record = Record.parse(certificate)
    check_certificate(record)
    return record.header.author, record.header.device


@lru_cache(maxsize=STATEMENTS_REMEMBERED // 4)
def _named_by(certificate: bytes) -> tuple[PersonId, DeviceId]:
    """Return the same of a certificate that was checked before, which takes a tenth of the time."""
    header = Record.parse(certificate).header
    return header.author, header.device
