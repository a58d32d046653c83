"""A watch alerts its owner once of each listing that comes into view and matches, and of nothing else."""

from __future__ import annotations

import logging

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import news, watches
from meshnode.app.explain.status import status
from meshnode.app.listings import lifecycle, listings
from meshnode.app.owner import policy
from meshnode.app.people import people as people_cases
from meshnode.errors import Ambiguous, NotFound, Refused, StorageFull, Usage
from meshnode.slices import complete
from protocol import limits
from tests.api.context import StillNetwork
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def count(neighbor: Neighbor) -> int:
    return status(neighbor.replica, StillNetwork().state()).alerts


def test_a_new_listing_that_matches_raises_an_alert_and_is_logged(
    mesh: Mesh, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob, _ = people
    number = alice.watch("drill", type="offer")
    with caplog.at_level(logging.INFO, "meshnode.app.discover.watches"):
        bob.post("Drill", audience="network_wide")
        bob.post("A drill for me", type="need", audience="network_wide")
        bob.post("Ladder", audience="network_wide")
        mesh.settle()
        assert alice.watcher.evaluate() == 1
        assert alice.watcher.evaluate() == 0
    assert alice.alerts() == [(number, "Drill")]
    assert count(alice) == 1
    (line,) = caplog.records
    assert (line.message, line.__dict__["watch"]) == ("a watched listing came into view", number)


def test_listings_in_view_before_the_watch_raise_no_alert_even_when_edited(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Drill", audience="network_wide")
    mesh.settle()
    alice.watch("drill")
    assert alice.alerts() == []
    policy.vouch(bob.replica, alice.person, 500)  # Bob's policy changed, and later versions say so
    listings.edit(bob.replica, bob.catalog, "Drill", listings.ListingEdit(text="18 V"))
    mesh.settle()
    assert alice.alerts() == []
    listings.edit(bob.replica, bob.catalog, "Drill", listings.ListingEdit(title="Drill and bits"))
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Drill and bits"]


def test_an_edit_that_makes_a_listing_match_raises_an_alert(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("drill")
    bob.post("Tool", audience="network_wide")
    mesh.settle()
    assert alice.alerts() == []
    listings.edit(bob.replica, bob.catalog, "Tool", listings.ListingEdit(title="Drill"))
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Drill"]


def test_listings_that_new_trust_brings_into_view_raise_an_alert(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    people_cases.vouch(bob.replica, "Carol", 0.3, ())
    carol.post("Drill", audience="network_wide")
    mesh.settle()
    alice.watch("drill")
    people_cases.vouch(bob.replica, "Carol", 0.8, ())
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Drill"]


def test_a_watch_with_wider_limits_finds_more_and_news_shows_it(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    people_cases.vouch(bob.replica, "Carol", 0.3, ())
    mesh.settle()
    number = alice.watch("drill", trust=0.1, anywhere=True)
    carol.post("Drill", audience="network_wide")
    bob.post("Ladder", audience="network_wide")
    mesh.settle()
    assert alice.titles() == ["Ladder"]
    looked = complete(news.look(alice.replica, alice.catalog, alice.watcher, news.NewsLook()))
    assert [result.title for result in looked.results] == ["Drill", "Ladder"]
    assert [(alert.watch, alert.listing) for alert in looked.alerts] == [(number, looked.results[0].id)]
    assert alice.alerts() == []
    assert count(alice) == 0
    assert alice.news() == []


def test_listings_shown_as_news_raise_no_alert(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("drill")
    bob.post("Drill", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Drill"]
    alice.watch("drill")
    assert alice.alerts() == []


def test_alerts_about_hidden_or_ended_listings_are_dropped(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("drill")
    for title in ("Drill one", "Drill two", "Drill three"):
        bob.post(title, audience="network_wide")
    mesh.settle()
    assert len(alice.alerts()) == count(alice) == 3
    alice.hide("Drill one")
    lifecycle.withdraw(bob.replica, bob.catalog, "Drill two")
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Drill three"]
    assert count(alice) == 1
    bob.post("Drill four", audience="network_wide")
    mesh.settle()
    people_cases.unvouch(alice.replica, "Bob", ())
    mesh.settle()
    assert alice.alerts() == []
    assert count(alice) == 0


def test_watches_and_alerts_survive_a_restart_and_later_arrivals_are_evaluated(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Drill, old", audience="network_wide")
    mesh.settle()
    mesh.advance(5)
    alice.watch("drill")
    mesh.advance(5)
    bob.post("Drill, first", audience="network_wide")
    mesh.settle()
    assert len(alice.alerts()) == 1
    mesh.advance(100)
    bob.post("Drill, second", audience="network_wide")
    mesh.settle()
    again = Neighbor(alice.node, Catalog(alice.replica))
    assert {title for _, title in again.alerts()} == {"Drill, first", "Drill, second"}
    assert again.watcher.evaluate() == 0


def test_reading_the_catalog_again_raises_no_alert_twice_and_loses_none(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    bob.post("Drill, old", audience="network_wide")
    mesh.settle()
    mesh.advance(5)
    alice.watch("drill")
    monkeypatch.setattr("meshnode.app.catalog.catalog.NOTED_MAX", 2)
    for number in range(4):
        bob.post(f"Drill {number}", audience="network_wide")
        mesh.settle()
    assert {title for _, title in alice.alerts()} == {f"Drill {number}" for number in range(4)}


def test_watches_can_be_removed_and_their_numbers_are_never_used_again(people: People) -> None:
    alice, _, _ = people
    first, second = alice.watch("drill"), alice.watch(category="tools", within=5.0)
    assert watches.remove(alice.replica, str(second)).category == "tools"
    assert alice.watch("saw") not in (first, second)
    for unknown in (str(second), "0", "99999999999999999999"):
        with pytest.raises(NotFound):
            watches.remove(alice.replica, unknown)
    with pytest.raises(Ambiguous, match=r"drill \(search 1\)"):
        watches.remove(alice.replica, "dri")
    assert watches.remove(alice.replica, "Drill").id == first


def test_a_watch_that_makes_no_sense_or_one_too_many_is_refused(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _, _ = people
    for senseless in ({}, {"type": "gift"}, {"category": "money"}, {"trust": 2.0}, {"within": -1.0}):
        with pytest.raises(Usage):
            alice.watch(**senseless)
    with pytest.raises(Usage):
        alice.watch("x" * 201)
    monkeypatch.setattr(limits, "WATCHES_MAX", 1)
    alice.watch("drill")
    with pytest.raises(Refused):
        alice.watch("saw")


def test_on_a_full_disk_alerts_wait_and_reading_works(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    alice.watch("drill")
    bob.post("Drill", audience="network_wide")
    mesh.settle()

    def full(*_: object) -> bool:
        raise StorageFull("the disk is full", "make room; nothing was lost")

    with monkeypatch.context() as patched:
        patched.setattr(alice.replica.store.discover, "raise_alert", full)
        with pytest.raises(StorageFull):
            alice.watcher.evaluate()
        assert alice.alerts() == []
        assert alice.peek() == ["Drill"]
    assert [title for _, title in alice.alerts()] == ["Drill"]


def test_an_author_who_posts_endlessly_cannot_exceed_the_cap_on_alerts(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    monkeypatch.setattr(limits, "ALERTS_MAX", 3)
    alice.watch("drill")
    for number in range(7):
        bob.post(f"Drill {number}", audience="network_wide")
    mesh.settle()
    assert len(alice.alerts()) == 3


# --- edits, and what comes back ------------------------------------------------------------------------------------------


Edit = dict[str, object]
EDITS: list[
    tuple[Edit, Edit, bool]
] = [  # the listing, an edit, and whether a watch for "pram" of kind "offer" is to tell of it
    ({"title": "Baby things"}, {"text": "Clothes, and a pram"}, True),
    ({"title": "Baby things"}, {"tags": ("pram",)}, True),
    ({"title": "Baby things"}, {"title": "Pram"}, True),
    ({"title": "Baby things"}, {"text": "Clothes"}, False),
    ({"title": "Pram", "type": "need"}, {"type": "offer"}, True),
    ({"title": "Baby things", "text": "a pram"}, {"text": "a pram, and clothes"}, False),
    ({"title": "Pram"}, {"text": "blue"}, False),
    ({"title": "Pram"}, {"category": "transportation"}, False),
    ({"title": "Pram", "audience": "my_cell"}, {"audience": "network_wide"}, True),
    ({"title": "Pram"}, {"text": "a pram", "urgency": "emergency"}, False),
]


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize(("listing", "edit", "tells"), EDITS)
def test_an_edit_is_told_of_if_it_begins_to_match_and_not_otherwise(
    mesh: Mesh, people: People, listing: Edit, edit: Edit, tells: bool, shown: bool
) -> None:
    alice, bob, _ = people
    posted = bob.post(**{"audience": "network_wide", **listing})  # type: ignore[arg-type]
    mesh.settle()
    if shown:
        alice.news()
    alice.watch("pram", type="offer")
    policy.vouch(bob.replica, alice.person, 500)  # later versions name another version of Bob's policy
    listings.edit(bob.replica, bob.catalog, posted.id, listings.ListingEdit(**edit))  # type: ignore[arg-type]
    mesh.settle()
    assert bool(alice.alerts()) == tells
    alice.news()
    assert alice.alerts() == []
    listings.edit(bob.replica, bob.catalog, posted.id, listings.ListingEdit(language="de"))
    mesh.settle()
    assert alice.alerts() == []


def test_what_stops_to_match_and_begins_again_is_told_of_again(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("pram")
    posted = bob.post("Baby things", text="a pram", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Baby things"]
    for text, told in (("clothes", []), ("a pram after all", ["Baby things"])):
        listings.edit(bob.replica, bob.catalog, posted.id, listings.ListingEdit(text=text))
        mesh.settle()
        assert [title for _, title in alice.alerts()] == told


def test_a_search_for_an_author_is_not_told_of_their_edits(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    posted = bob.post("Baby things", audience="network_wide")
    mesh.settle()
    alice.watch("bob")
    listings.edit(bob.replica, bob.catalog, posted.id, listings.ListingEdit(text="a pram"))
    mesh.settle()
    assert alice.alerts() == []


def test_a_thing_that_was_gone_and_is_there_again_is_told_of_and_is_news(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("sofa")
    posted = bob.post("Sofa", quantity=1, audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Sofa"]
    for _ in range(2):
        lifecycle.close(bob.replica, bob.catalog, "Sofa")
        mesh.settle()
        assert (alice.alerts(), alice.news()) == ([], [])
        lifecycle.renew(bob.replica, bob.catalog, posted.id, lifecycle.Renewal())
        mesh.settle()
        assert [title for _, title in alice.alerts()] == ["Sofa"]
        assert alice.news() == ["Sofa"]


def test_what_trust_hides_and_shows_again_is_no_news(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.watch("sofa")
    bob.post("Sofa", audience="network_wide")
    mesh.settle()
    assert alice.news() == ["Sofa"]
    people_cases.unvouch(alice.replica, "Bob", ())
    mesh.settle()
    alice.watcher.evaluate()
    people_cases.vouch(alice.replica, "Bob", 0.7, ())
    mesh.settle()
    assert (alice.alerts(), alice.news()) == ([], [])


# --- what the owner needs ------------------------------------------------------------------------------------------------


NEEDED = {"title": "Cordless drill", "category": "tools", "tags": ("battery",)}
OFFERS = [
    ({"title": "Drill, cordless", "category": "tools"}, True),
    ({"title": "Drills and bits", "category": "tools"}, True),
    ({"title": "Toolbox", "text": "with a drill", "category": "tools"}, True),
    ({"title": "Torch", "tags": ("battery",), "category": "tools"}, True),
    ({"title": "Drill", "category": "other"}, False),
    ({"title": "Ladder", "category": "tools"}, False),
    ({"title": "Cordless drill", "category": "tools", "type": "need"}, False),
    ({"title": "Drill", "category": "tools", "audience": "my_cell"}, False),
]


@pytest.mark.parametrize("first", ["the need", "the offer"])
@pytest.mark.parametrize(("offer", "fits"), OFFERS)
def test_a_need_looks_out_for_offers_of_its_category_with_a_word_in_common(
    mesh: Mesh, people: People, offer: dict[str, object], fits: bool, first: str
) -> None:
    alice, bob, _ = people
    for step in ("the need", "the offer") if first == "the need" else ("the offer", "the need"):
        if step == "the need":
            alice.post(type="need", **NEEDED)  # type: ignore[arg-type]
        else:
            bob.post(**{"audience": "network_wide", **offer})  # type: ignore[arg-type]
        mesh.settle()
        alice.watcher.evaluate()
    found = watches.alerts_view(alice.replica, alice.catalog)
    assert [(alert.title, alert.need) for alert in found] == ([(offer["title"], "Cordless drill")] if fits else [])
    seen = status(alice.replica, StillNetwork().state())
    assert (seen.alerts, seen.fits) == (int(fits), int(fits))
    assert alice.watcher.evaluate() == 0
    again = Neighbor(alice.node, Catalog(alice.replica))
    assert again.watcher.evaluate() == 0


def test_a_need_stops_to_look_out_when_it_ends_and_follows_its_edits(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    need = alice.post("Drill", type="need", category="tools")
    assert [(watch.need, watch.words) for watch in saved(alice)] == [(need.id, "Drill")]
    listings.edit(alice.replica, alice.catalog, need.id, listings.ListingEdit(title="Saw"))
    assert [(watch.need, watch.words) for watch in saved(alice)] == [(need.id, "Saw")]
    bob.post("Drill", category="tools", audience="network_wide")
    bob.post("Saw", category="tools", audience="network_wide")
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Saw"]
    lifecycle.close(alice.replica, alice.catalog, need.id)
    assert saved(alice) == ()
    assert count(alice) == 0


def test_words_that_most_posts_have_do_not_let_an_offer_fit(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for number in range(60):
        bob.post(f"Help with thing{number}", category="labor", audience="network_wide")
    bob.post("Hedges cut", category="labor", audience="network_wide")
    alice.post("Help with hedges", type="need", category="labor")
    mesh.settle()
    assert [title for _, title in alice.alerts()] == ["Hedges cut"]


def test_the_search_of_a_need_is_listed_but_not_removed_and_takes_no_room(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, *_ = people
    alice.post("Drill", type="need")
    (one,) = saved(alice)
    with pytest.raises(Refused, match='your need "Drill"'):
        watches.remove(alice.replica, str(one.id))
    monkeypatch.setattr(limits, "WATCHES_MAX", 1)
    alice.watch("saw")
    assert len(saved(alice)) == 2


def saved(neighbor: Neighbor) -> tuple[watches.WatchView, ...]:
    return watches.watches(neighbor.replica, neighbor.catalog, neighbor.watcher).watches
