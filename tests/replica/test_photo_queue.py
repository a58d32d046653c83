"""The list of photos that are lacking: of a length that others cannot choose, and fair to those who are few."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.replica import photo_queue
from meshnode.replica.photo_queue import LISTED_AGAIN_SECONDS, NEXT_PART_SECONDS, UNDER_WAY_SECONDS
from meshnode.replica.replica import Replica
from meshnode.store.photos import Named, PhotoState
from protocol import Photo, PhotoHash, person_text
from tests.support.network import replica_of
from tests.support.people import NOW, Person, grown

BOB, EVE = Person("Bob"), Person("Eve")
SYBILS = [Person(f"sybil {number}") for number in range(12)]
LISTED = 60


def photos_of(title: str) -> tuple[Photo, ...]:
    """Return four photos that exist nowhere."""
    return tuple(
        Photo(grown(title, str(number), size=32), 90_000, grown(title, "small", str(number), size=32), 9_000)
        for number in range(4)
    )


def bring(alice: Replica, author: Person, *titles: str, through: Person) -> None:
    now = alice.clock.now()
    posts = [author.listing(title, now=now, photos=photos_of(title)) for title in titles]
    assert alice.ingest.receive(posts, through.id).later == []


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> Replica:
    """A node with a short list, whose owner vouches for Bob, and for Eve, who vouches for a dozen Sybils."""
    monkeypatch.setattr(photo_queue, "LISTED_MAX", LISTED)
    alice = replica_of("Alice")
    now = alice.clock.now()
    for one in (BOB, EVE):
        policy.vouch(alice, one.id, 900)
    behind_eve: dict[Person | bytes, int] = {alice.me: 900, **dict.fromkeys(SYBILS, 800)}
    vouches = EVE.policy(behind_eve, now=now)
    records = [BOB.certificate(now), BOB.policy({alice.me: 900}, now=now), EVE.certificate(now), vouches]
    records += [record for one in SYBILS for record in (one.certificate(now), one.policy({EVE.id: 900}, now=now))]
    assert alice.ingest.receive(records, EVE.id).later == []
    return alice


@pytest.fixture
def flood(alice: Replica) -> Callable[[], None]:
    """Let each Sybil bring twenty posts more, with four photos each that nobody gives."""
    posts = iter(range(10_000))

    def bring_more() -> None:
        for one in SYBILS:
            bring(alice, one, *(f"Good {next(posts)}" for _ in range(20)), through=EVE)

    return bring_more


def test_the_photos_of_one_neighbor_are_listed_however_many_others_name(
    alice: Replica, flood: Callable[[], None]
) -> None:
    bring(alice, BOB, "A bench", through=BOB)
    flood()
    listed = alice.photos.queue.lacking(0.0)
    assert len(listed) <= LISTED
    assert {one.hash for one in listed if one.author == BOB.id} == names_of("A bench")
    small = [one.thumbnail for one in listed]
    assert small == sorted(small, reverse=True), "thumbnails come first"


def test_all_authors_come_into_the_list_in_time(alice: Replica, flood: Callable[[], None]) -> None:
    flood()
    time, seen = 0.0, set()
    for _ in range(8):
        seen |= {one.author for one in alice.photos.queue.lacking(time)}
        time += NEXT_PART_SECONDS
    assert seen == {one.id for one in SYBILS}


def test_a_flood_of_posts_makes_the_list_again_once_a_second_at_most(alice: Replica, flood: Callable[[], None]) -> None:
    queue = alice.photos.queue
    for number in range(6):
        flood()
        queue.lacking(number * LISTED_AGAIN_SECONDS / 2)
    assert queue.generation == 3


def test_what_the_owner_looks_at_is_listed_at_once_and_first(alice: Replica, flood: Callable[[], None]) -> None:
    flood()
    queue = alice.photos.queue
    queue.lacking(0.0)
    bring(alice, SYBILS[3], "Looked at", through=EVE)
    wanted = photos_of("Looked at")[2].hash
    assert queue.look([wanted])
    assert queue.lacking(0.1)[0].hash == wanted


def test_the_list_goes_on_as_photos_come(alice: Replica) -> None:
    bring(alice, BOB, *(f"Bench {number}" for number in range(20)), through=BOB)
    time, came = 0.0, set()
    for _ in range(20):
        time += LISTED_AGAIN_SECONDS
        for one in alice.photos.queue.lacking(time):
            if one.hash not in came:
                arrive(alice, one)
                came.add(one.hash)
    assert len(came) == 20 * 8
    assert alice.store.photos.lacking_authors() == []


def test_a_post_that_is_out_of_use_names_no_photo_that_is_fetched(alice: Replica) -> None:
    bring(alice, BOB, "A bench", through=BOB)
    assert len(alice.photos.queue.lacking(0.0)) == 8
    post = BOB.listing("A bench", now=alice.clock.now())
    assert alice.ingest.receive([BOB.withdrawal(post, alice.clock.now())], BOB.id).later == []
    assert alice.store.photos.lacking_authors() == []


def test_a_peer_that_never_answers_keeps_a_photo_from_coming_for_a_minute_and_only_once(alice: Replica) -> None:
    bring(alice, BOB, "A bench", "A table", through=BOB)
    queue = alice.photos.queue
    first, second, *_ = queue.lacking(0.0)
    queue.begin(first.hash, 0.0)
    assert queue.free_at(first.hash, 10.0) == UNDER_WAY_SECONDS
    assert queue.free_at(second.hash, 10.0) == 10.0
    queue.begin(first.hash, UNDER_WAY_SECONDS)  # by the same one, who has called again
    assert queue.free_at(first.hash, UNDER_WAY_SECONDS) == UNDER_WAY_SECONDS


def test_a_block_of_who_answers_for_others_clears_their_photos(alice: Replica, flood: Callable[[], None]) -> None:
    bring(alice, BOB, "A bench", through=BOB)
    flood()
    time = 0.0
    for _ in range(30):
        time += NEXT_PART_SECONDS
        for one in alice.photos.queue.lacking(time):
            if alice.store.photos.state(one.hash) is None:
                arrive(alice, one)
    assert len(alice.store.photos.usage()) == 1 + len(SYBILS)
    blocks.block(alice, person_text(EVE.id))
    for _ in range(300):
        more, gone = alice.ingest.make_room(), alice.photos.clear_some()
        if not more and not gone:
            break
    assert list(alice.store.photos.usage()) == [BOB.id]
    assert alice.store.photos.lacking_authors() == []


def names_of(title: str) -> set[PhotoHash]:
    return {name for photo in photos_of(title) for name in (photo.hash, photo.thumbnail)}


def arrive(alice: Replica, one: Named) -> None:
    with alice.transaction():
        alice.store.photos.add(one.hash, one.author, b"x", PhotoState.CHECKED, NOW, thumbnail=one.thumbnail)
    alice.photos.queue.begin(one.hash, 0.0)
    alice.photos.queue.ended(one.hash, came=True)
