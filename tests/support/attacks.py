"""Makes what an attacker stores in a node to fill each cap on what others may store.

Each attack yields records that the node's owner lets in, since they vouch for Hub and Hub answers for the others: without
end, or more than there is room for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from meshnode.store.photos import Named
from protocol import Audience, Kind, Letter, Precision, Record, coarse, limits
from protocol.records.letter import BOX_BYTES, MAC_BYTES, NONCE_BYTES
from protocol.records.photo import PHOTO_HASH_BYTES, Photo
from tests.support.callers import Way
from tests.support.people import Person, grown

NOW = int(time.time()) - 60  # the daemon goes by the machine's clock
HUB = Person("Hub")
AUTHORS = 900  # as many as one person vouches for, beside the owner
HOME = (52.5, 13.4)
LETTER_BYTES = 2048  # one of the sizes to which letters are padded


def authors() -> list[Person]:
    """Return the people whom Hub vouches for."""
    return [Person(f"author {number}") for number in range(AUTHORS)]


def web(owner: bytes, people: list[Person], vouch: int = 900) -> list[Record]:
    """Return the records of Hub, for whom the owner vouches, and of people for whom Hub does."""
    hub = HUB.policy({owner: 900, **dict.fromkeys(people, vouch)}, now=NOW)
    own = [record for one in people for record in (one.certificate(NOW), one.policy({HUB: 900}, now=NOW))]
    return [HUB.certificate(NOW), hub, *own]


def posts(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings without end."""
    people = authors()
    yield from web(owner, people)
    for number in count():
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW)


def far_places(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings each with a place of its own, all over the earth."""
    people, chance = authors(), random.Random(8)
    yield from web(owner, people)
    for number in count():
        place = coarse(chance.uniform(-80, 80), chance.uniform(-180, 180), Precision.NEIGHBORHOOD)
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW, place=place)


def posts_with_photos(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings without end, each with as many photos as it may have."""
    people = authors()
    yield from web(owner, people)
    for number in count():
        yield _with_photos(people, number)


def _with_photos(people: list[Person], number: int) -> Record:
    photos = tuple(
        Photo(
            grown("photo", number, place, size=PHOTO_HASH_BYTES),
            limits.PHOTO_BYTES_MAX,
            grown("thumbnail", number, place, size=PHOTO_HASH_BYTES),
            limits.THUMBNAIL_BYTES_MAX,
        )
        for place in range(limits.PHOTOS_MAX)
    )
    return people[number % AUTHORS].listing(f"Post {number}", now=NOW, photos=photos)


def photos_here(attack: str, most: int) -> list[Named]:
    """Return photos that the node holds in this attack, of `most` records: all that it keeps of others, at most."""
    if ATTACKS.get(attack) is not posts_with_photos:
        return []
    room = 1 + limits.FOREIGN_PHOTO_BYTES_MAX // (2 * limits.PHOTO_BYTES_MAX)  # kept as it came, and as it is shown
    people, listings = authors(), min(room, most // 20) // limits.PHOTOS_MAX
    posts = [_with_photos(people, number) for number in range(listings)]
    return [
        Named(
            grown("photo", number, place, size=PHOTO_HASH_BYTES),
            limits.PHOTO_BYTES_MAX,
            False,
            one.id,
            one.header.author,
        )
        for number, one in enumerate(posts)
        for place in range(limits.PHOTOS_MAX)
    ]


def near_places(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings for anyone nearby, each with a place of its own around the owner's."""
    people, chance = authors(), random.Random(8)
    yield from web(owner, people)
    for number in count():
        lat, lon = HOME[0] + chance.uniform(-0.2, 0.2), HOME[1] + chance.uniform(-0.2, 0.2)
        place = coarse(lat, lon, Precision.EXACT)
        one = people[number % AUTHORS]
        yield one.listing(f"Post {number}", now=NOW, place=place, audience=Audience.ANYONE_LOCAL)


def policy_versions(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings each written under a policy version of its own."""
    people = authors()
    yield from web(owner, people)
    for one in people:
        yield one.policy({HUB: 900}, version=2**40, stamp=2, now=NOW)
    for number in count():
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW, policy_version=number + 1)


def outside(owner: bytes) -> Iterator[Record]:
    """Yield a web for whose people Hub vouches too little, and their listings without end."""
    people = authors()
    yield from web(owner, people, vouch=50)
    for one in people:
        yield one.policy({HUB: 900, owner: 900}, version=2, stamp=2, now=NOW)
    for number in count():
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW)


def words(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings of which each has hundreds of words that nobody has used."""
    people = authors()
    yield from web(owner, people)
    for number in range(1200):
        text = " ".join(f"w{number * 400 + word:x}" for word in range(250))
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW, text=text)


def vouches(owner: bytes) -> Iterator[Record]:
    """Yield the web, and policies with 900 vouches each."""
    people = authors()
    yield from web(owner, people)
    for number in range(AUTHORS):
        given: dict[Person | bytes, int] = {HUB: 900, **{one: 500 for one in people if one != people[number]}}
        yield people[number].policy(given, now=NOW, version=2)


def names(owner: bytes) -> Iterator[Record]:
    """Yield the web, and behind each of its people others with certificates, policies and profiles, without end."""
    people = authors()
    yield from web(owner, people)
    for number, one in enumerate(people):
        behind = [Person(f"{one.name} {other}") for other in range(30)]
        yield one.policy({HUB: 900, **dict.fromkeys(behind, 900)}, now=NOW, version=2)
        for other in behind:
            yield other.certificate(NOW)
            yield other.policy({one: 900}, now=NOW)
            yield other.profile(NOW, name=f"Name {number}")


def certificates(owner: bytes) -> Iterator[Record]:
    """Yield Hub's records, and certificates of people who only vouch for the owner, without end."""
    yield from web(owner, [])
    for number in count():
        one = Person(f"stranger {number}")
        yield one.certificate(NOW)
        yield one.policy({owner: 900}, now=NOW)


def held(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings of people whose certificates never come, without end."""
    yield from web(owner, authors())
    for number in count():
        yield Person(f"nobody {number}").listing(f"Post {number}", now=NOW)


def letters(owner: bytes) -> Iterator[Record]:
    """Yield the web, and letters of four kilobytes to others, without end."""
    people = authors()
    yield from web(owner, people)
    for number in count():
        yield _letter(people[number % AUTHORS], number)


def _letter(author: Person, number: int) -> Record:
    """Return a letter that nobody can open."""
    boxes = tuple(sorted(grown("box", number, box, size=BOX_BYTES // 2) * 2 for box in range(limits.LETTER_BOXES_STEP)))
    body = Letter(
        grown("salt", number, size=16),
        grown("tag", number, size=16),
        boxes,
        bytes(NONCE_BYTES),
        bytes(LETTER_BYTES + MAC_BYTES),
    )
    return author.record(Kind.LETTER, grown(author.name, "letter", number, size=16), body, NOW, life=limits.LETTER_LIFE)


def blocks(owner: bytes) -> Iterator[Record]:
    """Yield the web, and policies with as many blocks as fit, of people who do not exist."""
    people = authors()
    yield from web(owner, people)
    for number, one in enumerate(people):
        blocked = [grown("blocked", number, other) for other in range(limits.BLOCKS_MAX)]
        yield one.policy({HUB: 900}, blocks=blocked, now=NOW, version=2)


def guests(owner: bytes) -> Iterator[Record]:
    """Yield guests of a card at a notice board, who vouch for the owner and for Hub, without end."""
    yield from web(owner, [])
    for number in count():
        guest = Person(f"a guest {number}")
        yield guest.certificate(NOW)
        yield guest.policy({owner: 900, HUB: 900}, now=NOW)
        yield guest.profile(NOW, name=f"Guest {number}")


ATTACKS: dict[str, Callable[[bytes], Iterator[Record]]] = {
    "posts": posts,
    "posts, photos": posts_with_photos,
    "posts, places far": far_places,
    "posts, places near": near_places,
    "posts, policy versions": policy_versions,
    "posts of the untrusted": outside,
    "posts, new words": words,
    "vouches": vouches,
    "people": names,
    "strangers": certificates,
    "held records": held,
    "letters": letters,
    "blocks": blocks,
    "guests of cards": guests,
}


GUESTS = [Person(f"guest {number}") for number in range(limits.SESSIONS_MAX)]
"""People who used one card at a notice board: the owner vouches for all of them, and each has a session."""


class Call(NamedTuple):
    """What a node is filled with before all guests call, and what they do then."""

    filled_with: str
    way: Way


CALLS: dict[str, Call] = {
    "64 sessions, posts": Call("posts", Way.REST),
    "64 sessions, places near": Call("posts, places near", Way.REST),
    "64 sessions, policy versions": Call("posts, policy versions", Way.REST),
    "64 slow readers": Call("posts", Way.STALL),
    "64 sessions, all refused": Call("posts", Way.SHOW),
}
