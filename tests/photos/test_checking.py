"""Photos that came are decoded in turns, whatever has failed before, and none is given up for what is wrong here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import trio

from meshnode.app.owner import policy
from meshnode.errors import Failed, StorageFull
from meshnode.photos import checking, child
from meshnode.photos.checking import AT_ONCE, PhotoChecker
from meshnode.replica.replica import Replica
from meshnode.store.photos import PhotoState
from protocol import PersonId, PhotoHash, photo_hash
from tests.support.network import replica_of
from tests.support.people import NOW, Person
from tests.support.pictures import webp

BOB, EVE = Person("Bob"), Person("Eve")
SYBILS = [Person(f"sybil {number}") for number in range(6)]


class AtOnce:
    """Stands for the store thread."""

    async def run(self, function: Callable[..., object], *arguments: object) -> object:
        await trio.lowlevel.checkpoint()
        return function(*arguments)


@pytest.fixture
def alice() -> Replica:
    """A node whose owner vouches for Bob, and for Eve, who vouches for Sybils."""
    alice = replica_of("Alice")
    now = alice.clock.now()
    for one in (BOB, EVE):
        policy.vouch(alice, one.id, 900)
    vouches = EVE.policy({one.id: 800 for one in SYBILS}, now=now)
    records = [one.certificate(now) for one in (BOB, EVE, *SYBILS)]
    assert alice.ingest.receive([*records, vouches], EVE.id).later == []
    return alice


def came(alice: Replica, author: Person, count: int = 1, data: bytes = b"a photo") -> list[PhotoHash]:
    hashes = []
    with alice.transaction():
        for number in range(count):
            its = data + bytes([number])
            hashes.append(photo_hash(author.id, its))
            alice.store.photos.add(hashes[-1], author.id, its, PhotoState.CAME, NOW)
    return hashes


async def check(alice: Replica, seconds: float = 30.0) -> None:
    """Let the node decode what came, for so long."""
    with trio.move_on_after(seconds):
        await PhotoChecker(alice, AtOnce()).run()  # type: ignore[arg-type]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock) -> list[Sequence[bytes]]:
    """What is given to the child, which decodes everything in no time."""
    given: list[Sequence[bytes]] = []

    async def show(photos: Sequence[bytes]) -> list[bytes | None]:
        await trio.lowlevel.checkpoint()
        given.append(photos)
        return [b"shown " + photo for photo in photos]

    monkeypatch.setattr(child, "show", show)
    return given


async def test_the_photo_of_a_neighbor_waits_for_one_batch_of_each_introducer_at_most(
    alice: Replica, decoded: list[Sequence[bytes]]
) -> None:
    for one in SYBILS:
        came(alice, one, 40)
    (photo,) = came(alice, BOB)
    authors: list[PersonId] = []
    to_decode = alice.photos.to_decode

    def noted(most: int) -> list[tuple[PhotoHash, bytes]]:
        found = to_decode(most)
        authors.extend(
            one.id for one in (BOB, *SYBILS) for hash_, data in found[:1] if photo_hash(one.id, data) == hash_
        )
        return found

    alice.photos.to_decode = noted  # type: ignore[method-assign]
    await check(alice)
    assert BOB.id in authors[:2]
    assert set(authors[1:8]) >= {one.id for one in SYBILS}, "those behind one person take turns too"
    assert alice.store.photos.state(photo) is PhotoState.CHECKED
    assert alice.store.photos.unchecked_authors() == []
    assert max(map(len, decoded)) == AT_ONCE


async def test_after_a_failure_what_came_before_is_decoded_without_anything_new(
    alice: Replica, decoded: list[Sequence[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk once left photos that had come until the next one came."""
    (photo,) = came(alice, BOB)
    checker = PhotoChecker(alice, AtOnce())  # type: ignore[arg-type]
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise StorageFull("the disk is full")

        patch.setattr(alice.store.photos, "note_checked", full)
        with pytest.raises(StorageFull):
            await checker.run()
    with trio.move_on_after(checking.PAUSE_SECONDS):
        await checker.run()
    assert alice.store.photos.state(photo) is PhotoState.CHECKED


async def test_where_no_photo_can_be_decoded_none_is_given_up(alice: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_answer(_what: str, _given: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        return b""

    photos = came(alice, BOB, 3, webp())
    with monkeypatch.context() as patch:
        patch.setattr(child, "_run", no_answer)
        with pytest.raises(Failed, match="no photo can be looked at"):
            await check(alice)
    assert [alice.store.photos.state(one) for one in photos] == [PhotoState.CAME] * 3
    assert await child.show([child.SOUND]) != [None]
