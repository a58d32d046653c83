"""Hiding a listing lasts, tells nobody, and is counted apart from what the viewer's limits hide."""

from __future__ import annotations

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import hiding
from meshnode.app.listings import lifecycle, listings
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from protocol import limits
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


@pytest.fixture
def neighbors(mesh: Mesh, people: People) -> People:
    """Bob offers two things that Alice sees."""
    people[1].post("Ladder", audience="network_wide")
    people[1].post("Lawn mower", audience="network_wide")
    mesh.settle()
    return people


def hidden(neighbor: Neighbor) -> list[str]:
    return [one.title for one in hiding.hidden(neighbor.replica, neighbor.catalog).hidden]


def test_hidden_listings_are_left_out_and_counted_separately(neighbors: People) -> None:
    alice, bob, carol = neighbors
    assert alice.hide("ladder") == "Ladder"
    found = alice.discover()
    assert [result.title for result in found.results] == ["Lawn mower"]
    assert (found.total, found.hidden, found.set_aside) == (1, 0, 1)
    assert alice.discover("mower").set_aside == 0
    assert alice.discover(trust=0.9).set_aside == 0
    assert set(carol.titles()) == {"Ladder", "Lawn mower"}
    assert hidden(alice) == ["Ladder"]
    assert hidden(bob) == []


def test_a_listing_stays_hidden_when_it_is_edited_and_when_the_node_restarts(mesh: Mesh, neighbors: People) -> None:
    alice, bob, _ = neighbors
    alice.hide("ladder")
    listings.edit(bob.replica, bob.catalog, "Ladder", listings.ListingEdit(title="Long ladder", text="Very long"))
    mesh.settle()
    assert alice.titles() == ["Lawn mower"]
    again = Neighbor(alice.node, Catalog(alice.replica))
    assert again.titles() == ["Lawn mower"]
    assert again.discover().set_aside == 1


def test_a_hidden_listing_can_be_shown_again_by_title_or_id(neighbors: People) -> None:
    alice, _, _ = neighbors
    ids = {result.title: result.id for result in alice.discover().results}
    for way in ("Ladder", "lad", ids["Ladder"], ids["Ladder"][:6]):
        alice.hide("Ladder")
        assert alice.titles() == ["Lawn mower"]
        assert alice.unhide(way) == "Ladder"
        assert set(alice.titles()) == {"Ladder", "Lawn mower"}
    assert hidden(alice) == []


def test_a_listing_that_is_not_there_and_one_that_cannot_be_hidden_are_different_errors(neighbors: People) -> None:
    alice, _, _ = neighbors
    alice.post("My own")
    with pytest.raises(NotFound):
        alice.hide("Nothing")
    with pytest.raises(Refused):
        alice.hide("My own")
    with pytest.raises(NotFound):
        alice.unhide("Ladder")
    with pytest.raises(Usage):
        alice.unhide("  ")
    alice.hide("Ladder")
    alice.hide("Ladder")
    alice.hide("Lawn")
    with pytest.raises(Ambiguous):
        alice.unhide("la")
    assert set(hidden(alice)) == {"Ladder", "Lawn mower"}


def test_hidden_listings_that_are_gone_for_good_are_forgotten_and_free_their_places(
    mesh: Mesh, neighbors: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = neighbors
    monkeypatch.setattr(limits, "HIDDEN_MAX", 1)
    bob.post("Bread", category="food", audience="network_wide")
    mesh.settle()
    alice.hide("Bread")
    with pytest.raises(Refused):
        alice.hide("Ladder")
    lifecycle.withdraw(bob.replica, bob.catalog, "Bread")
    mesh.settle()
    mesh.advance(3 * limits.DAY)
    assert hidden(alice) == []
    assert alice.hide("Ladder") == "Ladder"
