"""Words that were withdrawn, deleted or replaced are found in no file of the home after upkeep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle
from meshnode.app.listings.listings import ListingDraft, ListingEdit, edit, post
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.app.upkeep import upkeep
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Kind, limits
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import Person

ALICE = Person("Alice")
POSTS = 150
LONG = "all the words that belong to it, "  # long texts lie on pages of their own, apart from titles


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Replica]:
    """Bob's node, whose store is a file. Bob and Alice vouch for each other."""
    clock = FakeClock()
    clock.machine.is_synchronized = True  # what has expired is deleted
    with Store.open(tmp_path / "node.db") as store:
        bob = replica_of("Bob", store, clock=clock)
        now = bob.clock.now()
        policy.vouch(bob, ALICE.id, 900)
        bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 900}, now=now), ALICE.profile(now)], ALICE.id)
        yield bob


def readable(home: Path, words: str) -> list[str]:
    """The files of the home in which these words can be read."""
    return [path.name for path in sorted(home.iterdir()) if words.encode() in path.read_bytes()]


def title(number: int) -> str:
    return f"Ladder number {number:04} of many"


def long_text(number: int) -> str:
    return f"Words {number:04}. {LONG * (number % 7 * 8)}and the end"


def test_titles_and_texts_that_others_have_withdrawn_are_gone_from_all_files(node: Replica, tmp_path: Path) -> None:
    now = node.clock.now()
    posts = [ALICE.listing(title(number), text=long_text(number), now=now) for number in range(POSTS)]
    node.ingest.receive(posts, ALICE.id)
    assert readable(tmp_path, title(3))
    for number in range(0, POSTS, 3):  # between the others, so that the pages stay in use
        node.ingest.receive([ALICE.withdrawal(posts[number], now)], ALICE.id)
    upkeep(node)
    for number in range(0, POSTS, 3):
        assert readable(tmp_path, title(number)) == []
        assert readable(tmp_path, f"Words {number:04}.") == []
    assert all(readable(tmp_path, title(number)) for number in range(1, POSTS, 3))


def test_own_posts_that_were_withdrawn_or_edited_leave_no_words(node: Replica, tmp_path: Path) -> None:
    catalog = Catalog(node)
    for number in range(20):
        post(node, ListingDraft(type="offer", title=title(number), text=long_text(number)))
    for number in range(10):
        lifecycle.withdraw(node, catalog, title(number))
    for number in range(10, 20):
        edit(node, catalog, title(number), ListingEdit(title=f"A new name {number:04}"))
    upkeep(node)
    assert [number for number in range(20) if readable(tmp_path, title(number))] == []


def test_the_posts_of_somebody_who_is_blocked_are_gone_from_all_files(node: Replica, tmp_path: Path) -> None:
    now = node.clock.now()
    node.ingest.receive([ALICE.listing(title(number), now=now) for number in range(POSTS)], ALICE.id)
    blocks.block(node, "Alice")
    upkeep(node)
    assert [number for number in range(POSTS) if readable(tmp_path, title(number))] == []


def test_what_expired_is_gone_from_all_files(node: Replica, tmp_path: Path) -> None:
    now = node.clock.now()
    node.ingest.receive([ALICE.listing(title(1), now=now, life=limits.DAY)], ALICE.id)
    assert isinstance(node.clock, FakeClock)
    node.clock.advance(limits.DAY + 1)
    upkeep(node)
    assert list(node.store.records.bodies(Kind.LISTING)) == []
    assert readable(tmp_path, title(1)) == []


def test_nothing_is_written_where_nothing_was_deleted(node: Replica, tmp_path: Path) -> None:
    upkeep(node)
    post(node, ListingDraft(type="offer", title=title(1)))
    before = (tmp_path / "node.db-wal").stat().st_size
    upkeep(node)
    assert (tmp_path / "node.db-wal").stat().st_size >= before > 0
