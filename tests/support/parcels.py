"""Carries parcels between the nodes of a simulated mesh that has no wires: made, read and taken in as by a running node."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.parcels import parcel_of_one
from meshnode.app.parcels import making, taking
from meshnode.app.parcels.taking import TakenView
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from protocol import Kind, Record, device_slot, person_text
from protocol.parcels import (
    Opening,
    ParcelFrame,
    ParcelReader,
    ParcelRecords,
    Part,
    PartWriter,
    encode_parcel_frame,
    sign_opening,
)
from tests.support.mesh import Mesh


def made(replica: Replica, *people: str, again: bool = False, lost: bool = False) -> bytes:
    """Return a parcel for these people, by name or id; for everybody whom it is usually for without any.

    One that is `lost` is not noted as handed over.
    """
    chunks: list[bytes] = []
    wanted = making.plan(replica, making.ParcelOrder(people, again))
    parcel = complete(making.making(replica, wanted, chunks.append))
    if not parcel.parts:
        return b""
    if not lost:
        making.note_handed_over(replica, parcel)
    whole = b"".join([*parcel.before(), *chunks, *parcel.after()])
    assert len(whole) == parcel.size
    return whole


def taken(replica: Replica, parcel: bytes, *, piece: int = 50_000) -> TakenView:
    """Take a parcel in, in pieces of so many bytes; return what was done. Errors as `taking.ParcelIntake`."""
    intake = taking.ParcelIntake(replica)
    for start in range(0, len(parcel), piece):
        if not intake.done:
            complete(intake.receive(parcel[start : start + piece]))
    return complete(intake.finish())


def carry(mesh: Mesh, giver: str, taker: str) -> TakenView | None:
    """Carry a parcel from one person to another; None if there was nothing new to carry."""
    source, target = mesh.nodes[giver].replica, mesh.nodes[taker].replica
    parcel = made(source, person_text(target.me))
    return taken(target, parcel) if parcel else None


def frames_in(parcel: bytes, *replicas: Replica) -> Iterator[ParcelFrame]:
    """Yield what is in a parcel for these people."""
    for replica in replicas:
        yield from ParcelReader([replica.keys.letter_private]).receive(parcel)


def records_in(parcel: bytes, *replicas: Replica) -> list[Record]:
    """Return the records in a parcel for these people, in their order."""
    frames = frames_in(parcel, *replicas)
    return [Record.parse(wire) for frame in frames if isinstance(frame, ParcelRecords) for wire in frame.entries]


def sealed_by(maker: Replica, reader: Replica, frames: list[bytes], *, addressee: bytes | None = None) -> bytes:
    """Return a parcel by a dishonest program: with an opening for anybody, and any bytes as frames."""
    key = bytes(range(32))
    certificate = maker.store.records.current((maker.me, Kind.DEVICE, device_slot(maker.device)))
    assert certificate is not None
    opening = Opening(maker.entropy(16), maker.clock.now(), addressee or reader.me)
    writer = PartWriter(key)
    opened = encode_parcel_frame(sign_opening(opening, key, (certificate.wire,), maker.keys.sign))
    chunks = [chunk for frame in (opened, *frames) for chunk in writer.add(frame)]
    chunks += writer.finish()
    return b"".join(parcel_of_one(Part(key, 0, len(chunks)), reader.keys.letter_public, chunks))
