"""In whichever way a post ends, for all or for some, its photos are with those who have a post that names them, and nowhere else."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pytest

from meshnode.app import upkeep
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings, photos
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from meshnode.errors import NotFound
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from protocol import limits
from tests.support.disk_images import clone, image_of
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, revoke, village
from tests.support.mesh_people import block, vouch

PHOTO, SMALL = random.Random(1).randbytes(45_000), random.Random(2).randbytes(3_000)
EVERYBODY = ("Laptop", "Pi", "Bob", "Carol")


@dataclass(frozen=True)
class Bench:
    """A mesh in which Alice, with a laptop and a Pi, has posted a bench with a photo, which Bob and Carol have."""

    mesh: Mesh
    photo: bytes
    thumbnail: bytes

    def replica(self, name: str) -> Replica:
        return replica(self.mesh, name)

    def edit(self, name: str, edit: ListingEdit) -> None:
        listings.edit(self.replica(name), Catalog(self.replica(name)), "A bench", edit)

    def withdraw(self, name: str, title: str = "A bench") -> None:
        lifecycle.withdraw(self.replica(name), Catalog(self.replica(name)), title)

    def go_on(self) -> None:
        """Let what was done become known, photos come and be decoded, and upkeep delete what is to go."""
        for number in range(5):
            for node in self.mesh.nodes.values():
                node.replica.changes.deliver()
            self.mesh.settle()
            for node in self.mesh.nodes.values():
                decode(node.replica)
            self.mesh.advance(30 * (1 + number))

    def seen(self, hash_: bytes) -> list[str]:
        """Return by whom the photo can be seen."""
        return sorted(name for name, node in self.mesh.nodes.items() if is_shown(node.replica, hash_))

    def lies_about(self, name: str) -> bool:
        """Whether a photo is on this node without a post in use that names it, or a way to renew it."""
        store = self.replica(name).store
        named = [*store.photos.named_by(self.photo), *store.archive.all()]
        return bool(store.photos.usage()) and not named


def is_shown(replica: Replica, hash_: bytes) -> bool:
    try:
        photos.shown(replica, hash_.hex())
    except NotFound:
        return False
    return True


def decode(replica: Replica) -> None:
    while found := replica.photos.to_decode(100):
        with replica.transaction():
            for hash_, data in found:
                replica.store.photos.note_checked(hash_, b"shown " + data)


def offer(mesh: Mesh, name: str, title: str) -> Bench:
    node = replica(mesh, name)
    given = photos.keep(node, PHOTO, SMALL)
    listings.post(node, ListingDraft("offer", title, audience="network_wide", photos=(given,)))
    return Bench(mesh, bytes.fromhex(given.photo), bytes.fromhex(given.thumbnail))


def posted_by(name: str) -> Bench:
    mesh = village()
    bench = offer(mesh, name, "A bench")
    bench.go_on()
    assert bench.seen(bench.photo) == sorted(EVERYBODY)
    return bench


Step = Callable[[Bench], None]


def narrowed(bench: Bench) -> None:
    bench.edit("Laptop", ListingEdit(audience="my_cell"))


def narrowed_and_widened(bench: Bench) -> None:
    narrowed(bench)
    bench.go_on()
    bench.edit("Laptop", ListingEdit(audience="network_wide"))


def closed(bench: Bench) -> None:
    lifecycle.close(bench.replica("Laptop"), Catalog(bench.replica("Laptop")), "A bench")


def closed_and_forgotten(bench: Bench) -> None:
    closed(bench)
    bench.mesh.advance(200 * limits.DAY)


def posted_twice(bench: Bench) -> None:
    offer(bench.mesh, "Laptop", "The same bench")
    bench.go_on()
    bench.withdraw("Laptop")


def posted_twice_and_withdrawn_twice(bench: Bench) -> None:
    posted_twice(bench)
    bench.go_on()
    bench.withdraw("Laptop", "The same bench")


ENDS: dict[str, tuple[str, Step, Collection[str]]] = {
    "another title": ("Laptop", lambda bench: bench.edit("Laptop", ListingEdit(title="A seat")), EVERYBODY),
    "photos taken away": ("Laptop", lambda bench: bench.edit("Laptop", ListingEdit(clear=("photos",))), ()),
    "audience narrowed": ("Laptop", narrowed, ("Laptop", "Pi")),
    "audience narrowed, and widened again": ("Laptop", narrowed_and_widened, EVERYBODY),
    "withdrawn": ("Laptop", lambda bench: bench.withdraw("Laptop"), ()),
    "withdrawn on the other device": ("Laptop", lambda bench: bench.withdraw("Pi"), ()),
    "posted on one device and withdrawn on the other": ("Pi", lambda bench: bench.withdraw("Laptop"), ()),
    "closed, and it can be renewed": ("Laptop", closed, ("Laptop",)),
    "closed, and too long ago to be renewed": ("Laptop", closed_and_forgotten, ()),
    "another post has the same photo": ("Laptop", posted_twice, EVERYBODY),
    "both posts with the photo are withdrawn": ("Laptop", posted_twice_and_withdrawn_twice, ()),
    "trust between neighbors ends": (
        "Laptop",
        lambda bench: vouch(bench.mesh, "Bob", "Carol", 0),
        ("Laptop", "Pi", "Bob"),
    ),
    "blocked": ("Laptop", lambda bench: block(bench.mesh, "Laptop", "Bob"), ("Laptop", "Pi")),
    "posted on a device that is revoked, and discarded": ("Pi", lambda bench: _revoke(bench, discard=True), ("Pi",)),
    "posted on a device that is revoked, and kept": ("Pi", lambda bench: _revoke(bench, discard=False), EVERYBODY),
}


def _revoke(bench: Bench, *, discard: bool) -> None:
    revoke(bench.mesh, discard=discard)


@pytest.mark.parametrize("end", ENDS)
def test_photos_are_where_a_post_with_them_is(end: str) -> None:
    poster, step, left = ENDS[end]
    bench = posted_by(poster)
    step(bench)
    bench.mesh.advance(2 * photos.UNUSED_SECONDS)  # what was added lately might be in a form
    bench.go_on()
    assert bench.seen(bench.photo) == bench.seen(bench.thumbnail) == sorted(left)
    working = [name for name in EVERYBODY if not is_self_revoked(bench.replica(name))]  # a revoked device does nothing
    assert not [name for name in working if bench.lies_about(name)]
    assert not [name for name in working if bench.replica(name).store.photos.has_unnamed()]


def test_a_copied_disk_has_the_photos_and_loses_them_with_the_post() -> None:
    bench = posted_by("Laptop")
    clone(bench.mesh, "Bob", image_of(bench.mesh, "Bob"), "Bob's other machine")
    copy = bench.replica("Bob's other machine")
    assert photos.shown(copy, bench.photo.hex()) == b"shown " + PHOTO
    bench.mesh.wire("Laptop", "Bob's other machine")
    bench.withdraw("Laptop")
    bench.go_on()
    assert bench.seen(bench.photo) == []
    assert copy.store.photos.usage() == {}


def test_a_photo_that_waits_to_be_decoded_goes_with_its_post_too() -> None:
    mesh = village()
    bench = offer(mesh, "Laptop", "A bench")
    bench.replica("Laptop").changes.deliver()
    mesh.settle()
    mesh.advance(2)
    bob = bench.replica("Bob")
    waiting = bob.photos.to_decode(8)
    assert waiting
    bench.withdraw("Laptop")
    bench.replica("Laptop").changes.deliver()
    mesh.settle()
    with bob.transaction():  # the child was at work meanwhile
        for hash_, data in waiting:
            bob.store.photos.note_checked(hash_, b"shown " + data)
    assert bob.store.photos.usage() == {}
    assert upkeep.make_room(bob) == upkeep.UPKEEP_SECONDS
