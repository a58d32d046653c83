"""Locations that were probably mistyped are asked about, whatever was mistyped; those that are near never are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from meshnode.app.listings import listings
from meshnode.app.listings.listings import ListingEdit
from meshnode.app.owner import plausible, preference
from meshnode.app.owner.places import Coordinates, exact
from meshnode.app.owner.plausible import FAR_KM
from meshnode.app.owner.preference import SharingChange
from meshnode.errors import Unconfirmed
from protocol import Precision, coarse, distance_km
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

BERLIN = Coordinates(52.52, 13.405)
MISTYPED = [
    (BERLIN, Coordinates(13.405, 52.52), "52.52,13.405"),  # swapped
    (BERLIN, Coordinates(52.0, 52.0), "52.52,13.41"),  # a decimal comma, and nothing behind it
    (BERLIN, Coordinates(-52.52, 13.405), "52.52,13.405"),
    (Coordinates(-33.92, -70.65), Coordinates(33.92, 70.65), "-33.92,-70.65"),  # signs forgotten
    (Coordinates(-33.92, -70.65), Coordinates(-70.65, -33.92), "-33.92,-70.65"),
    (Coordinates(-16.8, 179.99), Coordinates(-16.8, -17.99), None),
    (BERLIN, Coordinates(40.71, -74.0), None),  # New York, and nothing else
]


@pytest.fixture
def alice() -> Neighbor:
    return settle_in(Mesh(7), "Alice")


def live(neighbor: Neighbor, place: Coordinates, *, anyway: bool = False) -> preference.SharingView:
    return preference.change(neighbor.replica, SharingChange(place=place, anyway=anyway))


@pytest.mark.parametrize(("own", "typed", "meant"), MISTYPED)
def test_a_post_far_away_is_asked_about_with_its_distance_and_what_may_be_meant(
    alice: Neighbor, own: Coordinates, typed: Coordinates, meant: str | None
) -> None:
    live(alice, own)
    with pytest.raises(Unconfirmed) as asked:
        alice.post("Plums", place=typed)
    assert " km from your location" in asked.value.message
    assert (f"Did you mean {meant}?" in asked.value.message) == (meant is not None)
    assert "--yes" in asked.value.hint
    assert listings.mine(alice.replica, alice.catalog).listings == ()
    posted = alice.post("Plums", place=typed, anyway=True)
    assert posted.distance_km is not None
    assert posted.distance_km > FAR_KM


@pytest.mark.parametrize(("own", "typed", "meant"), MISTYPED)
def test_an_edit_is_asked_about_as_a_new_post_is(
    alice: Neighbor, own: Coordinates, typed: Coordinates, meant: str | None
) -> None:
    live(alice, own)
    alice.post("Plums", place=own)

    def edit(**more: Any) -> None:
        listings.edit(alice.replica, alice.catalog, "Plums", ListingEdit(place=typed, **more))

    with pytest.raises(Unconfirmed):
        edit()
    edit(anyway=True)


@pytest.mark.parametrize(("own", "typed", "meant"), MISTYPED)
def test_a_move_is_asked_about_if_something_near_may_be_meant_and_else_said_with_its_distance(
    alice: Neighbor, own: Coordinates, typed: Coordinates, meant: str | None
) -> None:
    live(alice, own)
    if meant is not None:
        with pytest.raises(Unconfirmed, match="Did you mean"):
            live(alice, typed)
        assert exact(alice.replica) == own
    moved = live(alice, typed, anyway=True)
    assert exact(alice.replica) == typed
    assert " km from where you were" in moved.warnings[0].message


def test_without_a_location_of_ones_own_there_is_nothing_to_compare_with(alice: Neighbor) -> None:
    assert alice.post("Plums", place=Coordinates(13.405, 52.52)).distance is None
    assert live(alice, BERLIN).warnings == ()


LATITUDES, LONGITUDES = st.floats(-80, 80), st.floats(-179, 179)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LATITUDES, LONGITUDES, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_anywhere_on_earth_what_is_near_is_taken_and_what_is_near_when_swapped_is_asked_about(
    alice: Neighbor, lat: float, lon: float, north: float, east: float
) -> None:
    live(alice, Coordinates(lat, lon), anyway=True)
    near = Coordinates(lat + north, lon + east)
    plausible.check_post(alice.replica, near, anyway=False)
    swapped = Coordinates(near.lon, near.lat)
    assume(abs(swapped.lat) <= 90)
    far = distance_km(coarse(lat, lon, Precision.EXACT), coarse(swapped.lat, swapped.lon, Precision.EXACT))
    assume(far > FAR_KM)
    with pytest.raises(Unconfirmed, match="Did you mean"):
        plausible.check_post(alice.replica, swapped, anyway=False)


@pytest.mark.parametrize("own", [BERLIN, Coordinates(90.0, 0.0), Coordinates(-90.0, 0.0), Coordinates(0.0, 180.0)])
@pytest.mark.parametrize("lat", [-90.0, -89.0, -1.0, 0.0, 52.0, 89.0, 90.0])
@pytest.mark.parametrize("lon", [-180.0, -1.0, 0.0, 9.0, 52.0, 123.0, 180.0])
def test_every_place_on_earth_can_be_given_if_it_is_confirmed(
    alice: Neighbor, own: Coordinates, lat: float, lon: float
) -> None:
    live(alice, own)
    typed = Coordinates(lat, lon)
    for anyway in (False, True):
        try:
            plausible.check_post(alice.replica, typed, anyway=anyway)
            plausible.check_move(alice.replica, typed, anyway=anyway)
        except Unconfirmed:
            assert not anyway
