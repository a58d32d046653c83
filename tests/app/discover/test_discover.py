"""Discover: who finds what, in which order, and what is counted as hidden."""

from __future__ import annotations

from typing import Any

import pytest

from meshnode.app.listings import lifecycle, listings
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import people as people_cases
from meshnode.errors import Usage
from protocol import Precision, coarse
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def test_a_trusted_friend_of_a_friend_is_found_at_the_product_of_the_vouches(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Fresh vegetables", category="food", audience="network_wide")
    mesh.settle()
    (result,) = alice.discover().results
    assert (result.title, result.trust, result.relation) == ("Fresh vegetables", 0.56, "trusted_friend_of_friend")
    assert (result.author.name, result.audience, result.distance_km) == ("Carol", "network_wide", None)


def test_listings_seen_through_a_vouch_that_was_taken_back_are_gone(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    carol.post("Fresh vegetables", audience="network_wide")
    mesh.settle()
    assert alice.titles() == ["Fresh vegetables"]
    people_cases.unvouch(bob.replica, "Carol", ())
    mesh.settle()
    assert alice.discover().total == 0


def test_own_listings_are_not_discovered(people: People) -> None:
    alice, _, _ = people
    alice.post("Ladder", audience="network_wide")
    assert alice.titles() == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("veg", {"Fresh vegetables"}),
        ("VEGETABLES fresh", {"Fresh vegetables"}),
        ("egetables", {"Fresh vegetables"}),
        ("ta", {"Ladder"}),
        ("al", set()),
        ("tall", {"Ladder"}),
        ("height", {"Ladder"}),
        ("carol", {"Fresh vegetables", "Ladder", "Straße"}),
        ("carol lad", {"Ladder"}),
        ("STRASSE", {"Straße"}),
        ("strasse", {"Straße"}),
        ("ladder vegetables", set()),
        ("", {"Fresh vegetables", "Ladder", "Straße"}),
    ],
)
def test_each_word_must_begin_a_word_of_title_text_tags_or_author_or_be_part_of_one(
    mesh: Mesh, people: People, words: str, found: set[str]
) -> None:
    alice, _, carol = people
    carol.post("Fresh vegetables", audience="network_wide")
    carol.post("Ladder", text="Very tall", tags=("heights",), audience="network_wide")
    carol.post("Straße", audience="network_wide")
    mesh.settle()
    assert set(alice.titles(words)) == found


def test_type_category_and_audience_narrow_the_search(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Seeds", category="seeds", audience="network_wide")
    bob.post("Hands", type="need", category="labor", audience="trusted_network")
    mesh.settle()
    assert alice.titles(type="need") == ["Hands"]
    assert alice.titles(category="seeds") == ["Seeds"]
    assert alice.titles(audience="trusted_network") == ["Hands"]
    assert alice.discover(type="need").hidden == 0


def test_listings_that_only_the_viewers_own_limits_hide_are_counted(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Fresh vegetables", audience="network_wide")
    carol.post("Ladder", audience="network_wide")
    mesh.settle()
    strict = alice.discover(trust=0.6)
    assert (strict.results, strict.hidden, strict.total) == ((), 2, 0)
    assert alice.discover("ladder", trust=0.6).hidden == 1
    assert alice.discover(trust=0.56).total == 2


def test_listings_without_consent_are_not_counted(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("For my cell", audience="my_cell")
    mesh.settle()
    assert alice.discover(trust=0.1, anywhere=True).hidden == 0


def test_more_trusted_people_come_first_then_newer_listings(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    carol.post("From Carol", audience="network_wide")
    bob.post("Older", audience="network_wide")
    mesh.advance(10)
    bob.post("Newer", audience="network_wide")
    mesh.settle()
    assert alice.titles() == ["Newer", "Older", "From Carol"]


def test_emergencies_and_titles_that_match_come_before_all_else(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    bob.post("Warm meals", text="for the storm", audience="network_wide")
    carol.post("Storm lamps", audience="network_wide")
    carol.post("Blankets", text="after the storm", urgency="emergency", type="need", audience="network_wide")
    mesh.settle()
    assert alice.titles("storm") == ["Blankets", "Storm lamps", "Warm meals"]


def test_a_limit_cuts_the_results_but_not_the_total(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for number in range(5):
        bob.post(f"Chair {number}", audience="network_wide")
    mesh.settle()
    found = alice.discover(limit=2)
    assert (len(found.results), found.total) == (2, 5)


def test_edited_withdrawn_and_expired_listings_are_followed(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Bread", category="food", audience="network_wide")
    bob.post("Chairs", audience="network_wide")
    mesh.settle()
    assert set(alice.titles()) == {"Bread", "Chairs"}
    listings.edit(bob.replica, bob.catalog, "Chairs", listings.ListingEdit(title="Four chairs"))
    mesh.settle()
    assert set(alice.titles()) == {"Bread", "Four chairs"}
    lifecycle.withdraw(bob.replica, bob.catalog, "Four chairs")
    mesh.settle()
    assert set(alice.titles()) == {"Bread"}
    mesh.time += 2 * 86_400
    assert alice.titles() == []


def test_distance_is_shown_ranked_and_filtered(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    set_profile(alice.replica, place=coarse(52.52, 13.40, Precision.NEIGHBORHOOD))
    alice.add(bob.card(), 0.9)
    mesh.wire("Alice", "Bob")
    bob.post("Far", place=Coordinates(52.52, 13.60), audience="network_wide")
    bob.post("Near", place=Coordinates(52.53, 13.42), audience="network_wide")
    bob.post("Too far", place=Coordinates(48.1, 11.6), audience="network_wide")
    bob.post("Nowhere", audience="network_wide")
    mesh.settle()
    found = alice.discover()
    assert [result.title for result in found.results] == ["Near", "Far", "Nowhere"]
    assert [result.distance for result in found.results] == ["2km away", "14km away", None]
    assert found.hidden == 1
    assert alice.titles(within=5) == ["Near"]
    assert alice.titles(anywhere=True) == ["Near", "Far", "Too far", "Nowhere"]


@pytest.mark.parametrize(
    "search",
    [
        {"trust": 0},
        {"trust": 1.5},
        {"trust": 0.55555},
        {"type": "gift"},
        {"category": "money"},
        {"audience": "everybody"},
        {"within": -1},
        {"words": "x" * 201},
        {"sort": "luck"},
        {"page": 0},
        {"limit": 0},
        {"limit": 100_000},
    ],
)
def test_a_search_that_makes_no_sense_is_refused_even_in_an_empty_catalog(
    people: People, search: dict[str, Any]
) -> None:
    with pytest.raises(Usage):
        people[0].discover(**search)


def test_case_and_accents_do_not_matter(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Crème fraîche", audience="network_wide")
    bob.post("Sauerkraut", tags=("für Gäste",), audience="network_wide")
    mesh.settle()
    assert alice.titles("creme fra") == alice.titles("CRÈME") == ["Crème fraîche"]
    assert alice.titles("gast") == alice.titles("Gäste") == ["Sauerkraut"]


def test_pages_show_every_result_once(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    for number in range(3):
        bob.post(f"Chair {number}", audience="network_wide")
        carol.post(f"Table {number}", audience="network_wide")
    mesh.settle()
    pages = [alice.discover(limit=4, page=page) for page in (1, 2, 3)]
    assert [page.next for page in pages] == [2, None, None]
    assert [len(page.results) for page in pages] == [4, 2, 0]
    assert all(page.total == 6 for page in pages)
    shown = [result.title for page in pages for result in page.results]
    assert shown == alice.titles()
    assert len(set(shown)) == 6


def test_a_search_can_be_sorted_by_distance_age_and_trust(mesh: Mesh) -> None:
    alice, bob, carol = (settle_in(mesh, name) for name in ("Alice", "Bob", "Carol"))
    set_profile(alice.replica, place=coarse(52.52, 13.40, Precision.NEIGHBORHOOD))
    alice.add(bob.card(), 0.9)
    alice.add(carol.card(), 0.6)
    mesh.wire("Alice", "Bob")
    mesh.wire("Alice", "Carol")
    carol.post("Near", place=Coordinates(52.53, 13.42), audience="network_wide")
    mesh.advance(10)
    bob.post("Far", place=Coordinates(52.52, 13.60), audience="network_wide")
    mesh.advance(10)
    carol.post("Nowhere", audience="network_wide")
    mesh.settle()
    assert alice.titles(sort="near") == ["Near", "Far", "Nowhere"]
    assert alice.titles(sort="new") == ["Nowhere", "Far", "Near"]
    assert alice.titles(sort="trust") == ["Far", "Near", "Nowhere"]


@pytest.mark.promise("Discovery shows resources based on trust + visibility")
def test_discovery_shows_resources_based_on_trust_and_visibility(mesh: Mesh, people: People) -> None:
    """The success criterion "Discovery shows resources based on trust + visibility"."""
    alice, bob, carol = people
    carol.post("For all", audience="network_wide")
    carol.post("For those she trusts", audience="trusted_network")
    carol.post("For her cell", audience="my_cell")
    mesh.settle()
    assert set(alice.titles()) == {"For all", "For those she trusts"}
    assert set(bob.titles()) == {"For all", "For those she trusts"}
    assert alice.titles(trust=0.7) == []
    people_cases.vouch(carol.replica, "Bob", 0.4, ())
    mesh.settle()
    assert set(alice.titles()) == {"For all"}
