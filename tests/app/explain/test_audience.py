"""The audience of a listing: who can see it, before and after it is posted."""

from __future__ import annotations

import pytest

from meshnode.app.explain import audience
from meshnode.app.explain.audience import AudienceView
from meshnode.app.groups import groups
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.app.people import blocks
from meshnode.errors import NotFound, Usage
from meshnode.slices import complete
from protocol import PersonId
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def seen_by(neighbor: Neighbor, listing: str) -> AudienceView:
    return complete(audience.audience(neighbor.replica, neighbor.catalog, listing))


def labels(view: AudienceView) -> list[tuple[str, str]]:
    return [(viewer.name, viewer.relation) for viewer in view.people]


def test_everybody_who_can_see_a_listing_is_listed_with_a_label_the_closest_first(people: People) -> None:
    alice = people[0]
    alice.post("Drill", audience="network_wide")
    shown = seen_by(alice, "Drill")
    assert labels(shown) == [("Bob", "someone_you_trust"), ("Carol", "trusted_friend_of_friend")]
    assert (shown.count, shown.audience, shown.radius_km) == (2, "network_wide", None)


def test_the_audience_follows_trust_blocks_groups_and_the_preference(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    alice.post("Drill")
    assert [viewer.name for viewer in seen_by(alice, "Drill").people] == ["Bob", "Carol"]
    blocks.block(carol.replica, "Alice")
    mesh.settle()
    assert [viewer.name for viewer in seen_by(alice, "Drill").people] == ["Bob"]
    sharing.change(alice.replica, sharing.SharingChange(audience="my_cell"))
    assert seen_by(alice, "Drill").count == 0
    groups.new(alice.replica, groups.GroupOrder("cell", "Elm Street"))
    groups.invite(alice.replica, "Elm", None, "Bob")
    mesh.settle()
    groups.join(bob.replica, "Elm", None)
    mesh.settle()
    assert labels(seen_by(alice, "Drill")) == [("Bob", "someone_you_trust")]


def test_for_anyone_local_the_published_places_of_both_count(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    sharing.change(bob.replica, sharing.SharingChange(place=Coordinates(52.52, 13.40)))
    sharing.change(carol.replica, sharing.SharingChange(place=Coordinates(52.40, 13.06)))
    mesh.settle()
    draft = ListingDraft("offer", "Drill", audience="anyone_local", place=Coordinates(52.50, 13.45))
    near = complete(audience.preview(alice.replica, draft))
    assert ([viewer.name for viewer in near.people], near.radius_km) == (["Bob"], 25)
    sharing.change(alice.replica, sharing.SharingChange(radius_km=40))
    assert complete(audience.preview(alice.replica, draft)).count == 2


def test_a_preview_says_who_would_see_it_and_posts_nothing(people: People) -> None:
    alice = people[0]
    assert complete(audience.preview(alice.replica, ListingDraft("offer", "Drill"))).count == 2
    assert complete(audience.preview(alice.replica, ListingDraft("need", "Help", audience="my_cell"))).people == ()
    assert alice.catalog.own() == []
    alice.post("Drill")
    edited = complete(
        audience.preview_edit(alice.replica, alice.catalog, "Drill", ListingEdit(audience="my_community"))
    )
    assert (edited.count, edited.audience) == (0, "my_community")
    assert seen_by(alice, "Drill").count == 2


def test_a_preview_refuses_what_posting_would_refuse(people: People) -> None:
    alice = people[0]
    for draft in (
        ListingDraft("gift", "Drill"),
        ListingDraft("offer", ""),
        ListingDraft("offer", "x", audience="anyone_local"),
    ):
        with pytest.raises(Usage):
            complete(audience.preview(alice.replica, draft))
    with pytest.raises(NotFound):
        complete(audience.preview_edit(alice.replica, alice.catalog, "Drill", ListingEdit(title="Saw")))


def test_the_audience_is_shown_of_own_listings_only(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert alice.titles() == ["Vegetables"]
    with pytest.raises(NotFound, match="no post of yours"):
        seen_by(alice, "Vegetables")


def test_a_person_who_is_vouched_for_counts_even_if_never_met(mesh: Mesh, people: People) -> None:
    alice = people[0]
    dora = settle_in(mesh, "Dora")
    alice.add(dora.card(), 0.9)
    alice.post("Drill")
    assert len(seen_by(alice, "Drill").people) == 3


def test_one_search_in_each_direction_answers_for_everybody(monkeypatch: pytest.MonkeyPatch, people: People) -> None:
    from protocol.trust import TrustGraph

    alice = people[0]
    alice.post("Drill")
    searches = []
    search = TrustGraph._lengths

    def counted(self: TrustGraph, viewer: PersonId, floor: int, *, towards: bool) -> object:
        searches.append(self)
        return search(self, viewer, floor, towards=towards)

    monkeypatch.setattr(TrustGraph, "_lengths", counted)
    seen_by(alice, "Drill")
    assert len(searches) <= 2
