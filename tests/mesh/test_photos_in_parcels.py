"""Photos travel in parcels behind all records: to those who may have their posts, within the room that there is for photos."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshnode.app.parcels import knowledge, photos
from meshnode.errors import Refused, StorageFull
from meshnode.replica.photo_room import PhotoRoom
from meshnode.store import photos as stored_photos
from protocol import Kind, limits, photo_hash, photo_parts
from protocol.parcels import ParcelPhoto, ParcelReceipts, encode_parcel_frame
from tests.mesh.test_parcels import friends, give_card
from tests.mesh.test_photos import PHOTO, check, go_on, held, offer
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, befriend, block, sees
from tests.support.parcels import carry, frames_in, made, sealed_by, taken


def photos_in(mesh: Mesh, parcel: bytes, name: str) -> list[str]:
    """Return the names of the photos in a parcel for somebody, in their order."""
    frames = frames_in(parcel, mesh.nodes[name].replica)
    return list(dict.fromkeys(frame.photo.hex() for frame in frames if isinstance(frame, ParcelPhoto)))


def test_a_photo_comes_with_its_post_and_goes_on_from_there() -> None:
    mesh = friends("Carol")
    give_card(mesh, "Bob", "Carol")
    carry(mesh, "Carol", "Bob")
    carry(mesh, "Bob", "Carol")
    carry(mesh, "Carol", "Bob")
    posted = offer(mesh, "Alice", audience="network_wide")
    (photo,) = posted.photos
    parcel = made(mesh.nodes["Alice"].replica)
    assert photos_in(mesh, parcel, "Bob") == [photo.thumbnail, photo.photo]
    there = taken(mesh.nodes["Bob"].replica, parcel)
    assert (there.new, there.photos) == (1, 1)
    assert photos_in(mesh, made(mesh.nodes["Bob"].replica, lost=True), "Carol") == [], "nothing that was not decoded"
    check(mesh)
    assert held(mesh, "Bob", photo.photo)
    onward = carry(mesh, "Bob", "Carol")
    assert onward is not None
    check(mesh)
    assert held(mesh, "Carol", photo.photo)
    assert mesh.nodes["Carol"].replica.store.photos.given(bytes.fromhex(photo.photo)) == PHOTO


def test_a_photo_is_carried_once_and_to_nobody_who_may_not_see_its_post() -> None:
    mesh = friends()
    shared, secret = (
        offer(mesh, "Alice", audience="network_wide"),
        offer(mesh, "Alice", audience="my_cell", photo=PHOTO[9:]),
    )
    parcel = made(mesh.nodes["Alice"].replica)
    assert secret.photos[0].photo not in photos_in(mesh, parcel, "Bob")
    assert made(mesh.nodes["Alice"].replica, lost=True) == b""
    taken(mesh.nodes["Bob"].replica, parcel)
    check(mesh)
    back = made(mesh.nodes["Bob"].replica)
    assert photos_in(mesh, back, "Alice") == [], "Alice has sent it"
    taken(mesh.nodes["Alice"].replica, back)
    mesh.advance(knowledge.RESEND_SECONDS + 1)
    again = made(mesh.nodes["Alice"].replica, lost=True)
    assert not again or shared.photos[0].photo not in photos_in(mesh, again, "Bob")


def test_what_has_no_room_in_a_parcel_goes_into_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "OF_A_PERSON_BYTES", 2 * len(PHOTO) + 30_000)
    mesh = friends()
    names = [offer(mesh, "Alice", audience="network_wide", photo=PHOTO[number:]).photos[0].photo for number in range(3)]
    first, second = made(mesh.nodes["Alice"].replica), made(mesh.nodes["Alice"].replica)
    in_first, in_second = photos_in(mesh, first, "Bob"), photos_in(mesh, second, "Bob")
    assert [name for name in in_first if name in names] == [names[2], names[1]], "those of the newest posts first"
    assert [name for name in in_second if name in names] == [names[0]]
    bob = mesh.nodes["Bob"].replica
    taken(bob, first)
    assert taken(bob, second).photos == 1


def test_the_photos_of_all_posts_are_found_however_few_are_looked_through_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored_photos, "LOOKED_THROUGH_AT_ONCE", 1)
    monkeypatch.setattr(photos, "_LOOKED_AT_ONCE", 1)
    mesh = friends()
    posted = [offer(mesh, "Alice", audience="network_wide", photo=PHOTO[number:]).photos[0] for number in range(4)]
    carried = photos_in(mesh, made(mesh.nodes["Alice"].replica), "Bob")
    assert carried == [one.thumbnail for one in reversed(posted)] + [one.photo for one in reversed(posted)]


def test_looking_through_photos_ends_where_a_part_of_them_begins_with_the_first_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mesh = friends()
    offer(mesh, "Bob")
    store = mesh.nodes["Bob"].replica.store.photos
    newest = store._database.value("SELECT max(record) FROM photo_name")
    monkeypatch.setattr(stored_photos, "LOOKED_THROUGH_AT_ONCE", newest + 1)
    _, before = store.named_here(thumbnail=False)
    assert store.named_here(thumbnail=False, before=before) == ([], None)


def test_a_photo_that_a_session_has_brought_is_in_no_parcel() -> None:
    mesh = Mesh(83)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    posted = offer(mesh, "Alice")
    go_on(mesh)
    mesh.compare()
    mesh.settle()
    mesh.cut("Alice", "Bob")
    mesh.settle()
    assert held(mesh, "Bob", posted.photos[0].photo)
    for name in ("Alice", "Bob"):
        assert made(mesh.nodes[name].replica, lost=True) == b""


def test_a_photo_that_finds_no_room_comes_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = friends()
    (photo,) = offer(mesh, "Alice", audience="network_wide").photos
    with monkeypatch.context() as patched:
        patched.setattr(PhotoRoom, "make_room", lambda *_, **__: False)
        there = carry(mesh, "Alice", "Bob")
    assert there is not None
    assert (there.new, there.photos) == (1, 0)
    back = made(mesh.nodes["Bob"].replica)
    receipts = [frame for frame in frames_in(back, mesh.nodes["Alice"].replica) if isinstance(frame, ParcelReceipts)]
    refused = {prefix for frame in receipts for one in frame.entries for prefix in one.not_taken}
    assert refused == {bytes.fromhex(photo.photo)[:8], bytes.fromhex(photo.thumbnail)[:8]}
    taken(mesh.nodes["Alice"].replica, back)
    mesh.advance(knowledge.RESEND_SECONDS + 1)
    assert photo.photo in photos_in(mesh, made(mesh.nodes["Alice"].replica), "Bob")


def test_a_full_disk_keeps_photos_out_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = friends()
    offer(mesh, "Alice", audience="network_wide")
    bob = mesh.nodes["Bob"].replica

    def full(*_: object, **__: object) -> bool:
        raise StorageFull("the disk is full")

    monkeypatch.setattr(bob.photos, "keep", full)
    there = carry(mesh, "Alice", "Bob")
    assert there is not None
    assert (there.new, there.photos) == (1, 0)
    assert sees(mesh, "Bob") == {"A bench"}


# --- bad ones --------------------------------------------------------------------------------------------------------


def photo_frames(author: bytes, data: bytes) -> list[bytes]:
    return [_part(photo_hash(author, data), part) for part in photo_parts(data)]


def _part(name: bytes, data: bytes) -> bytes:
    return encode_parcel_frame(ParcelPhoto(name, data))


def wanted() -> tuple[Mesh, bytes, str]:
    """Bob has a post of Alice's without its photo; the parcel with which it came said nothing of it."""
    mesh = friends()
    (photo,) = offer(mesh, "Alice", audience="network_wide").photos
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    bob.ingest.receive(list(alice.store.records.bodies(Kind.LISTING, author=alice.me)), alice.me)
    assert sees(mesh, "Bob") == {"A bench"}
    return mesh, alice.me, photo.photo


SPOILED: dict[str, Callable[[bytes], list[bytes]]] = {
    "a part too short": lambda name: [_part(name, b"x")],
    "another photo": lambda name: [*(_part(name, part) for part in photo_parts(PHOTO[::-1]))],
    "parts in disorder": lambda name: [*(_part(name, part) for part in reversed(list(photo_parts(PHOTO))))],
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_photo_that_is_not_the_one_named_ends_the_parcel_and_is_not_kept(spoiled: str) -> None:
    mesh, _, name = wanted()
    bob = mesh.nodes["Bob"].replica
    with pytest.raises(Refused, match="damaged"):
        taken(bob, sealed_by(mesh.nodes["Alice"].replica, bob, SPOILED[spoiled](bytes.fromhex(name))))
    assert bob.store.photos.state(bytes.fromhex(name)) is None


def test_photos_that_no_post_names_or_that_were_interrupted_are_passed_over() -> None:
    mesh, author, _ = wanted()
    bob = mesh.nodes["Bob"].replica
    frames = photo_frames(author, PHOTO)
    strange = photo_frames(author, random.Random(3).randbytes(50_000))
    parcel = sealed_by(mesh.nodes["Alice"].replica, bob, [*frames[:1], *strange, *frames[1:]])
    with pytest.raises(Refused, match="damaged"):
        taken(bob, parcel)
    assert taken(bob, sealed_by(mesh.nodes["Alice"].replica, bob, [*strange, *frames])).photos == 1
    assert bob.store.photos.state(photo_hash(author, random.Random(3).randbytes(50_000))) is None


def test_a_photo_by_somebody_who_may_not_have_its_post_is_passed_over_without_a_word() -> None:
    """Else the receipt would tell them whether the post is here."""
    mesh, author, name = wanted()
    mesh.add("Mallory")
    block(mesh, "Alice", "Mallory")
    acquaint(mesh, "Mallory", "Bob")
    give_card(mesh, "Bob", "Mallory")
    carry(mesh, "Mallory", "Bob")
    bob, mallory = mesh.nodes["Bob"].replica, mesh.nodes["Mallory"].replica
    bob.ingest.receive(list(mesh.nodes["Alice"].replica.store.records.bodies(Kind.POLICY, author=author)), author)
    there = taken(bob, sealed_by(mallory, bob, photo_frames(author, PHOTO)))
    assert there.photos == 0
    assert bob.store.photos.state(bytes.fromhex(name)) is None
    back = made(bob, lost=True)
    receipts = [frame for frame in frames_in(back, mallory) if isinstance(frame, ParcelReceipts)]
    assert all(not one.not_taken for frame in receipts for one in frame.entries)


def test_of_one_part_a_limited_number_of_photos_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PARCEL_PHOTOS_MAX", 3)
    mesh, author, name = wanted()
    bob = mesh.nodes["Bob"].replica
    strange = [frame for number in range(3) for frame in photo_frames(author, bytes([number]) * 100)]
    assert taken(bob, sealed_by(mesh.nodes["Alice"].replica, bob, [*strange, *photo_frames(author, PHOTO)])).photos == 0
    assert bob.store.photos.state(bytes.fromhex(name)) is None
