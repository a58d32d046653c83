"""Remembers what a contact's device holds, as a comparison in a session has shown: no parcel has to carry that.

An item is 16 bytes: the hash of a register and the beginning of a record's id, or the same of a photo's name. A device holds
what both sides had when their roots were equal, and the photos that they have given each other until then. What was given
after the last comparison is carried once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice

from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from meshnode.store import HeldItems
from protocol import DeviceId, PersonId, PhotoHash, RecordId, Register, limits
from protocol.wire import Marks

HELD_ITEMS_MAX = 200_000  # of one device, 3.2 MB: beyond it the oldest are forgotten, and sent again
HELD_DEVICES_MAX = 32  # by sessions: of more, those that were met least lately are forgotten
HELD_PARTS_MAX = 32  # of one device, before they are put together
ITEMS_A_STEP = 20_000  # some 10 ms
HEARD_SECONDS = limits.DAY  # between two notes that nothing is new: an SD card wears out
_ROWS_A_STEP = 500  # read from the store, some 5 ms
_REGISTER_BYTES = 8
_PREFIX_BYTES = 8
_ITEM_BYTES = _REGISTER_BYTES + _PREFIX_BYTES

Item = tuple[bytes, bytes]
"""The hash of a register, and the beginning of a record's id."""


def register_hash(register: Register) -> bytes:
    """Return the short hash by which a register is remembered here; it is told to nobody."""
    author, kind, slot = register
    return blake2b(author + bytes([kind]) + slot, digest_size=_REGISTER_BYTES).digest()


def prefix(record_id: RecordId) -> bytes:
    """Return the beginning of a record's id, as receipts name it."""
    return record_id[:_PREFIX_BYTES]


def item_of(register: Register, record_id: RecordId) -> bytes:
    """Return the item of a record, in 16 bytes."""
    return register_hash(register) + prefix(record_id)


def photo_item(photo: PhotoHash) -> bytes:
    """Return the item of a photo, in 16 bytes: it is in no register, so a hash of its name stands there."""
    return blake2b(photo, digest_size=_REGISTER_BYTES).digest() + photo[:_PREFIX_BYTES]


def items_in(joined: bytes) -> Iterator[Item]:
    """Yield the items in these bytes, 16 for each."""
    for at in range(0, len(joined), _ITEM_BYTES):
        yield joined[at : at + _REGISTER_BYTES], joined[at + _REGISTER_BYTES : at + _ITEM_BYTES]


def pieces_of(joined: bytes) -> Iterator[Iterator[Item]]:
    """Yield the items in these bytes, as many at once as one step takes."""
    for at in range(0, len(joined), ITEMS_A_STEP * _ITEM_BYTES):
        yield items_in(joined[at : at + ITEMS_A_STEP * _ITEM_BYTES])


def merging_items(parts: Iterable[bytes]) -> Steps[bytes]:
    """Return these items as one: of each register the last, and of too many those that came last."""
    found: dict[bytes, bytes] = {}
    for part in parts:
        for number, piece in enumerate(pieces_of(part)):
            if number:
                yield
            for register, one in piece:
                found.pop(register, None)
                found[register] = one
    latest = islice(found.items(), max(0, len(found) - HELD_ITEMS_MAX), None)
    return b"".join(register + one for register, one in latest)


def noting_agreed(
    replica: Replica, person: PersonId, device: DeviceId, agreed: Sequence[Marks], photos: Collection[PhotoHash]
) -> Steps[None]:
    """Note that this device of `person` holds these items and photos, beside what it is known to hold.

    Only of people for whom parcels are made: the owner, whom they vouch for, and with whom they have an exchange.
    """
    vouched = replica.trust_state.graph.weight(replica.me, person) > 0
    if not vouched and person != replica.me and person not in replica.trust_state.counterparts:
        return
    store, now = replica.store.parcels, replica.clock.now()
    parts = [held for held in store.held_by_sessions(person) if held.device == device]
    known: set[bytes] = set()
    for part in parts:
        for number, piece in enumerate(pieces_of(part.items)):
            if number:
                yield
            known.update(one for _, one in piece)
    fresh = yield from _lacking(agreed, known)
    added = bytearray().join(photo_item(photo) for photo in photos if prefix(photo) not in known)
    for start in range(0, len(fresh), _ROWS_A_STEP):
        if start:
            yield
        rows = replica.store.records.rows_of(fresh[start : start + _ROWS_A_STEP])
        added += b"".join(item_of(row.register, row.id) for row in rows)
    if not added and any(now - part.heard < HEARD_SECONDS for part in parts):
        return
    if len(parts) < HELD_PARTS_MAX and len(known) + len(fresh) <= HELD_ITEMS_MAX:
        store.add_held_by_session(HeldItems(device, now, bytes(added)), person, keep=HELD_DEVICES_MAX)
    else:
        merged = yield from merging_items([*(part.items for part in parts), bytes(added)])
        store.set_held_by_sessions(HeldItems(device, now, merged), person)


def _lacking(agreed: Sequence[Marks], known: set[bytes]) -> Steps[list[RecordId]]:
    """Return the ids of those items that are not known to be held; of too many items only the newest count."""
    fresh: list[RecordId] = []
    room = HELD_ITEMS_MAX
    for marks in agreed:
        numbers = marks.numbers()[-room:] if room else ()
        room -= len(numbers)
        for start in range(0, len(numbers), ITEMS_A_STEP):
            if start:
                yield
            ids = map(marks.table.id, numbers[start : start + ITEMS_A_STEP])
            fresh += [record_id for record_id in ids if prefix(record_id) not in known]
    return fresh
