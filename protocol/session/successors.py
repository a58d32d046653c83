"""Gives and reads records as successors of versions that both sides have, so that what is there does not travel.

What a side says because of a successor follows from the compared set and nothing else: whether it has kept the base, or
had refused it, the other side does not learn. Spec: protocol/README.md, "Successors".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from protocol.errors import Code, RemoteError
from protocol.limits import SUCCESSOR_BYTES_A_PULL, SUCCESSORS_NOTED_BYTES, SUCCESSORS_NOTED_MAX
from protocol.records.record import Record, RecordId
from protocol.session.events import Phase, phase_of
from protocol.session.peer_set import PeerSet
from protocol.wire.index import Item
from protocol.wire.successor import Successor, is_successor

FindBody: TypeAlias = Callable[[RecordId], bytes | None]
"""Returns the body of a record that is held, in whatever state; None if it is not held, or without its body."""


class Arrival(Struct, frozen=True):
    """An entry of a Records frame as it was read.

    `size` counts the bytes of the whole record. A successor that could not be made whole is here as its tombstone: with
    the id of its `base`, if that is in the set, or as `unfounded`, if the other side has to give the record whole.
    """

    record: Record
    size: int
    base: RecordId | None = None
    unfounded: bool = False


class Base:
    """An older version of a record, `item`, from whose body that of the record may follow in few bytes.

    The sessions of a node share it: what changes is found out once, and only if somebody pulls the record.
    """

    def __init__(self, item: Item, body: bytes) -> None:
        self.item = item
        self.size = len(body)
        self._body: bytes | None = body
        self._wire: bytes | None = None

    def successor(self, record: Record) -> bytes | None:
        """Return the bytes of the record as a successor of this version; None where that saves little."""
        if self._body is not None:
            successor = Successor.of(record, self.item, self._body)
            self._wire = None if successor is None else successor.wire
            self._body = None
        return self._wire


class GivenSuccessors:
    """Notes which records can be given as successors; each is once, so that a peer that cannot use it gets the whole."""

    def __init__(self) -> None:
        self._bases: dict[RecordId, Base] = {}
        self._noted = 0  # bytes of the bodies of the bases
        self._bytes = 0  # of bodies that did not travel since the last Pull

    def note(self, record_id: RecordId, base: Base) -> None:
        """Note that the other side has an older version. Of too many the oldest notes are forgotten."""
        if base.item[1] in self._bases or record_id in self._bases:
            return  # the older one was not given yet itself: the other side has no such version
        self._bases[record_id] = base
        self._noted += base.size
        while len(self._bases) > SUCCESSORS_NOTED_MAX or self._noted > SUCCESSORS_NOTED_BYTES:
            self._take(next(iter(self._bases)))

    def _take(self, record_id: RecordId) -> Base | None:
        base = self._bases.pop(record_id, None)
        self._noted -= 0 if base is None else base.size
        return base

    def pulled(self) -> None:
        """Note a Pull: the other side has taken in what came before."""
        self._bytes = 0

    def wire_of(self, record: Record) -> bytes:
        """Return the bytes by which this record is to be given."""
        base, size = self._take(record.id), len(record.body or b"")
        if base is None or self._bytes + size > SUCCESSOR_BYTES_A_PULL:
            return record.wire
        successor = base.successor(record)
        if successor is None:
            return record.wire
        self._bytes += size
        return successor


class TakenSuccessors:
    """Reads the entries of Records frames, and makes successors whole."""

    def __init__(self, find_body: FindBody) -> None:
        self._find_body = find_body
        self._bytes = 0  # of bodies that did not travel since our last Pull

    def pulled(self) -> None:
        """Note that we have pulled: what came before is taken in."""
        self._bytes = 0

    def read(self, entry: bytes, peer_sets: Mapping[Phase, PeerSet]) -> Arrival:
        """Return what came. RemoteError MALFORMED, OVERSIZED or FORGED."""
        if is_successor(entry):
            return self._made_whole(Successor.parse(entry), peer_sets)
        record = Record.parse(entry)
        if record.body is None:
            raise RemoteError(Code.MALFORMED, "a pulled record without its body")
        return Arrival(record, len(entry))

    def _made_whole(self, successor: Successor, peer_sets: Mapping[Phase, PeerSet]) -> Arrival:
        self._bytes += successor.size
        if self._bytes > 2 * SUCCESSOR_BYTES_A_PULL:
            raise RemoteError(Code.OVERSIZED, "too many successors")
        tombstone = successor.tombstone
        peer_set = peer_sets[phase_of(tombstone.header.kind)]
        size = len(tombstone.wire) + successor.size
        if (tombstone.header.created, tombstone.id) in peer_set:
            return Arrival(tombstone, size)  # others have brought it meanwhile
        base = peer_set.find(successor.created, successor.prefix)
        if base is None:
            return Arrival(tombstone, size, unfounded=True)
        body = self._find_body(base[1])
        record = None if body is None else successor.rebuilt(body)
        return Arrival(tombstone, size, base=base[1]) if record is None else Arrival(record, size)
