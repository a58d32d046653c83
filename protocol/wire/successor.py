"""A record without its body, which is that of another version: what a peer that has that version is given in its place.

A renewal differs from the version before it in its header alone. The other version, the *base*, is named as an
announcement names it. What comes out is read like any record: a body with another hash than the header's is none of it.
Spec: protocol/README.md, "Successors".
"""

from __future__ import annotations

from msgspec import Struct

from protocol.codec import decode_array, encode
from protocol.errors import Code, RemoteError
from protocol.limits import POLICY_MAX_BYTES, SUCCESSOR_MAX_BYTES
from protocol.records.record import Record
from protocol.wire.frames import HAVE_PREFIX_BYTES

_FIELDS = 5
_FIRST_BYTE = b"\x95"  # of an array of five: a record is one of three


class Successor(Struct, frozen=True):
    """A record whose body is that of its base."""

    tombstone: Record
    """The record, header only."""
    created: int
    """When its base was made, in UNIX seconds."""
    prefix: bytes
    """The first 12 bytes of its base's id."""
    size: int
    """The length of the body, in bytes."""

    @classmethod
    def of(cls, record: Record, base: tuple[int, bytes]) -> Successor:
        """Return `record`, which is whole, as a successor of the item `base`."""
        created, id_ = base
        return cls(record.without_body(), created, id_[:HAVE_PREFIX_BYTES], len(record.body or b""))

    @classmethod
    def parse(cls, wire: bytes) -> Successor:
        """Return the successor in `wire`. RemoteError MALFORMED, or OVERSIZED."""
        header, signature, created, prefix, size = decode_array(wire, length=_FIELDS, max_bytes=SUCCESSOR_MAX_BYTES)
        tombstone = Record.parse(encode((header, signature, None)))
        if type(created) is not int or created < 0:
            raise RemoteError(Code.MALFORMED, "a base without the time at which it was made")
        if not isinstance(prefix, bytes) or len(prefix) != HAVE_PREFIX_BYTES:
            raise RemoteError(Code.MALFORMED, "a base without the beginning of its id")
        if type(size) is not int or size < 1:
            raise RemoteError(Code.MALFORMED, "a successor without the length of its body")
        if size > POLICY_MAX_BYTES:
            raise RemoteError(Code.OVERSIZED, f"a body of {size} bytes")
        return cls(tombstone, created, prefix, size)

    @property
    def wire(self) -> bytes:
        """The bytes that `parse` reads."""
        record = self.tombstone
        return encode((record.header_bytes, record.signature, self.created, self.prefix, self.size))

    def rebuilt(self, body: bytes) -> Record | None:
        """Return the whole record, given the body of its base; None if that is not the record's body, or is too long."""
        if len(body) != self.size:
            return None
        try:
            return Record.parse(encode((self.tombstone.header_bytes, self.tombstone.signature, body)))
        except RemoteError:
            return None


def is_successor(wire: bytes) -> bool:
    """Whether these bytes, an entry of a Records frame, are to be read as a successor and not as a record."""
    return wire[:1] == _FIRST_BYTE
