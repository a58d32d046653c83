"""Photos go where their listings go, and nowhere else, over any number of nodes; they end with them."""

from __future__ import annotations

import itertools
import random

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings, photos
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from meshnode.app.listings.view import ListingView
from meshnode.errors import NotFound
from meshnode.store.photos import PhotoState
from protocol import Kind
from protocol.session import PhotoRequested
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, vouch

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
        replica = node.replica
        while found := replica.photos.to_decode(100):
            with replica.transaction():
                for hash_, data in found:
                    replica.store.photos.note_checked(hash_, b"shown " + data)


def go_on(mesh: Mesh, rounds: int = 4) -> None:
    """Let photos come: what a neighbor did not have yet is asked for again, more and more rarely."""
    for number in range(rounds):
        mesh.settle()
        check(mesh)
        mesh.advance(20 * (1 + number))
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
        assert node.replica.store.photos.usage() == {}, name


def test_photos_go_when_trust_ends() -> None:
    mesh = a_row()
    posted = offer(mesh, "Alice")
    go_on(mesh)
    bob = mesh.nodes["Bob"].replica
    assert photos.shown(bob, posted.photos[0].photo)
    vouch(mesh, "Alice", "Bob", 0)
    mesh.settle()
    with pytest.raises(NotFound):  # Bob may not have it any longer, but does not know for certain
        photos.shown(bob, posted.photos[0].photo)
    block(mesh, "Bob", "Alice")
    mesh.settle()
    assert not held(mesh, "Bob", posted.photos[0].photo)


def test_an_edit_keeps_the_photos_that_it_names_and_drops_the_others() -> None:
    mesh = a_row()
    posted = offer(mesh, "Alice")
    go_on(mesh)
    alice = mesh.nodes["Alice"].replica
    before = mesh.bytes_sent
    listings.edit(alice, Catalog(alice), posted.id, ListingEdit(title="A green bench"))
    alice.changes.deliver()
    go_on(mesh)
    assert held(mesh, "Carol", posted.photos[0].photo)
    assert mesh.bytes_sent - before < len(PHOTO), "the photo was not sent again"
    listings.edit(alice, Catalog(alice), posted.id, ListingEdit(clear=("photos",)))
    alice.changes.deliver()
    mesh.settle()
    assert not any(held(mesh, name, posted.photos[0].photo) for name in mesh.nodes)


def test_an_ended_post_is_renewed_with_its_photos() -> None:
    mesh = a_row()
    posted = offer(mesh, "Alice")
    go_on(mesh)
    alice = mesh.nodes["Alice"].replica
    lifecycle.close(alice, Catalog(alice), posted.id)
    alice.changes.deliver()
    mesh.settle()
    assert [name for name in mesh.nodes if held(mesh, name, posted.photos[0].photo)] == ["Alice"]
    photos.clear_up(alice)
    lifecycle.renew(alice, Catalog(alice), posted.id, lifecycle.Renewal())
    alice.changes.deliver()
    go_on(mesh)
    assert held(mesh, "Carol", posted.photos[0].photo)


def test_the_photos_that_the_owner_looks_at_come_first() -> None:
    mesh = a_row()
    posted = [offer(mesh, "Bob", photo=PHOTO + bytes([number])) for number in range(4)]
    carol = mesh.nodes["Carol"].replica
    author = mesh.nodes["Bob"].person
    while len(carol.store.photos.lacking_of(author, 9)) != 8:  # the listings are there, and no photo yet
        mesh.run_for(0.01)
    looked_at = carol.store.photos.lacking_of(author, 9)[-1]
    assert not looked_at.thumbnail
    assert carol.photos.queue.look([looked_at.hash])
    assert carol.photos.queue.lacking(mesh.time)[0] == looked_at
    go_on(mesh)
    assert all(held(mesh, "Carol", one.photos[0].photo) for one in posted)


def test_nobody_gets_a_photo_of_a_post_that_they_may_not_have_nor_learns_whether_it_is_here() -> None:
    """Mallory asks Bob for everything that is there, and for what is not: all answers are alike."""
    mesh = a_row()
    posted = offer(mesh, "Alice")
    own = offer(mesh, "Bob", audience="network_wide", photo=PHOTO + b"!")
    go_on(mesh)
    bob = mesh.nodes["Bob"]
    serving = next(one._serving for one in bob.conversations if one.peer == mesh.nodes["Mallory"].person)
    assert serving is not None
    answers: list[bytes | None] = []

    class Listening:
        def give(self, data: bytes | None) -> None:
            answers.append(data)

    serving.photos._session = type("Session", (), {"photos": Listening()})()
    for name in (posted.photos[0].photo, posted.photos[0].thumbnail, "ab" * 32, own.photos[0].photo):
        serving.photos.handle(PhotoRequested(bytes.fromhex(name)), mesh.time)
    assert answers == [None, None, None, None] or answers == [None, None, None, PHOTO + b"!"]
    shown = {row.author for row in mesh.nodes["Mallory"].replica.store.records.rows(kinds=(Kind.LISTING,))}
    assert (answers[3] is not None) is (bob.person in shown)


@pytest.mark.parametrize("seed", range(6))
def test_in_any_web_a_photo_is_where_its_listing_is_and_nowhere_else(seed: int) -> None:
    """People, vouches and audiences at random; then vouches end. On each node: a photo is held iff its listing is."""
    chance = random.Random(seed)
    mesh = Mesh(seed)
    names = [f"P{number}" for number in range(7)]
    for name in names:
        mesh.add(name)
    for a, b in itertools.combinations(names, 2):
        if chance.random() < 0.45:
            befriend(mesh, a, b, chance.choice([300, 700, 900]), chance.choice([300, 700, 900]))
            mesh.wire(a, b)
    mesh.settle()
    posted = [
        (
            name,
            offer(mesh, name, audience=chance.choice(["trusted_network", "network_wide"]), photo=PHOTO + name.encode()),
        )
        for name in names
    ]
    for _ in range(3):
        go_on(mesh, rounds=9)
        for node in mesh.nodes.values():
            store = node.replica.store
            for _, listing in posted:
                for hash_ in (listing.photos[0].photo, listing.photos[0].thumbnail):
                    named = store.photos.named_by(bytes.fromhex(hash_))
                    assert (store.photos.state(bytes.fromhex(hash_)) is not None) is bool(named), (
                        node.name,
                        listing.id,
                    )
        a, b = chance.sample(names, 2)
        vouch(mesh, a, b, 0) if chance.random() < 0.7 else block(mesh, a, b)
