"""Receipts of parcels: they fit however many there are, and a sender of many costs their reader no memory."""

from __future__ import annotations

import tracemalloc

import pytest

from meshnode.app.parcels import knowledge, taking
from protocol import limits
from protocol.parcels import ParcelReceipt, ParcelReceipts, encode_parcel_frame
from tests.mesh.test_parcels import friends
from tests.support.parcels import frames_in, made, sealed_by, taken


def test_receipts_that_name_thousands_of_records_all_fit() -> None:
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    refused = bytes(8 * limits.PARCEL_NOT_TAKEN_MAX)
    for number in range(knowledge.CAME_KEPT):
        alice.store.parcels.add_came(bytes([number]) * 16, bob.me, alice.clock.now(), refused, keep=knowledge.CAME_KEPT)
    parcel = made(alice)
    receipts = [one for frame in frames_in(parcel, bob) if isinstance(frame, ParcelReceipts) for one in frame.entries]
    assert {one.parcel[0] for one in receipts} == set(range(knowledge.CAME_KEPT))
    assert all(len(one.not_taken) == limits.PARCEL_NOT_TAKEN_MAX for one in receipts)
    taken(bob, parcel)


NOTHING = encode_parcel_frame(ParcelReceipts(()))
LONG = encode_parcel_frame(ParcelReceipts((ParcelReceipt(bytes(16), (bytes(8),) * limits.PARCEL_NOT_TAKEN_MAX),)))


@pytest.mark.parametrize("frames", [[NOTHING] * 40_000, [LONG] * 150], ids=["empty", "long"])
def test_frames_of_receipts_are_not_gathered_in_memory_however_many_there_are(frames: list[bytes]) -> None:
    """A part may have 256 MiB of them."""
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    parcel = sealed_by(alice, bob, frames)
    tracemalloc.start()
    try:
        taken(bob, parcel)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * taking.BATCH_BYTES
