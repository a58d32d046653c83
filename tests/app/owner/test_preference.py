"""The sharing preference: what a change moves, what it leaves as it is, and what is refused."""

from __future__ import annotations

import pytest

from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.listings import ListingEdit
from meshnode.app.owner import places
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.preference import SharingChange
from meshnode.errors import Usage
from protocol import PROFILE_SLOT, Kind, Precision, coarse, precision_of
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint

People = tuple[Neighbor, Neighbor, Neighbor]
HOME = Coordinates(52.5200, 13.4050)
SHED = Coordinates(52.6001, 13.5002)


def share(neighbor: Neighbor, **wanted: object) -> sharing.SharingView:
    return sharing.change(neighbor.replica, SharingChange(**wanted))  # type: ignore[arg-type]


def written(neighbor: Neighbor) -> int:
    """How often this node has written its policy, its profile and its listings."""
    records = neighbor.replica.store.records
    return sum(row.version for row in records.rows(author=neighbor.person) if row.kind != Kind.DEVICE)


@pytest.mark.promise("Users can set their sharing preference")
def test_users_can_set_their_sharing_preference(people: People) -> None:
    """Seed, success criteria: "Users can set their sharing preference"."""
    alice = people[0]
    before = sharing.show(alice.replica)
    assert (before.audience, before.precision, before.radius_km) == ("trusted_network", "neighborhood", 25)
    share(alice, audience="network_wide", precision="city", radius_km=40)
    after = sharing.show(alice.replica)
    assert (after.audience, after.precision, after.radius_km) == ("network_wide", "city", 40)
    assert share(alice, radius_km=10).audience == "network_wide", "what is left out stays"


@pytest.mark.promise("SHALL let individuals choose their own visibility")
def test_individuals_choose_their_own_visibility_and_every_listing_that_follows_moves(
    mesh: Mesh, people: People
) -> None:
    """Seed, requirements: "SHALL let individuals choose their own visibility"."""
    alice, _, carol = people
    carol.post("Vegetables")
    carol.post("Drill", audience="network_wide")
    assert share(carol, audience="my_cell").follows == 1
    mesh.settle()
    assert alice.titles() == ["Drill"]
    share(carol, audience="network_wide")
    mesh.settle()
    assert sorted(alice.titles()) == ["Drill", "Vegetables"]
    share(carol, audience="my_community")
    mesh.settle()
    assert alice.titles() == ["Drill"]


def test_a_change_to_what_is_so_already_signs_nothing(people: People) -> None:
    alice = people[0]
    share(alice, place=HOME)
    before = written(alice)
    share(alice, audience="trusted_network", precision="neighborhood", radius_km=25, place=HOME)
    share(alice, place=Coordinates(52.52001, 13.40501))
    assert written(alice) == before
    assert sharing.show(alice.replica).place == Coordinates(52.52001, 13.40501)
    share(alice, no_place=True)
    before = written(alice)
    share(alice, no_place=True)
    assert written(alice) == before


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({}, "say what to change"),
        ({"audience": "everybody"}, "'everybody' is not an audience"),
        ({"audience": "follows"}, "'follows' is not an audience"),
        ({"precision": "street"}, "'street' is not a precision"),
        ({"radius_km": -1}, "a radius cannot be negative"),
        ({"radius_km": 0}, "a radius of 0 km"),
        ({"radius_km": 20_001}, "larger than the earth"),
        ({"place": Coordinates(90.5, 0)}, "that location is nowhere on earth"),
        ({"place": Coordinates(0, -180.5)}, "that location is nowhere on earth"),
        ({"place": HOME, "no_place": True}, "a location and no location contradict each other"),
        ({"audience": "anyone_local"}, '"Anyone nearby" needs your location'),
        ({"audience": "network_wide", "radius_km": 0}, "a radius of 0 km"),
    ],
)
def test_what_cannot_be_says_so_and_changes_nothing(people: People, wanted: dict[str, object], says: str) -> None:
    alice = people[0]
    before = sharing.show(alice.replica), written(alice)
    with pytest.raises(Usage, match=says):
        share(alice, **wanted)
    assert (sharing.show(alice.replica), written(alice)) == before


def test_who_shares_with_people_nearby_must_be_somewhere(people: People) -> None:
    alice = people[0]
    share(alice, audience="anyone_local", place=HOME)
    with pytest.raises(Usage, match="needs your location"):
        share(alice, no_place=True)
    assert share(alice, audience="network_wide", no_place=True).published is None


def test_a_radius_smaller_than_the_published_places_is_warned_of(people: People) -> None:
    alice = people[0]
    assert share(alice, precision="city", radius_km=7).warnings == ()
    (warning,) = share(alice, radius_km=6).warnings
    assert (
        "Your radius of 6 km is smaller than the area that others see of your location (city, about 7 km wide)"
        in warning.message
    )
    assert (warning.code, warning.about) == ("radius_small", ("6", "7"))
    assert share(alice, precision="neighborhood").warnings == ()
    assert share(alice, precision="region", radius_km=49).warnings
    assert not share(alice, radius_km=50).warnings


def test_a_listing_for_people_nearby_that_lost_its_place_is_warned_of(people: People) -> None:
    alice = people[0]
    share(alice, place=HOME)
    alice.post("Chairs", audience="anyone_local")
    alice.post("Table", audience="anyone_local", place=SHED)
    (warning,) = share(alice, no_place=True).warnings
    assert warning.message == 'Nobody can see "Chairs": "anyone nearby" needs a location.'
    assert (warning.code, warning.about) == ("unseen", ("Chairs",))


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", list(Precision))
def test_what_is_published_is_as_coarse_as_was_asked_for(people: People, precision: Precision) -> None:
    alice = people[0]
    shared = share(alice, precision=precision.word, place=HOME)
    assert shared.place == HOME
    assert shared.published is not None
    assert shared.published.cell == places.published(alice.replica) == coarse(HOME.lat, HOME.lon, precision)


def test_another_precision_publishes_every_place_again_and_voids_the_finer_ones(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    share(alice, precision="exact", place=HOME)
    alice.post("Drill", place=SHED)
    alice.post("Bread")
    mesh.settle()
    share(alice, precision="region")
    mesh.settle()
    for node in (alice, bob):
        rows = node.replica.store.records.rows(kinds=(Kind.LISTING,), author=alice.person)
        assert {row.place for row in rows} == {None, coarse(SHED.lat, SHED.lon, Precision.REGION)}
        profile = node.replica.trust_state.profile(alice.person)
        assert profile is not None
        assert profile.place == coarse(HOME.lat, HOME.lon, Precision.REGION)
    header = alice.replica.store.records.newest((alice.person, Kind.PROFILE, PROFILE_SLOT))
    assert header is not None
    assert header.header.min_valid_version == header.header.version
    share(alice, precision="neighborhood")
    (drill,) = (body.place for _, body in places.own_listings(alice.replica) if body.place)
    assert drill == coarse(SHED.lat, SHED.lon, Precision.NEIGHBORHOOD)
    assert places.published(alice.replica) == coarse(HOME.lat, HOME.lon, Precision.NEIGHBORHOOD)


def test_distances_are_measured_from_the_exact_place_and_consent_from_the_published_one(
    mesh: Mesh, people: People
) -> None:
    alice, bob, _ = people
    share(alice, place=HOME, precision="region")
    share(bob, precision="exact")
    bob.post("Chairs", audience="network_wide", place=Coordinates(52.5200, 13.4350))
    mesh.settle()
    (found,) = alice.discover().results
    assert found.distance == "2km away"
    assert alice.titles(within=1.5) == []
    assert alice.titles(within=2.5) == ["Chairs"]


def test_an_exact_place_is_forgotten_with_the_listing_and_with_the_place(mesh: Mesh, people: People) -> None:
    alice = people[0]
    points = alice.replica.store.places
    kept = [alice.post(title, place=SHED).id for title in ("One", "Two", "Three")]
    slots = [listings.find(alice.replica, alice.catalog, each).header.slot for each in kept]
    assert [points.get(slot) for slot in slots] == [(SHED.lat, SHED.lon)] * 3
    lifecycle.withdraw(alice.replica, alice.catalog, "One")
    listings.edit(alice.replica, alice.catalog, "Two", ListingEdit(clear=("place",)))
    mesh.advance(1)
    assert [points.get(slot) for slot in slots] == [None, None, (SHED.lat, SHED.lon)]
    mesh.advance(91 * 86_400)
    assert points.get(slots[2]) is None
    share(alice, place=HOME)
    share(alice, no_place=True)
    assert (points.get(PROFILE_SLOT), places.here(alice.replica)) == (None, None)


def test_a_change_of_precision_that_was_cut_short_is_made_up_for(people: People, mesh: Mesh) -> None:
    from meshnode.app.owner import policy

    alice = people[0]
    share(alice, place=HOME)
    policy.set_preference(alice.replica, places.preference_of(alice.replica, alice.person)._replace(precision=4))
    mesh.advance(1)
    assert places.published(alice.replica) == coarse(HOME.lat, HOME.lon, Precision.REGION)


def test_a_listing_that_is_renewed_tells_its_place_as_is_wanted_by_then(people: People) -> None:
    alice = people[0]
    share(alice, precision="exact")
    alice.post("Drill", place=SHED)
    lifecycle.close(alice.replica, alice.catalog, "Drill")
    share(alice, precision="region")
    lifecycle.renew(alice.replica, alice.catalog, "Drill", lifecycle.Renewal())
    ((_, drill),) = places.own_listings(alice.replica)
    assert drill.place == coarse(SHED.lat, SHED.lon, Precision.REGION)


# --- several devices -------------------------------------------------------------------------------------------------


def a_phone(mesh: Mesh) -> None:
    """Alice has a second device, and the two meet."""
    mesh.add_device("Phone", "Alice")
    acquaint(mesh, "Alice", "Phone")
    mesh.wire("Alice", "Phone")
    mesh.settle()


def test_a_preference_set_on_another_device_holds_here_and_only_who_knows_the_place_makes_it_finer(
    mesh: Mesh, people: People
) -> None:
    alice = people[0]
    share(alice, place=HOME)
    a_phone(mesh)
    phone = mesh.nodes["Phone"].replica
    assert places.exact(phone) is None
    coarsened = sharing.change(phone, SharingChange(precision="city", audience="my_cell"))
    assert coarsened.published is not None
    assert precision_of(coarsened.published.cell) == Precision.CITY
    mesh.settle()
    assert sharing.show(alice.replica).audience == "my_cell"
    mesh.advance(1)
    assert sharing.show(alice.replica).published == coarsened.published
    finer = sharing.change(phone, SharingChange(precision="exact"))
    assert finer.published == coarsened.published
    assert "this computer does not know where you are exactly" in finer.warnings[0].message
    mesh.settle()
    mesh.advance(1)
    for replica in (phone, alice.replica):
        assert places.published(replica) == coarse(HOME.lat, HOME.lon, Precision.EXACT)


def test_a_place_set_on_another_device_replaces_the_exact_one_kept_here(mesh: Mesh, people: People) -> None:
    alice = people[0]
    share(alice, place=HOME)
    a_phone(mesh)
    sharing.change(mesh.nodes["Phone"].replica, SharingChange(place=SHED))
    mesh.settle()
    mesh.advance(1)
    assert places.exact(alice.replica) is None
    assert places.here(alice.replica) == coarse(SHED.lat, SHED.lon, Precision.NEIGHBORHOOD)
