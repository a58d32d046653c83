"""Knows what somebody holds by parcels, so that the next one carries only what they lack and what they should drop.

They hold what a parcel of theirs had in it, and what was in one of ours whose receipt has come. What is in one without a
receipt counts as held for some days, then it is sent again: a stick may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from meshnode.replica.replica import Replica
from protocol import DeviceId, PersonId, Record, RecordId, Register, limits
from protocol.parcels import ParcelReceipt

RESEND_SECONDS = 5 * limits.DAY  # without a receipt, as long as a stick needs to come back from the next village
MADE_KEPT = 32  # parts made for one person that wait for a receipt: one a day for a month
CAME_KEPT = 64  # parts of one person whose receipts are sent, 10 kB each at most
HELD_ITEMS_MAX = 200_000  # of one device, 3.2 MB: beyond it the oldest are forgotten, and sent again
RECEIPT_LIFE = 30 * limits.DAY  # then a receipt is not sent again: its part was sent again long ago
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


def item_of(record: Record) -> bytes:
    """Return the item of a record, in 16 bytes."""
    return register_hash(record.register) + prefix(record.id)


class Knowledge:
    """Tells which records `person` holds, as far as it is known at this moment."""

    def __init__(self, replica: Replica, person: PersonId) -> None:
        now, store = replica.clock.now(), replica.store.parcels
        self._held: set[bytes] = set()
        self._perhaps: dict[bytes, set[bytes]] = {}
        self.last = 0
        """When something was last made for them, or heard from them, in UNIX seconds; 0 for never."""
        for known in store.held_by(person):
            self.last = max(self.last, known.heard)
            certain = replica.trust_state.certified(person, known.device)
            self._note(known.items, certain=certain)
        for made in store.made_for(person):
            self.last = max(self.last, made.made)
            self._note(made.items, certain=now - RESEND_SECONDS < made.made)

    def _note(self, items: bytes, *, certain: bool) -> None:
        for register, one in _items(items):
            self._perhaps.setdefault(register, set()).add(one)
            if certain:
                self._held.add(one)

    @property
    def anything(self) -> bool:
        """Whether they may hold anything at all."""
        return bool(self._perhaps)

    def has(self, record_id: RecordId) -> bool:
        """Whether they are known to hold this record, or were sent it lately."""
        return prefix(record_id) in self._held

    def may_hold_older(self, register: Register, newest: RecordId) -> bool:
        """Whether they may hold another version of this register, and are not known to have this one."""
        versions, latest = self._perhaps.get(register_hash(register), set()), prefix(newest)
        return latest not in self._held and any(version != latest for version in versions)


def note_made(replica: Replica, part: bytes, person: PersonId, items: Iterable[bytes]) -> None:
    """Note a part that was handed over for `person`, and that the receipts in it were told."""
    now, store = replica.clock.now(), replica.store.parcels
    store.add_made(part, person, now, b"".join(items), keep=MADE_KEPT)
    store.note_told([one.parcel for one in receipts_due(replica, person)], now)


def note_held(replica: Replica, person: PersonId, device: DeviceId, items: bytes) -> None:
    """Note that this device holds these items, each 16 bytes, beside what it is known to hold."""
    store = replica.store.parcels
    found: dict[bytes, bytes] = {}
    for known in store.held_by(person):
        if known.device == device:
            found |= dict(_items(known.items))
        elif not replica.trust_state.certified(person, known.device):
            store.forget_held(person, known.device)
    found |= dict(_items(items))
    latest = list(found.items())[-HELD_ITEMS_MAX:]
    store.set_held(person, device, replica.clock.now(), b"".join(register + one for register, one in latest))


def acknowledged(replica: Replica, person: PersonId, device: DeviceId, receipts: Iterable[ParcelReceipt]) -> None:
    """Note that these parts have arrived; what was not taken from them is to be sent again in some days."""
    store, arrived = replica.store.parcels, bytearray()
    for receipt in receipts:
        made = store.take_made(receipt.parcel, person)
        if made is None:
            continue
        refused = frozenset(receipt.not_taken)
        rest = [(register, one) for register, one in _items(made.items) if one in refused]
        arrived += b"".join(register + one for register, one in _items(made.items) if one not in refused)
        if rest:  # as if it were on its way: then it is sent again, and its readers may be ready for it
            store.add_made(made.id, person, made.made, b"".join(map(b"".join, rest)), keep=MADE_KEPT)
    if arrived:
        note_held(replica, person, device, bytes(arrived))


def receipts_due(replica: Replica, person: PersonId) -> list[ParcelReceipt]:
    """Return the receipts for what has come from `person`, also those that were sent before: those may have been lost."""
    since = replica.clock.now() - RECEIPT_LIFE
    return [
        ParcelReceipt(one.id, tuple(one.not_taken[at : at + _PREFIX_BYTES] for at in range(0, len(one.not_taken), 8)))
        for one in replica.store.parcels.came_from(person)
        if one.came > since
    ][:CAME_KEPT]


def has_untold(replica: Replica, person: PersonId) -> bool:
    """Whether a receipt for `person` was never sent."""
    since = replica.clock.now() - RECEIPT_LIFE
    return any(one.told == 0 and one.came > since for one in replica.store.parcels.came_from(person))


def _items(items: bytes) -> Iterator[Item]:
    for at in range(0, len(items), _ITEM_BYTES):
        yield items[at : at + _REGISTER_BYTES], items[at + _REGISTER_BYTES : at + _ITEM_BYTES]
