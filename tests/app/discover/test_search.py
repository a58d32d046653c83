"""A search by sets of bits finds exactly what a scan of all listings finds."""

from __future__ import annotations

import random

import pytest

from meshnode.app.discover.discover import SHOWN_MAX, DiscoverQuery, discover
from meshnode.app.listings import lifecycle
from meshnode.app.listings.view import ListingView
from meshnode.app.words import PART_MIN, words_of
from meshnode.slices import complete
from protocol import limits
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]

WORDS = ("apple", "Äpfel", "apples", "bread", "bréad", "bike", "Bob", "carol")
CATEGORIES = ("food", "tools")


def plainly(listing: ListingView, search: DiscoverQuery) -> bool:
    """Whether `listing` matches, by the simplest code."""
    has = words_of(" ".join((listing.title, listing.text, *listing.tags, listing.author.name)))
    wanted = words_of(search.words or "")
    return (
        all(any(word.startswith(part) or (len(part) >= PART_MIN and part in word) for word in has) for part in wanted)
        and search.type in (None, listing.type)
        and search.category in (None, listing.category)
        and search.audience in (None, listing.audience)
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_search_finds_what_a_plain_scan_finds(mesh: Mesh, people: People, seed: int) -> None:
    chance = random.Random(seed)
    alice, bob, carol = people
    for number in range(40):
        chance.choice((bob, carol)).post(
            f"{chance.choice(WORDS)} {number}",
            text=" ".join(chance.sample(WORDS, 2)),
            tags=tuple(chance.sample(WORDS, chance.randrange(2))),
            type=chance.choice(("offer", "need")),
            category=chance.choice(CATEGORIES),
            audience=chance.choice(("network_wide", "trusted_network")),
        )
    mesh.settle()
    everything = list(alice.discover(limit=SHOWN_MAX).results)
    assert len(everything) == 40
    for gone in chance.sample(everything, 6):
        author = bob if gone.author.name == "Bob" else carol
        lifecycle.withdraw(author.replica, author.catalog, gone.id)
        everything.remove(gone)
    mesh.settle()
    for hidden in chance.sample(everything, 4):
        alice.hide(hidden.id)
        everything.remove(hidden)
    for _ in range(40):
        search = DiscoverQuery(
            words=" ".join(chance.choice(WORDS)[: chance.randrange(1, 6)] for _ in range(chance.randrange(3))),
            type=chance.choice((None, "offer")),
            category=chance.choice((None, *CATEGORIES)),
            audience=chance.choice((None, "trusted_network")),
            sort=chance.choice(("best", "near", "new", "trust")),
            limit=SHOWN_MAX,
        )
        found = complete(discover(alice.replica, alice.catalog, search))
        assert {one.id for one in found.results} == {one.id for one in everything if plainly(one, search)}, search
        assert found.total == len(found.results)


def test_invented_words_of_one_author_cannot_crowd_out_the_words_of_others(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = people
    monkeypatch.setattr(limits, "SEARCH_WORDS_FROM_ONE_MAX", 5)
    bob.post("Bicycle", text=" ".join(f"made{number}" for number in range(50)), audience="network_wide")
    mesh.settle()
    carol.post("Fresh vegetables", text="a bicycle", audience="network_wide")
    mesh.settle()
    assert alice.titles("made3") == ["Bicycle"]
    assert alice.titles("made30") == []
    assert alice.titles("vegetables") == ["Fresh vegetables"]
    assert set(alice.titles("bicycle")) == {"Bicycle", "Fresh vegetables"}


def test_only_the_first_words_of_a_long_listing_are_searched(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    monkeypatch.setattr(limits, "SEARCH_WORDS_MAX", 3)
    bob.post("Two words", text="third fourth", audience="network_wide")
    mesh.settle()
    assert alice.titles("third") == ["Two words"]
    assert alice.titles("fourth") == []


def test_the_index_is_rebuilt_when_most_of_its_doc_ids_are_unused(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    monkeypatch.setattr("meshnode.app.catalog.catalog.NOTED_MAX", 3)
    bob.post("Kept", audience="network_wide")
    for number in range(10):
        bob.post(f"Passing {number}", audience="network_wide")
        mesh.settle()
        assert set(alice.titles()) == {"Kept", f"Passing {number}"}
        lifecycle.withdraw(bob.replica, bob.catalog, f"Passing {number}")
        mesh.settle()
        complete(alice.catalog.preparing())
    assert alice.titles() == ["Kept"]
    assert alice.catalog.generation > 1
