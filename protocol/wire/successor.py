"""A record without its body, which its reader makes of the body of another version: given to a peer that has that version.

A renewal differs from the version before it in its header alone, and an edited policy in a few entries. The other version,
the *base*, is named as an announcement names it. What comes out is read like any record: a body with another hash than the
header's is none of it.
Spec: protocol/README.md, "Successors".
"""

from __future__ import annotations

from msgspec import Struct

from protocol.codec import decode_array, encode
from protocol.errors import Code, RemoteError
from protocol.limits import POLICY_MAX_BYTES, SUCCESSOR_MAX_BYTES, VOUCHES_MAX
from protocol.records.policy import Policy
from protocol.records.policy_changes import PolicyChanges
from protocol.records.record import Kind, Record
from protocol.wire.frames import HAVE_PREFIX_BYTES
from protocol.wire.index import Item

_FIELDS = 6
_FIRST_BYTE = b"\x96"  # of an array of six: a record is one of three


class Successor(Struct, frozen=True):
    """A record whose body is that of its base, or follows from it."""

    tombstone: Record
    """The record, header only."""
    created: int
    """When its base was made, in UNIX seconds."""
    prefix: bytes
    """The first 12 bytes of its base's id."""
    size: int
    """The length of the record's body, in bytes."""
    changes: PolicyChanges | None = None
    """How the body of a policy differs from the base's; None: the two are the same."""

    @classmethod
    def of(cls, record: Record, base: Item, base_body: bytes) -> Successor | None:
        """Return `record`, which is whole, as a successor of `base`; None where that saves little."""
        (created, id_), body = base, record.body or b""
        tombstone, prefix = record.without_body(), id_[:HAVE_PREFIX_BYTES]
        if body == base_body:
            return cls(tombstone, created, prefix, len(body))
        try:
            changes = PolicyChanges.between(Policy.parse(base_body), Policy.parse(body))
        except RemoteError:
            return None  # of another form, or no policy at all
        successor = cls(tombstone, created, prefix, len(body), changes)
        length = len(successor.wire)
        return successor if length <= SUCCESSOR_MAX_BYTES and 2 * length <= len(body) else None

    @classmethod
    def parse(cls, wire: bytes) -> Successor:
        """Return the successor in `wire`. RemoteError MALFORMED, or OVERSIZED."""
        header, signature, created, prefix, size, changes = decode_array(
            wire, length=_FIELDS, max_bytes=SUCCESSOR_MAX_BYTES, max_items=VOUCHES_MAX
        )
        tombstone = Record.parse(encode((header, signature, None)))
        if type(created) is not int or created < 0:
            raise RemoteError(Code.MALFORMED, "a base without the time at which it was made")
        if not isinstance(prefix, bytes) or len(prefix) != HAVE_PREFIX_BYTES:
            raise RemoteError(Code.MALFORMED, "a base without the beginning of its id")
        if type(size) is not int or size < 1:
            raise RemoteError(Code.MALFORMED, "a successor without the length of its body")
        if size > POLICY_MAX_BYTES:
            raise RemoteError(Code.OVERSIZED, f"a body of {size} bytes")
        if changes is not None and tombstone.header.kind != Kind.POLICY:
            raise RemoteError(Code.MALFORMED, "changes of a record that is no policy")
        return cls(tombstone, created, prefix, size, None if changes is None else PolicyChanges.from_value(changes))

    @property
    def wire(self) -> bytes:
        """The bytes that `parse` reads."""
        record = self.tombstone
        changes = None if self.changes is None else self.changes.to_value()
        return encode((record.header_bytes, record.signature, self.created, self.prefix, self.size, changes))

    def rebuilt(self, base_body: bytes) -> Record | None:
        """Return the whole record, given the body of its base; None if that leads to another body, or to one too long."""
        try:
            body = self._body(base_body)
            if body is None or len(body) != self.size:
                return None
            return Record.parse(encode((self.tombstone.header_bytes, self.tombstone.signature, body)))
        except RemoteError:
            return None

    def _body(self, base_body: bytes) -> bytes | None:
        if self.changes is None:
            return base_body
        policy = self.changes.applied(Policy.parse(base_body))
        return None if policy is None else policy.to_body()


def is_successor(wire: bytes) -> bool:
    """Whether these bytes, an entry of a Records frame, are to be read as a successor and not as a record."""
    return wire[:1] == _FIRST_BYTE
