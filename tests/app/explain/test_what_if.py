"""`what-if` lists who would gain and lose sight, in both directions, by the visibility rule, and signs nothing."""

from __future__ import annotations

import pytest

from meshnode.app.explain import what_if
from meshnode.app.explain.what_if import NAMED, SightView, WhatIfView
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.preference import SharingChange
from meshnode.app.people import blocks
from meshnode.errors import NotFound, Refused, Usage
from meshnode.slices import complete
from protocol import PersonId, person_text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
NOTHING = WhatIfView((), (), (), ())


def titles_by_person(changes: tuple[SightView, ...]) -> dict[str, list[str]]:
    return {change.person.name: [listing.title for listing in change.listings] for change in changes}


def registers(neighbor: Neighbor) -> list[tuple[bytes, int]]:
    return sorted((row.slot, row.version) for row in neighbor.replica.store.records.rows(author=neighbor.person))


def test_taking_a_vouch_back_lists_everybody_who_was_connected_through_it(mesh: Mesh, people: People) -> None:
    """Seed: "Revoked trust = cascading visibility loss"."""
    alice, bob, carol = people
    alice.post("Drill")
    bob.post("Chairs", audience="network_wide")
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    before = registers(alice)
    seen = complete(what_if.unvouch(alice.replica, alice.catalog, "Bob"))
    assert titles_by_person(seen.viewers_lost) == {"Bob": ["Drill"], "Carol": ["Drill"]}
    assert titles_by_person(seen.authors_lost) == {"Bob": ["Chairs"], "Carol": ["Vegetables"]}
    assert (seen.viewers_gained, seen.authors_gained) == ((), ())
    assert [change.relation for change in seen.viewers_lost] == ["someone_you_trust", "trusted_friend_of_friend"]
    assert registers(alice) == before
    assert sorted(alice.titles()) == ["Chairs", "Vegetables"]


def test_a_block_and_its_end_list_who_loses_and_gains_sight(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    alice.post("Drill", audience="network_wide")
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    seen = complete(what_if.block(alice.replica, alice.catalog, "Carol"))
    assert (titles_by_person(seen.viewers_lost), titles_by_person(seen.authors_lost)) == (
        {"Carol": ["Drill"]},
        {"Carol": ["Vegetables"]},
    )
    blocks.block(alice.replica, "Carol")
    back = complete(what_if.unblock(alice.replica, alice.catalog, "Carol"))
    assert titles_by_person(back.viewers_gained) == {"Carol": ["Drill"]}
    assert titles_by_person(back.authors_gained) == {"Carol": []}, "what was dropped is not known any more"
    assert back.authors_gained[0].usual
    assert complete(what_if.block(alice.replica, alice.catalog, "Carol")) == NOTHING


def test_a_vouch_lists_who_would_come_into_view(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    dora = settle_in(mesh, "Dora")
    bob.add(dora.card(), 0.3)
    mesh.wire("Bob", "Dora")
    mesh.settle()
    alice.post("Drill")
    dora_id = person_text(dora.person)
    assert "Dora" not in titles_by_person(complete(what_if.unvouch(alice.replica, alice.catalog, "Bob")).viewers_lost)
    seen = complete(what_if.vouch(alice.replica, alice.catalog, dora_id, 0.9))
    assert titles_by_person(seen.viewers_gained) == {"Dora": ["Drill"]}
    assert seen.viewers_gained[0].relation == "someone_you_trust"
    assert seen.viewers_lost == ()
    assert complete(what_if.vouch(alice.replica, alice.catalog, "Bob", 0.7)) == NOTHING


def test_a_change_of_sharing_counts_for_listings_that_follow_it_and_for_later_ones(people: People) -> None:
    alice = people[0]
    alice.post("Drill")
    alice.post("Chairs", audience="network_wide")
    seen = complete(what_if.share(alice.replica, alice.catalog, SharingChange(audience="my_cell")))
    assert titles_by_person(seen.viewers_lost) == {"Bob": ["Drill"], "Carol": ["Drill"]}
    assert all(change.usual for change in seen.viewers_lost)
    assert seen.authors_lost == ()
    assert complete(what_if.share(alice.replica, alice.catalog, SharingChange(audience="trusted_network"))) == NOTHING


def test_another_place_or_precision_changes_who_is_nearby_in_both_directions(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    for neighbor in people:
        sharing.change(neighbor.replica, SharingChange(place=Coordinates(52.52, 13.40)))
    carol.post("Vegetables", audience="anyone_local")
    alice.post("Drill", audience="anyone_local")
    alice.post("Ladder", audience="anyone_local", place=Coordinates(52.53, 13.41))
    mesh.settle()
    away = complete(what_if.share(alice.replica, alice.catalog, SharingChange(place=Coordinates(48.14, 11.58))))
    assert titles_by_person(away.viewers_lost) == {"Bob": ["Drill"], "Carol": ["Drill"]}
    assert titles_by_person(away.authors_lost) == {"Carol": ["Vegetables"]}
    assert not away.viewers_lost[0].usual
    narrow = complete(what_if.share(alice.replica, alice.catalog, SharingChange(radius_km=1)))
    assert titles_by_person(narrow.viewers_lost) == {"Bob": ["Ladder"], "Carol": ["Ladder"]}


def test_a_few_listings_are_named_and_all_are_counted(people: People) -> None:
    alice = people[0]
    for number in range(NAMED + 3):
        alice.post(f"Chair {number}")
    seen = complete(what_if.block(alice.replica, alice.catalog, "Bob"))
    assert (len(seen.viewers_lost[0].listings), seen.viewers_lost[0].count) == (NAMED, NAMED + 3)


def test_what_would_be_refused_is_refused_here_too(people: People) -> None:
    alice = people[0]
    ask, catalog = alice.replica, alice.catalog
    with pytest.raises(Refused, match="you cannot vouch for yourself"):
        complete(what_if.vouch(ask, catalog, "Alice", 0.5))
    with pytest.raises(Refused, match="you cannot block yourself"):
        complete(what_if.block(ask, catalog, "Alice"))
    with pytest.raises(Usage, match="trust goes from"):
        complete(what_if.vouch(ask, catalog, "Bob", 2.0))
    with pytest.raises(Usage, match="say what to change"):
        complete(what_if.share(ask, catalog, SharingChange()))
    for refused in (what_if.unvouch, what_if.unblock):
        with pytest.raises(NotFound):
            complete(refused(ask, catalog, "Carol"))
    with pytest.raises(NotFound):
        complete(what_if.block(ask, catalog, "Zed"))


def test_two_searches_of_each_graph_answer_for_everybody(monkeypatch: pytest.MonkeyPatch, people: People) -> None:
    from protocol.trust import TrustGraph

    alice = people[0]
    for number in range(5):
        alice.post(f"Chair {number}", audience="network_wide" if number % 2 else "my_cell")
    searches = []
    search = TrustGraph._lengths

    def counted(self: TrustGraph, viewer: PersonId, floor: int, *, towards: bool) -> object:
        searches.append(self)
        return search(self, viewer, floor, towards=towards)

    monkeypatch.setattr(TrustGraph, "_lengths", counted)
    complete(what_if.block(alice.replica, alice.catalog, "Carol"))
    assert 0 < len(searches) <= 5, "two each, and one to find out who is meant"
