"""Photos on a disk that gets full: they wait, they give way to records, and they stand in nobody's way."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from meshnode.app import upkeep
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings, photos
from meshnode.app.listings.listings import ListingDraft
from meshnode.app.listings.view import ListingView
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import Store
from meshnode.store.photos import Named, PhotoState
from protocol import photo_hash
from tests.support.failing_disk import FailingDisk, disk_full
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, sees
from tests.support.network import replica_of
from tests.support.people import NOW, Person

MEGABYTE = 1024 * 1024
PHOTO, SMALL = random.Random(3).randbytes(190_000), random.Random(4).randbytes(6_000)


def offer(mesh: Mesh, name: str, title: str) -> ListingView:
    replica = mesh.nodes[name].replica
    given = photos.keep(replica, PHOTO, SMALL)
    posted = listings.post(replica, ListingDraft("offer", title, photos=(given,)))
    replica.changes.deliver()
    return posted


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    """A disk that one can fill."""
    disk = FailingDisk("photos-disk")
    yield disk
    disk.unregister()


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk of all stores have so many megabytes left beside their files; it has ten thousand at first."""
    left = [10_000]

    def statvfs(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(f_frsize=MEGABYTE, f_blocks=10_000, f_bavail=left[0])

    monkeypatch.setattr(os, "statvfs", statvfs)

    def set_left(megabytes: int) -> None:
        left[0] = megabytes

    return set_left


def test_a_photo_that_finds_no_space_waits_and_what_takes_back_comes_all_the_same(
    tmp_path: Path, disk: FailingDisk, fill: Callable[[int], None]
) -> None:
    """The conversation once ended with the photo, and a withdrawal failed with the photos that went with it."""
    stores = iter(range(9))
    mesh = Mesh(17, open_store=lambda: Store.open(tmp_path / f"{next(stores)}.db", vfs=disk.name))
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    table, bench = offer(mesh, "Alice", "A table"), offer(mesh, "Alice", "A bench")
    since_sync = [0]

    def fail_large_commits() -> None:
        since_sync[0] += 1
        if since_sync[0] > 80:  # two for each page of four kilobytes; a photo has 48
            since_sync[0] = 0
            disk_full()

    def begin() -> None:
        since_sync[0] = 0

    disk.fail_write, disk.fail_sync = fail_large_commits, begin
    for _ in range(3):
        mesh.advance(20)
    assert {"A table", "A bench"} <= sees(mesh, "Bob")
    bob, alice = (mesh.nodes[name].replica for name in ("Bob", "Alice"))
    wanted = bytes.fromhex(bench.photos[0].photo)
    assert bob.store.photos.state(wanted) is None
    assert bob.store.photos.state(bytes.fromhex(bench.photos[0].thumbnail)) is not None, "small ones fit"
    talking = [one for one in mesh.nodes["Bob"].conversations if one.end is None]
    assert talking
    fill(4)
    lifecycle.withdraw(alice, Catalog(alice), table.id)
    alice.changes.deliver()
    mesh.settle()
    assert "A table" not in sees(mesh, "Bob")
    assert talking == [one for one in mesh.nodes["Bob"].conversations if one.end is None], "nobody had to call again"
    assert bob.store.photos.has_unnamed()
    disk.fail_write = disk.fail_sync = lambda: None
    fill(10_000)
    assert upkeep.make_room(bob) == upkeep.UPKEEP_SECONDS
    assert not bob.store.photos.has_unnamed()
    for _ in range(4):
        mesh.advance(60)
    assert bob.store.photos.state(wanted) is PhotoState.CAME


FRIEND, FAR, STRANGER = Person("Friend"), Person("Far"), Person("Stranger")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Replica]:
    """A node with 12 MB of photos each of a friend, of a friend's friend, of a stranger, and of the owner."""
    with Store.open(tmp_path / "node.db") as store:
        node = replica_of("Alice", store)
        now = node.clock.now()
        policy.vouch(node, FRIEND.id, 900)
        records = [FRIEND.certificate(now), FRIEND.policy({node.me: 900, FAR.id: 800}, now=now), FAR.certificate(now)]
        assert node.ingest.receive(records, FRIEND.id).later == []
        with node.transaction():
            for author in (node.me, FRIEND.id, FAR.id, STRANGER.id):
                for number in range(60):
                    data = number.to_bytes(4, "big").ljust(200_000, b"\1")
                    store.photos.add(photo_hash(author, data), author, data, PhotoState.CHECKED, NOW)
        yield node


def sizes(node: Replica) -> list[int]:
    use = node.store.photos.usage()
    return [use[one].size if one in use else 0 for one in (node.me, FRIEND.id, FAR.id, STRANGER.id)]


def refuses_records(node: Replica) -> bool:
    return node.quota.disk_is_full


def make_room(node: Replica) -> None:
    for _ in range(200):
        if upkeep.make_room(node) == upkeep.UPKEEP_SECONDS:
            return
    raise AssertionError("it never comes to an end")


def test_on_a_full_disk_photos_go_before_records_are_refused_the_farthest_first(
    node: Replica, fill: Callable[[int], None]
) -> None:
    before = sizes(node)
    fill(45)  # records need 50, and then a quarter more
    assert refuses_records(node)
    make_room(node)
    assert not refuses_records(node)
    mine, friend, far, stranger = sizes(node)
    assert stranger == 0
    assert before[2] - far >= 4 * MEGABYTE
    assert (mine, friend) == (before[0], before[1])
    post = FRIEND.listing(now=node.clock.now())
    assert node.ingest.receive([post], FRIEND.id).stored
    after = sizes(node)
    make_room(node)
    assert sizes(node) == after


def test_on_a_full_disk_own_photos_stay_whatever_it_takes(node: Replica, fill: Callable[[int], None]) -> None:
    before = sizes(node)
    fill(20)
    make_room(node)
    assert sizes(node) == [before[0], 0, 0, 0]
    assert refuses_records(node)


def test_nothing_is_deleted_where_the_journal_would_find_no_space(node: Replica, fill: Callable[[int], None]) -> None:
    before = sizes(node)
    fill(5)
    make_room(node)
    assert sizes(node) == before


def test_photos_are_fetched_while_twice_as_much_is_free_as_records_need(
    node: Replica, fill: Callable[[int], None]
) -> None:
    one = Named(bytes(32), 9_000, False, bytes(32), FRIEND.id)
    for left, fetched in ((101, True), (99, False), (51, False), (101, True)):
        fill(left)
        assert node.photos.room.has_room(one) is fetched
        assert not refuses_records(node)
