"""News shows the listings that came into view since the last look, for any reason, each of them once."""

from __future__ import annotations

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import news
from meshnode.app.listings import lifecycle, listings
from meshnode.app.people import people as people_cases
from meshnode.errors import Usage
from meshnode.slices import complete
from protocol import limits
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def look(neighbor: Neighbor, **how: object) -> news.NewsView:
    return complete(news.look(neighbor.replica, neighbor.catalog, neighbor.watcher, news.NewsLook(**how)))  # type: ignore[arg-type]


def test_a_second_look_shows_nothing_new(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Ladder", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Ladder"]
    assert alice.news() == []
    bob.post("Chairs", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Chairs"]
    assert set(alice.titles()) == {"Chairs", "Ladder"}


def test_a_peek_leaves_everything_new_and_a_restart_forgets_nothing(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Ladder", audience="network_wide")
    mesh.settle()
    assert alice.peek() == alice.peek() == ["Ladder"]
    assert alice.news() == ["Ladder"]
    assert Neighbor(alice.node, Catalog(alice.replica)).news() == []


def test_listings_that_new_trust_brings_into_view_are_news_however_old(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    people_cases.vouch(bob.replica, "Carol", 0.3, ())
    carol.post("Fresh vegetables", audience="network_wide")
    mesh.settle()
    assert alice.news() == []
    mesh.advance(limits.HOUR)
    people_cases.vouch(bob.replica, "Carol", 0.8, ())
    mesh.settle()
    assert alice.news() == ["Fresh vegetables"]
    people_cases.vouch(bob.replica, "Carol", 0.3, ())
    mesh.settle()
    people_cases.vouch(bob.replica, "Carol", 0.8, ())
    mesh.settle()
    assert alice.titles() == ["Fresh vegetables"]
    assert alice.news() == []


def test_an_edited_or_renewed_listing_is_news_again_only_under_another_title(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Ladder", audience="network_wide", expires_in=limits.DAY)
    mesh.settle()
    assert alice.news() == ["Ladder"]
    listings.edit(bob.replica, bob.catalog, "Ladder", listings.ListingEdit(text="Very long", expires_in=9 * limits.DAY))
    mesh.settle()
    assert alice.news() == []
    mesh.advance(2 * limits.DAY)
    assert alice.titles() == ["Ladder"]
    assert alice.news() == []
    listings.edit(bob.replica, bob.catalog, "Ladder", listings.ListingEdit(title="Two ladders"))
    mesh.settle()
    assert alice.news() == ["Two ladders"]


def test_listings_hidden_gone_own_or_outside_the_limits_are_not_news(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    alice.post("My own", audience="network_wide")
    bob.post("Ladder", audience="network_wide")
    bob.post("Chairs", audience="network_wide")
    carol.post("For her cell", audience="my_cell")
    people_cases.vouch(alice.replica, "Bob", 0.35, ())
    carol.post("Too far in trust", audience="network_wide")
    mesh.settle()
    alice.hide("Ladder")
    lifecycle.withdraw(bob.replica, bob.catalog, "Chairs")
    mesh.settle()
    assert alice.news() == []
    alice.unhide("Ladder")
    assert alice.news() == ["Ladder"]


def test_when_more_is_new_than_one_look_shows_the_rest_stays_new(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for number in range(5):
        bob.post(f"Chair {number}", audience="network_wide")
        mesh.advance(1)
    mesh.settle()
    first = look(alice, limit=3)
    assert ([result.title for result in first.results], first.total) == (["Chair 4", "Chair 3", "Chair 2"], 5)
    assert alice.news() == ["Chair 1", "Chair 0"]


def test_everything_can_be_marked_as_seen(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for number in range(3):
        bob.post(f"Chair {number}", audience="network_wide")
    mesh.settle()
    cleared = look(alice, limit=1, clear=True)
    assert (cleared.results, cleared.total) == ((), 3)
    assert alice.news() == []


def test_emergencies_come_first_and_then_the_newest(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Blankets", type="need", urgency="emergency", audience="network_wide")
    mesh.advance(10)
    bob.post("Older", audience="network_wide")
    mesh.advance(10)
    bob.post("Newer", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Blankets", "Newer", "Older"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused_and_nothing_is_seen(mesh: Mesh, people: People, limit: int) -> None:
    alice, bob, _ = people
    bob.post("Ladder", audience="network_wide")
    mesh.settle()
    with pytest.raises(Usage):
        look(alice, limit=limit)
    assert alice.news() == ["Ladder"]
