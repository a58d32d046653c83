"""Reading the body of a record: by its kind, and against the header that it came under.

Each kind of body is a frozen dataclass in a file of its own. It checks its own fields, whether it was received, typed or
computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from protocol.errors import Code, LocalError, RemoteError
from protocol.records.device import Device
from protocol.records.join import Join
from protocol.records.letter import Letter
from protocol.records.listing import Listing
from protocol.records.policy import Policy
from protocol.records.profile import Profile
from protocol.records.record import Kind, Record, is_revocation

Body: TypeAlias = Device | Policy | Profile | Join | Listing | Letter

_PARSERS: dict[int, Callable[[bytes], Body]] = {
    int(Kind.DEVICE): Device.parse,
    int(Kind.POLICY): Policy.parse,
    int(Kind.PROFILE): Profile.parse,
    int(Kind.JOIN): Join.parse,
    int(Kind.LISTING): Listing.parse,
    int(Kind.LETTER): Letter.parse,
}


def parse_body(kind: int, body: bytes) -> Body:
    """Return what `body` says as a body of this kind. RemoteError UNKNOWN_KIND, MALFORMED or OVERSIZED."""
    parser = _PARSERS.get(kind)
    if parser is None:
        raise RemoteError(Code.UNKNOWN_KIND, f"record kind {kind}")
    return parser(body)


def body_of(record: Record) -> Body:
    """Return what a complete record says, once body and header agree. RemoteError as for `parse_body`.

    LocalError for a tombstone and for a withdrawn record: they say nothing.
    """
    if not record.body:
        raise LocalError("a record without a body says nothing")
    body = parse_body(record.header.kind, record.body)
    if isinstance(body, Device) and body.revoked != is_revocation(record.header):
        raise RemoteError(Code.MALFORMED, "revoked must be said by body and header alike")
    if isinstance(body, Policy) and any(vouch.subject == record.header.author for vouch in body.vouches):
        raise RemoteError(Code.MALFORMED, "vouch must be for somebody else")
    if isinstance(body, Join) and body.slot != record.header.slot:
        raise RemoteError(Code.MALFORMED, "group must be the one whose slot the header names")
    return body
