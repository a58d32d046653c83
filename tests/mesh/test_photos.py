"""Photos go where their listings go, and nowhere else, over any number of nodes; they end with them."""

from __future__ import annotations

import random

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings, photos
from meshnode.app.listings.listings import ListingDraft
from meshnode.app.listings.view import ListingView
from meshnode.store.photos import PhotoState
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend

PHOTO, SMALL = random.Random(1).randbytes(123_456), random.Random(2).randbytes(4_321)


def offer(mesh: Mesh, name: str, *, audience: str = "trusted_network", photo: bytes = PHOTO) -> ListingView:
    """Have somebody post an offer with a photo."""
    replica = mesh.nodes[name].replica
    given = photos.keep(replica, photo, SMALL + photo[:10])
    posted = listings.post(replica, ListingDraft("offer", "A bench", audience=audience, photos=(given,)))
    replica.changes.deliver()
    return posted


def check(mesh: Mesh) -> None:
    """Have every node decode what came: what a child process does on a real one."""
    for node in mesh.nodes.values():
        store = node.replica.store
        with node.replica.transaction():
            for hash_, data in store.photos.unchecked(100):
                store.photos.note_checked(hash_, b"shown " + data)


def go_on(mesh: Mesh, rounds: int = 4) -> None:
    for _ in range(rounds):
        mesh.settle()
        check(mesh)
        mesh.advance(20)
    mesh.settle()


def held(mesh: Mesh, name: str, photo: str) -> bool:
    state = mesh.nodes[name].replica.store.photos.state(bytes.fromhex(photo))
    return state in (PhotoState.OWN, PhotoState.CHECKED)


def a_row() -> Mesh:
    """Alice - Bob - Carol, who vouch for their neighbors; Mallory is Bob's friend, and Alice trusts neither enough."""
    mesh = Mesh(5)
    for name in ("Alice", "Bob", "Carol", "Mallory"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    befriend(mesh, "Bob", "Mallory", 300, 900)
    for a, b in (("Alice", "Bob"), ("Bob", "Carol"), ("Bob", "Mallory")):
        mesh.wire(a, b)
    mesh.settle()
    return mesh


def test_a_photo_comes_with_its_listing_over_a_relay_and_to_nobody_else() -> None:
    mesh = a_row()
    posted = offer(mesh, "Alice")
    go_on(mesh)
    (photo,) = posted.photos
    assert [name for name in mesh.nodes if held(mesh, name, photo.photo)] == ["Alice", "Bob", "Carol"]
    assert [name for name in mesh.nodes if held(mesh, name, photo.thumbnail)] == ["Alice", "Bob", "Carol"]
    carol = mesh.nodes["Carol"].replica
    assert carol.store.photos.given(bytes.fromhex(photo.photo)) == PHOTO
    assert photos.shown(carol, photo.photo) == b"shown " + PHOTO


def test_it_goes_everywhere_with_its_listing() -> None:
    mesh = a_row()
    posted = offer(mesh, "Alice")
    go_on(mesh)
    alice = mesh.nodes["Alice"].replica
    lifecycle.withdraw(alice, Catalog(alice), posted.id)
    alice.changes.deliver()
    mesh.settle()
    for name, node in mesh.nodes.items():
        photo = posted.photos[0]
        assert node.replica.store.photos.state(bytes.fromhex(photo.photo)) is None, name
        assert node.replica.store.photos.sizes() == {}, name
