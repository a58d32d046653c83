"""What records say: one file a kind, each a frozen dataclass that checks itself whoever made it.

A record from a peer is read by `body_of`, which also holds the body against the header it came under.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from protocol.errors import Code, InvalidField, LocalError, RemoteError
from protocol.place import Precision
from protocol.records.device import Device
from protocol.records.join import Group, GroupKind, Invitation, Join, Step
from protocol.records.letter import Letter
from protocol.records.listing import CATEGORIES, LISTING_TYPES, URGENCIES, Listing
from protocol.records.policy import UNSET_PREFERENCE, Block, Policy, Preference, Vouch
from protocol.records.profile import Profile
from protocol.records.record import Kind, Record, is_revocation

__all__ = [
    "CATEGORIES",
    "LISTING_TYPES",
    "UNSET_PREFERENCE",
    "URGENCIES",
    "Block",
    "Body",
    "Device",
    "Group",
    "GroupKind",
    "Invitation",
    "Join",
    "Letter",
    "Listing",
    "Policy",
    "Precision",
    "Preference",
    "Profile",
    "Step",
    "Vouch",
    "body_of",
    "parse",
]

Body: TypeAlias = Device | Policy | Profile | Join | Listing | Letter

_PARSERS: dict[int, Callable[[bytes], Body]] = {
    int(Kind.DEVICE): Device.parse,
    int(Kind.POLICY): Policy.parse,
    int(Kind.PROFILE): Profile.parse,
    int(Kind.JOIN): Join.parse,
    int(Kind.LISTING): Listing.parse,
    int(Kind.LETTER): Letter.parse,
}


def parse(kind: int, body: bytes) -> Body:
    """What `body` says, being of this kind. RemoteError UNKNOWN_KIND, MALFORMED (InvalidField) or OVERSIZED."""
    parser = _PARSERS.get(kind)
    if parser is None:
        raise RemoteError(Code.UNKNOWN_KIND, f"record kind {kind}")
    return parser(body)


def body_of(record: Record) -> Body:
    """What a complete record says, held against its header as well. RemoteError as for `parse`.

    LocalError for a header alone and for a withdrawn record: they say nothing.
    """
    if not record.body:
        raise LocalError("a record without a body says nothing")
    body = parse(record.header.kind, record.body)
    if isinstance(body, Device) and body.revoked != is_revocation(record.header):
        raise InvalidField("revoked", "must be said by body and header alike")
    if isinstance(body, Policy) and any(vouch.subject == record.header.author for vouch in body.vouches):
        raise InvalidField("vouch", "must be for somebody else")
    if isinstance(body, Join) and body.slot != record.header.slot:
        raise InvalidField("group", "must be the one whose slot the header names")
    return body
