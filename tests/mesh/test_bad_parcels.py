"""Parcels that nobody should take in: each is refused in one line, and changes nothing, or keeps what was sound before the fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.errors import Refused
from meshnode.replica.replica import Replica
from protocol import Record
from protocol.boxes import BoxOpener
from protocol.limits import PARCEL_CHUNK_BYTES
from protocol.parcels import ParcelRecords, encode_parcel_frame
from protocol.parcels.sealing import (
    BOX_BYTES,
    PARCEL_HEAD_BYTES,
    boxes_of,
    open_box,
    read_head,
)
from tests.mesh.test_parcels import friends, strangers
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, post, sees, withdraw
from tests.support.parcels import made, sealed_by, taken

POSTS = 120


@pytest.fixture(scope="module")
def full() -> tuple[Mesh, bytes]:
    """Alice and Bob, who are connected, and a parcel from Alice for Bob that has several chunks."""
    mesh = friends()
    for number in range(POSTS):
        post(mesh, "Alice", f"Offer {number} {'x' * 150}")
    return mesh, made(mesh.nodes["Alice"].replica, lost=True)


def contents(replica: Replica) -> list[object]:
    """Return what a node holds, and what it remembers of parcels."""
    store = replica.store
    rows = sorted(store.records.rows())
    return [rows, store.parcels.people(), *(store.parcels.came_from(one) for one in store.parcels.people())]


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "cut short"),
    "another file": (lambda _: b"PK\x03\x04" * 9_000, "no parcel"),
    "a path in place of a parcel": (lambda _: b"../../etc/passwd" * 500, "no parcel"),
    "a zip bomb": (lambda _: bytes(10_000_000), "no parcel"),
    "of a newer version": (lambda parcel: parcel[:15] + b"\2" + parcel[16:], "newer version"),
    "of 4 billion chunks": (lambda parcel: parcel[:16] + b"\xff" * 4 + parcel[20:], "too large"),
    "with other boxes": (
        lambda parcel: parcel[:20] + bytes(8_000) + parcel[8_020:],
        "nothing in this parcel is for you",
    ),
    "cut in its head": (lambda parcel: parcel[:12], "cut short"),
    "cut in its boxes": (lambda parcel: parcel[:500], "cut short"),
}


@pytest.mark.parametrize("which", BAD)
def test_it_changes_nothing(full: tuple[Mesh, bytes], which: str) -> None:
    mesh, parcel = full
    bob = mesh.nodes["Bob"].replica
    spoil, said = BAD[which]
    before = contents(bob)
    with pytest.raises(Refused) as refused:
        taken(bob, spoil(parcel))
    assert said in refused.value.line
    assert "\n" not in refused.value.line
    assert contents(bob) == before


def test_somebody_elses_parcel_changes_nothing(full: tuple[Mesh, bytes]) -> None:
    _, parcel = full
    mesh = strangers("Eve")
    before = contents(mesh.nodes["Eve"].replica)
    with pytest.raises(Refused, match="nothing in this parcel is for you"):
        taken(mesh.nodes["Eve"].replica, parcel)
    assert contents(mesh.nodes["Eve"].replica) == before


def test_an_outsiders_parcel_changes_nothing() -> None:
    """Eve knows the keys of Bob's computer from somewhere. Bob knows nothing of Eve."""
    mesh = strangers("Eve", "Bob")
    acquaint(mesh, "Eve", "Bob")
    bob = mesh.nodes["Bob"].replica
    bob.store.records.delete([row.id for row in bob.store.records.rows() if row.author == mesh.nodes["Eve"].person])
    before = contents(bob)
    with pytest.raises(Refused, match="not connected"):
        taken(bob, forged(mesh.nodes["Eve"].replica, bob, []))
    assert contents(bob) == before


@pytest.mark.parametrize("spoiled", ["cut", "changed"])
def test_what_was_sound_before_the_damage_is_kept_and_there_is_no_receipt(spoiled: str) -> None:
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    gone = post(mesh, "Alice", "Gone soon")
    taken(bob, made(alice))
    withdraw(mesh, "Alice", gone)
    for number in range(POSTS):
        post(mesh, "Alice", f"Offer {number} {'x' * 150}")
    parcel = made(alice, lost=True)
    at = first_chunk(bob, parcel) + 2 * PARCEL_CHUNK_BYTES + 100
    bad = parcel[:at] if spoiled == "cut" else parcel[:at] + bytes([parcel[at] ^ 1]) + parcel[at + 1 :]
    with pytest.raises(Refused, match="was kept"):
        taken(bob, bad)
    seen = sees(mesh, "Bob")
    assert "Gone soon" not in seen, "what takes back comes first"
    assert 0 < len(seen) < POSTS
    taken(bob, parcel)
    assert len(sees(mesh, "Bob")) == POSTS


def test_a_parcel_that_is_taken_in_again_or_too_late_changes_nothing_more(full: tuple[Mesh, bytes]) -> None:
    mesh, parcel = full
    bob = mesh.nodes["Bob"].replica
    taken(bob, parcel)
    before = contents(bob)[0]
    again = taken(bob, parcel)
    assert (again.new, again.again) == (0, True)
    assert contents(bob)[0] == before


def test_a_record_that_nobody_signed_ends_it(full: tuple[Mesh, bytes]) -> None:
    mesh, _ = full
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    good = post(mesh, "Alice", "Good")
    bad = post(mesh, "Alice", "Bad")
    forgery = Record(bad.header, bad.header_bytes, bytes(64), bad.body)
    with pytest.raises(Refused, match="damaged"):
        taken(bob, forged(alice, bob, [good, forgery]))
    assert "Good" in sees(mesh, "Bob")
    assert "Bad" not in sees(mesh, "Bob")


def test_a_part_that_was_sealed_again_for_somebody_else_is_refused() -> None:
    """Bob opens a part by Alice, and seals the opening that she has signed for Carol."""
    mesh = friends("Carol")
    alice, carol = mesh.nodes["Alice"].replica, mesh.nodes["Carol"].replica
    before = contents(carol)
    with pytest.raises(Refused, match="nothing in this parcel is for you"):
        taken(carol, forged(alice, carol, [], addressee=mesh.nodes["Bob"].person))
    assert contents(carol) == before


def first_chunk(reader: Replica, parcel: bytes) -> int:
    """Return where the part for a reader begins in a parcel."""
    chunks = read_head(parcel[:PARCEL_HEAD_BYTES])
    end = PARCEL_HEAD_BYTES + boxes_of(chunks) * BOX_BYTES
    boxes = [parcel[at : at + BOX_BYTES] for at in range(PARCEL_HEAD_BYTES, end, BOX_BYTES)]
    opener = BoxOpener(reader.keys.letter_private)
    (part,) = [found for box in boxes if (found := open_box(box, chunks, opener))]
    return end + part.first * PARCEL_CHUNK_BYTES


def forged(maker: Replica, reader: Replica, records: list[Record], *, addressee: bytes | None = None) -> bytes:
    """Return a parcel by a dishonest program: with any records, and an opening for anybody."""
    held = encode_parcel_frame(ParcelRecords(tuple(record.wire for record in records)))
    return sealed_by(maker, reader, [held], addressee=addressee)
