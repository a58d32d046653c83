"""The room for photos: by author, by the person who answers for them, and in all; what is full comes to rest."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from meshnode.app.owner import policy
from meshnode.replica.photo_room import REFUSED_MAX
from meshnode.replica.replica import Replica
from meshnode.store.photos import Named
from protocol import PersonId, limits, photo_hash
from tests.support.network import replica_of
from tests.support.people import NOW, Person

ROOM, OF_ONE = 6_000_000, 1_500_000
STRANGERS = ROOM // limits.STRANGERS_PART
PHOTO, THUMBNAIL = 150_000, 8_000
BOB, EVE, NORA = Person("Bob"), Person("Eve"), Person("Nora")
FRIENDS, SYBILS = ([Person(f"{kind} {number}") for number in range(8)] for kind in ("friend", "sybil"))


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> Replica:
    """A node with little room. Its owner vouches for Bob, who vouches for friends, and for Eve, who vouches for Sybils."""
    monkeypatch.setattr(limits, "FOREIGN_PHOTO_BYTES_MAX", ROOM)
    monkeypatch.setattr(limits, "AUTHOR_PHOTO_BYTES_MAX", OF_ONE)
    alice = replica_of("Alice")
    now = alice.clock.now()
    for one, behind in ((BOB, FRIENDS), (EVE, SYBILS)):
        policy.vouch(alice, one.id, 900)
        vouches = one.policy({alice.me: 900} | dict.fromkeys(behind, 800), now=now)
        records = [one.certificate(now), vouches, *(person.certificate(now) for person in behind)]
        records += [person.policy({one.id: 900}, now=now) for person in behind]
        assert alice.ingest.receive(records, one.id).later == []
    return alice


@dataclass
class Album:
    """Photos that others have, and how often one was kept here."""

    replica: Replica
    photos: dict[Named, bytes] = field(default_factory=dict)
    kept: int = 0

    def photo(self, author: PersonId, size: int = PHOTO, *, thumbnail: bool = False) -> Named:
        """Return a new photo of this author; one of other bytes each time."""
        data = len(self.photos).to_bytes(4, "big").ljust(size, b"\1")
        one = Named(photo_hash(author, data), size, thumbnail, bytes(32), author)
        self.photos[one] = data
        return one

    def offer(self, one: Named) -> bool:
        """Do with a photo as a conversation does; return whether it is here then."""
        replica, photos = self.replica, self.replica.store.photos
        wanted = replica.photos.queue.is_looked_at(one.hash)
        if photos.state(one.hash) is None and replica.photos.room.has_room(one, wanted=wanted):
            with replica.transaction():
                assert replica.photos.keep(one, self.photos[one], NOW), "it was fetched in vain"
                photos.note_checked(one.hash, self.photos[one])
            self.kept += 1
        return photos.state(one.hash) is not None

    def held(self, author: PersonId) -> int:
        use = self.replica.store.photos.usage().get(author)
        return 0 if use is None else use.size


@pytest.mark.parametrize("seed", range(12))
def test_with_any_number_of_photos_by_anybody_the_caps_hold_and_a_full_node_comes_to_rest(
    alice: Replica, seed: int
) -> None:
    """Photos of all sizes of people near, far and unknown are offered in any order, again and again."""
    chance, album = random.Random(seed), Album(alice)
    people = chance.sample([BOB, EVE, NORA, *FRIENDS, *SYBILS], 9)
    offered = [
        album.photo(chance.choice(people).id, size, thumbnail=size <= limits.THUMBNAIL_BYTES_MAX)
        for size in chance.choices([30, THUMBNAIL, 40_000, PHOTO, limits.PHOTO_BYTES_MAX], k=90)
    ]
    rounds = []
    for _ in range(12):
        chance.shuffle(offered)
        before = album.kept
        for one in offered:
            album.offer(one)
            uses = alice.store.photos.usage()
            assert sum(use.size for use in uses.values()) <= ROOM
            assert all(use.size <= OF_ONE for use in uses.values())
            assert album.held(NORA.id) <= STRANGERS
        rounds.append(album.kept - before)
    assert rounds[-3:] == [0, 0, 0], rounds


def test_what_is_counted_is_what_is_there(alice: Replica) -> None:
    album = Album(alice)
    photos = [album.photo(one.id, thumbnail=one is EVE) for one in (BOB, BOB, EVE, FRIENDS[0])]
    assert all(album.offer(one) for one in photos)
    came = album.photo(BOB.id)
    with alice.transaction():
        alice.photos.keep(came, album.photos[came], NOW)
        alice.store.photos.note_checked(came.hash, None)
    alice.store.photos.delete([photos[0].hash])

    def undone() -> None:
        with alice.transaction():
            alice.store.photos.delete([photos[1].hash])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    counted = alice.store.photos.usage()
    alice.store.photos._note_moved()  # so that it is read from the table
    assert alice.store.photos.usage() == counted
    assert counted[BOB.id].refused == 1


def test_sybils_with_full_photos_leave_the_photos_of_neighbors_and_each_introducer_has_as_much(alice: Replica) -> None:
    album = Album(alice)
    neighbors = [album.photo(person.id) for person in FRIENDS[:4] for _ in range(2)]
    assert all(album.offer(one) for one in neighbors)
    for _ in range(6):
        for person in SYBILS:
            album.offer(album.photo(person.id))
    assert all(album.offer(one) for one in neighbors)
    held = album.kept
    assert sum(album.held(person.id) for person in SYBILS) >= ROOM // 2
    more = [album.photo(person.id) for person in FRIENDS[4:] for _ in range(2)]
    for one in (*more, *more):
        album.offer(one)
    friends, sybils = (sum(album.held(person.id) for person in group) for group in (FRIENDS, SYBILS))
    assert abs(friends - sybils) <= 4 * limits.PHOTO_BYTES_MAX
    assert album.kept > held


def test_the_photos_of_the_nearest_stay_where_the_web_of_one_person_fills_the_room(alice: Replica) -> None:
    album = Album(alice)
    for _ in range(6):
        for person in SYBILS:
            album.offer(album.photo(person.id))
    assert all(album.offer(album.photo(EVE.id)) for _ in range(3)), "she is nearer than those behind her"


def test_an_author_beyond_the_bound_shows_thumbnails_and_what_the_owner_looks_at(alice: Replica) -> None:
    album = Album(alice)
    photos = [album.photo(BOB.id) for _ in range(8)]
    assert [album.offer(one) for one in photos] == [True] * 4 + [False] * 4
    assert album.offer(album.photo(BOB.id, THUMBNAIL, thumbnail=True)), "a photo makes way for it"
    assert not album.offer(photos[5])
    assert alice.photos.queue.look([photos[5].hash])
    assert album.offer(photos[5])
    assert album.held(BOB.id) <= OF_ONE


def test_the_photos_of_somebody_are_left_alone_after_a_few_that_cannot_be_decoded(alice: Replica) -> None:
    album, tried = Album(alice), 0
    for _ in range(REFUSED_MAX + 5):
        one = album.photo(BOB.id)
        if alice.photos.room.has_room(one):
            tried += 1
            with alice.transaction():
                alice.photos.keep(one, album.photos[one], NOW)
                alice.store.photos.note_checked(one.hash, None)
    assert tried == REFUSED_MAX
    assert album.offer(album.photo(EVE.id))


def test_strangers_whom_a_vouch_once_let_in_make_way_first(alice: Replica) -> None:
    album = Album(alice)
    ours = [album.photo(BOB.id) for _ in range(4)]
    assert all(album.offer(one) for one in ours)
    while sum(use.size for use in alice.store.photos.usage().values()) < ROOM - 2 * PHOTO:
        assert any(album.offer(album.photo(person.id)) for person in SYBILS)
    policy.vouch(alice, EVE.id, 0)
    with_room = [album.photo(person.id) for person in FRIENDS for _ in range(4)]
    for one in with_room:
        album.offer(one)
    assert all(album.offer(one) for one in ours)
    assert sum(album.held(person.id) for person in SYBILS) <= STRANGERS + 3 * limits.PHOTO_BYTES_MAX


def test_photos_of_another_device_of_the_owner_have_a_bound_too(alice: Replica) -> None:
    album = Album(alice)
    assert not all(album.offer(album.photo(alice.me)) for _ in range(60))
    assert ROOM - 3 * PHOTO <= album.held(alice.me) <= ROOM
