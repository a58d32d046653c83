"""A trusted person whose node withholds photos, gives wrong ones, or asks for all of them again and again."""

from __future__ import annotations

import random

import pytest

from meshnode.app.listings import listings, photos
from meshnode.app.listings.listings import ListingDraft
from meshnode.app.listings.photos import PhotoView
from meshnode.replica import photos as keeping
from meshnode.replica.photo_queue import UNDER_WAY_SECONDS
from protocol import Audience, Code, Photo, Record, limits, photo_hash
from protocol.wire import encode_frame
from protocol.wire.frames import FetchPhoto, PhotoPart
from tests.support.mesh import EPOCH
from tests.support.people import Person
from tests.support.village import Village

MALLORY = Person("Mallory")  # whom the village trusts
SIZE = 2 * limits.PHOTO_PART_BYTES + 10_000
CHANCE = random.Random(7)
THEIRS = [CHANCE.randbytes(SIZE) for _ in range(2)]
SMALL = [CHANCE.randbytes(5_000) for _ in range(2)]


def with_photos() -> Record:
    """Return a post of Mallory's with two photos."""
    named = tuple(
        Photo(photo_hash(MALLORY.id, photo), SIZE, photo_hash(MALLORY.id, small), len(small))
        for photo, small in zip(THEIRS, SMALL, strict=True)
    )
    return MALLORY.listing("Good", audience=Audience.NETWORK_WIDE, now=EPOCH, photos=named)


def offer(village: Village, name: str, title: str) -> PhotoView:
    """Have somebody post something with a photo; return it."""
    replica = village.mesh.nodes[name].replica
    given = photos.keep(replica, CHANCE.randbytes(SIZE), CHANCE.randbytes(5_000))
    posted = listings.post(replica, ListingDraft("offer", title, photos=(given,)))
    replica.changes.deliver()
    return posted.photos[0]


@pytest.fixture
def village() -> Village:
    """Alice has a post with photos of Mallory's, and Mallory's node is connected with hers."""
    village = Village()
    records = [MALLORY.policy({village.alice.person: 900}, now=EPOCH), with_photos()]
    village.mallory.records = {record.id: record for record in records}
    village.mallory.talk()
    return village


def wait(village: Village, seconds: float) -> None:
    """Let time pass for everybody, Mallory's connection with Alice's node among them."""
    village.mesh.advance(seconds)
    village.mallory.theirs.tick(village.mesh.time)
    village.mallory._listen()


def asked(village: Village) -> list[bytes]:
    """Return the photos that Alice's node has asked Mallory's for."""
    return [frame.photo for frame in village.mallory.heard if isinstance(frame, FetchPhoto)]


def given(village: Village) -> list[bytes]:
    return [frame.data for frame in village.mallory.heard if isinstance(frame, PhotoPart) and frame.data is not None]


def has(village: Village, photo: str | bytes) -> bool:
    hash_ = bytes.fromhex(photo) if isinstance(photo, str) else photo
    return village.alice.replica.store.photos.state(hash_) is not None


# --- withholding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trickle", [0, 1, 2], ids=["nothing", "one part", "two parts"])
def test_a_peer_that_withholds_a_photo_keeps_back_no_other_and_one_photo_at_a_time(
    village: Village, trickle: int
) -> None:
    wait(village, 2.0)
    for small in SMALL:
        village.mallory.say(PhotoPart(photo_hash(MALLORY.id, small), small))
    wanted = asked(village)[-1]
    data = next(one for one in THEIRS if photo_hash(MALLORY.id, one) == wanted)
    for number in range(trickle):
        start = number * limits.PHOTO_PART_BYTES
        village.mallory.say(PhotoPart(wanted, data[start : start + limits.PHOTO_PART_BYTES]))
    bench = offer(village, "Bob", "A bench")
    for _ in range(4):
        wait(village, UNDER_WAY_SECONDS / 2)
    assert has(village, bench.photo)
    assert has(village, bench.thumbnail)
    assert len(asked(village)) == 3, "two thumbnails came, and one photo is under way"
    exchange = village.mallory.theirs._session
    assert exchange is not None
    assert exchange.photos._asked is not None
    assert exchange.photos._asked.came == trickle * limits.PHOTO_PART_BYTES
    assert village.is_unharmed()


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (SMALL[0][:-1], Code.MALFORMED),
        (b"", Code.MALFORMED),
        (SMALL[0] + b"!", Code.MALFORMED),
        (bytes(5_000), Code.FORGED),
    ],
    ids=["short", "empty", "long", "another photo"],
)
def test_a_peer_that_gives_another_photo_than_was_asked_for_is_dropped(
    village: Village, part: bytes, code: Code
) -> None:
    wait(village, 2.0)
    wanted = asked(village)[-1]
    village.mallory.say(PhotoPart(wanted, part))
    assert village.dropped(village.mallory.theirs, code)
    assert not has(village, wanted)
    assert village.is_unharmed()


def test_a_photo_that_nobody_asked_for_ends_the_session(village: Village) -> None:
    village.mallory.say(PhotoPart(photo_hash(MALLORY.id, THEIRS[0]), THEIRS[0][: limits.PHOTO_PART_BYTES]))
    assert village.dropped(village.mallory.theirs, Code.UNSOLICITED)
    assert village.is_unharmed()


# --- asking ------------------------------------------------------------------------------------------------------------


def test_who_asks_for_the_same_photos_again_and_again_is_given_so_many_bytes_a_minute(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GIVEN_BYTES_A_MINUTE", 10 * SIZE)
    photo = bytes.fromhex(offer(village, "Alice", "A table").photo)
    for _ in range(30):
        village.mallory.say(FetchPhoto(photo))
    assert sum(map(len, given(village))) == 10 * SIZE
    assert village.mallory.theirs.end is None, "it is answered like a photo that is not here"
    village.mallory.talk()  # calling again gains nothing
    village.mallory.heard.clear()
    village.mallory.say(FetchPhoto(photo))
    assert given(village) == []
    bob = village.mesh.nodes["Bob"].replica
    wait(village, 2.0)
    assert bob.store.photos.state(photo) is not None, "others are given theirs meanwhile"
    wait(village, limits.MINUTE)
    village.mallory.say(FetchPhoto(photo))
    assert sum(map(len, given(village))) == SIZE
    assert village.is_unharmed()


def test_who_asks_more_often_than_any_honest_node_is_dropped(village: Village) -> None:
    for _ in range(2 * limits.PHOTO_FETCHES_PER_MINUTE):
        village.mallory.say(FetchPhoto(bytes(32)))
    assert village.mallory.theirs.end is None
    village.mallory.say(FetchPhoto(bytes(32)))
    assert village.dropped(village.mallory.theirs, Code.UNSOLICITED)
    assert village.is_unharmed()


def test_a_second_question_before_the_first_was_answered_is_refused(village: Village) -> None:
    question = encode_frame(FetchPhoto(bytes(32)))
    village.mallory.throw(b"".join(village.mallory.channel.send(question) for _ in range(500)))
    assert village.dropped(village.mallory.theirs, Code.UNSOLICITED)
    assert village.is_unharmed()
