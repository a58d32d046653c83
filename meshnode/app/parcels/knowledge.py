"""Knows what somebody holds, so that a parcel carries only what they lack and what they should drop.

They hold what a parcel of theirs had in it, what was in one of ours whose receipt has come, and what both sides had when
they last compared in a session. What is in a parcel without a receipt counts as held for some days, then it is sent again:
a stick may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from meshnode.app.peers.held_items import merging_items, pieces_of, prefix, register_hash
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import DeviceId, PersonId, RecordId, Register, limits
from protocol.parcels import ParcelReceipt

RESEND_SECONDS = 5 * limits.DAY  # without a receipt, as long as a stick needs to come back from the next village
SESSION_SECONDS = 30 * limits.DAY  # since the last session: then all is sent again, also what they refused in sessions
MADE_KEPT = 32  # parts made for one person that wait for a receipt: one a day for a month
CAME_KEPT = 64  # parts of one person whose receipts are sent, 10 kB each at most
RECEIPT_LIFE = 30 * limits.DAY  # then a receipt is not sent again: its part was sent again long ago
_PREFIX_BYTES = 8


class Knowledge:
    """Tells which records somebody holds, as far as it is known. `gathering` reads it in steps."""

    def __init__(self) -> None:
        self._held: set[bytes] = set()
        self._perhaps: dict[bytes, bytes] = {}  # for each register the beginnings of all ids, joined
        self.last = 0
        """When something was last made for them, or heard from them, in UNIX seconds; 0 for never."""

    @classmethod
    def gathering(cls, replica: Replica, person: PersonId) -> Steps[Knowledge]:
        """Return what is known of `person`."""
        known, now, store = cls(), replica.clock.now(), replica.store.parcels
        certified = replica.trust_state.certified
        by_sessions = store.held_by_sessions(person)
        met = {part.device: part.heard for part in by_sessions}  # the last part of each counts
        for part in by_sessions:
            certain = met[part.device] > now - SESSION_SECONDS and certified(person, part.device)
            yield from known._noting(part.items, part.heard, certain=certain)
        for held in store.held_by(person):
            yield from known._noting(held.items, held.heard, certain=certified(person, held.device))
        for made in store.made_for(person):
            yield from known._noting(made.items, made.made, certain=now - RESEND_SECONDS < made.made)
        return known

    def _noting(self, items: bytes, at: int, *, certain: bool) -> Steps[None]:
        self.last = max(self.last, at)
        for piece in pieces_of(items):
            for register, one in piece:
                self._perhaps[register] = self._perhaps.get(register, b"") + one
                if certain:
                    self._held.add(one)
            yield

    @property
    def anything(self) -> bool:
        """Whether they may hold anything at all."""
        return bool(self._perhaps)

    def has(self, record_id: RecordId) -> bool:
        """Whether they are known to hold this record, or were sent it lately."""
        return prefix(record_id) in self._held

    def may_hold_older(self, register: Register, newest: RecordId) -> bool:
        """Whether they may hold another version of this register, and are not known to have this one."""
        versions, latest = self._perhaps.get(register_hash(register), b""), prefix(newest)
        return latest not in self._held and any(version != latest for version in _prefixes(versions))


def note_made(
    replica: Replica, part: bytes, person: PersonId, items: Iterable[bytes], receipts: Iterable[ParcelReceipt]
) -> None:
    """Note a part that was handed over for `person`, and that the receipts in it were told."""
    now, store = replica.clock.now(), replica.store.parcels
    store.add_made(part, person, now, b"".join(items), keep=MADE_KEPT)
    store.note_told([one.parcel for one in receipts], now)


def noting_held(replica: Replica, person: PersonId, device: DeviceId, items: bytes) -> Steps[None]:
    """Note that this device holds these items, each 16 bytes, beside what it is known to hold by parcels."""
    store = replica.store.parcels
    parts = [known.items for known in store.held_by(person) if known.device == device]
    merged = yield from merging_items([*parts, items])
    with replica.transaction():
        for other in {known.device for known in [*store.held_by(person), *store.held_by_sessions(person)]}:
            if not replica.trust_state.certified(person, other):
                store.forget_held(person, other)
        store.set_held(person, device, replica.clock.now(), merged)


def acknowledging(
    replica: Replica, person: PersonId, device: DeviceId, receipts: Iterable[ParcelReceipt]
) -> Steps[None]:
    """Note that these parts have arrived; what was not taken from them is to be sent again in some days."""
    store, arrived = replica.store.parcels, bytearray()
    for receipt in receipts:
        made = store.take_made(receipt.parcel, person)
        if made is None:
            continue
        refused, rest = frozenset(receipt.not_taken), bytearray()
        for piece in pieces_of(made.items):
            for register, one in piece:
                (rest if one in refused else arrived).extend(register + one)
            yield
        if rest:  # as if it were on its way: then it is sent again, and its readers may be ready for it
            store.add_made(made.id, person, made.made, bytes(rest), keep=MADE_KEPT)
    if arrived:
        yield from noting_held(replica, person, device, bytes(arrived))


class ReceiptsDue(Struct, frozen=True):
    """The receipts for what has come from somebody, and whether one of them was never sent."""

    receipts: tuple[ParcelReceipt, ...] = ()
    untold: bool = False


def receipts_due(replica: Replica, person: PersonId) -> ReceiptsDue:
    """Return the receipts for what has come from `person`, also those that were sent before: those may have been lost."""
    since = replica.clock.now() - RECEIPT_LIFE
    came = [one for one in replica.store.parcels.came_from(person) if one.came > since][:CAME_KEPT]
    return ReceiptsDue(
        tuple(ParcelReceipt(one.id, tuple(_prefixes(one.not_taken))) for one in came),
        any(one.told == 0 for one in came),
    )


def _prefixes(ids: bytes) -> Iterator[bytes]:
    for at in range(0, len(ids), _PREFIX_BYTES):
        yield ids[at : at + _PREFIX_BYTES]
