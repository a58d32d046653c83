"""A sharing preference reaches all copies: widening brings listings to more people, narrowing takes copies back."""

from __future__ import annotations

import pytest

from meshnode.app.owner import places, policy
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.preference import SharingChange
from protocol import Audience, Kind, Listing, Record, body_of
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, holds, post, row, sees

MILL = Coordinates(52.5200, 13.4050)
PARK = Coordinates(52.5300, 13.4200)  # about 1.5 km from the mill
COAST = Coordinates(54.3100, 13.0900)  # about 200 km


def share(mesh: Mesh, name: str, **wanted: object) -> None:
    sharing.change(mesh.nodes[name].replica, SharingChange(**wanted))  # type: ignore[arg-type]


def copies(mesh: Mesh, listing: Record) -> set[str]:
    """Whose nodes hold the body of the listing."""
    return {name for name in mesh.nodes if holds(mesh, name, listing)}


@pytest.mark.promise("SHALL let individuals choose their own visibility")
def test_widening_brings_listings_to_people_and_narrowing_drops_the_copies_through_relays() -> None:
    """Dan's node meets nobody's but Cleo's, four people away from Ann."""
    mesh = row("Ann", "Bob", "Cleo", "Dan", weight=780)
    listing = post(mesh, "Ann", "Ladder")
    own = post(mesh, "Ann", "Everybody's bench", Audience.NETWORK_WIDE)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo"}, "0.47 reaches nobody among the trusted"
    share(mesh, "Ann", audience="network_wide")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo", "Dan"}
    assert sees(mesh, "Dan") == {"Ladder", "Everybody's bench"}
    share(mesh, "Ann", audience="my_cell")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}
    assert copies(mesh, own) == {"Ann", "Bob", "Cleo", "Dan"}, "what names its own audience stays"
    share(mesh, "Ann", audience="trusted_network")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo"}


def test_narrowing_reaches_copies_from_which_its_author_was_cut_off() -> None:
    mesh = row("Ann", "Bob", "Cleo")
    listing = post(mesh, "Ann", "Ladder")
    mesh.settle()
    mesh.cut("Bob", "Cleo")
    share(mesh, "Ann", audience="my_cell")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Cleo"}
    mesh.cut("Ann", "Bob")
    mesh.heal_between(["Bob", "Cleo"])
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}, "Bob passes it on though Ann is away"


@pytest.mark.promise("SHALL NOT expose people to those with no trust connection")
def test_anyone_local_asks_for_published_places_and_for_a_connection() -> None:
    """Both conditions count: the distance of the published places, and trust or a shared group."""
    mesh = row("Ann", "Bob", "Cleo")
    mesh.add("Eve")
    acquaint(mesh, "Ann", "Eve")
    acquaint(mesh, "Bob", "Eve")
    for reached in ("Ann", "Bob"):
        policy.vouch(mesh.nodes["Eve"].replica, mesh.nodes[reached].person, 1000)
        mesh.wire("Eve", reached)
    for name, place in (("Ann", MILL), ("Bob", PARK), ("Cleo", COAST), ("Eve", MILL)):
        share(mesh, name, place=place)
    listing = post(mesh, "Ann", "Apples", Audience.ANYONE_LOCAL)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob"}, "Cleo is far away; Eve is next door, and nobody vouches for her"
    share(mesh, "Cleo", place=PARK)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo"}
    share(mesh, "Cleo", no_place=True)
    mesh.settle()
    assert sees(mesh, "Cleo") == set(), "who is nowhere is not nearby"


def test_the_radius_moves_what_is_for_people_nearby() -> None:
    mesh = row("Ann", "Bob")
    share(mesh, "Ann", place=MILL)
    share(mesh, "Bob", place=PARK)
    listing = post(mesh, "Ann", "Apples", Audience.ANYONE_LOCAL)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob"}
    share(mesh, "Ann", radius_km=1)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}
    share(mesh, "Ann", radius_km=2)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob"}


def test_a_finer_place_is_nowhere_in_use_once_it_is_told_less_exactly() -> None:
    mesh = row("Ann", "Bob", "Cleo")
    share(mesh, "Ann", place=MILL, precision="exact", audience="network_wide")
    mesh.settle()
    share(mesh, "Ann", precision="region")
    mesh.settle()
    published_cell = places.published(mesh.nodes["Ann"].replica)
    for name in ("Bob", "Cleo"):
        profile = mesh.nodes[name].replica.trust_state.profile(mesh.nodes["Ann"].person)
        assert profile is not None
        assert profile.place == published_cell
        assert not [
            record
            for record in held(mesh, name)
            if getattr(record, "place", published_cell) not in (published_cell, None)
        ]


def held(mesh: Mesh, name: str) -> list[object]:
    """Return the places in Ann's profile and listings that `name`'s node holds."""
    records = mesh.nodes[name].replica.store.records
    rows = list(records.rows(kinds=(Kind.PROFILE, Kind.LISTING), author=mesh.nodes["Ann"].person))
    return [body_of(record) for record in records.get_many([row.id for row in rows]) if record.body]


@pytest.mark.parametrize("last", ["laptop", "phone"])
def test_of_two_devices_that_choose_apart_the_later_choice_holds_everywhere(last: str) -> None:
    mesh = row("Ann", "Bob")
    mesh.add_device("Phone", "Ann")
    acquaint(mesh, "Ann", "Phone")
    mesh.wire("Ann", "Phone")
    listing = post(mesh, "Ann", "Ladder")
    mesh.settle()
    mesh.cut("Ann", "Phone")
    first, second = ("Phone", "Ann") if last == "laptop" else ("Ann", "Phone")
    share(mesh, first, audience="network_wide", radius_km=7)
    share(mesh, second, audience="network_wide")
    share(mesh, second, audience="my_cell", radius_km=9)
    mesh.heal()
    mesh.settle()
    for name in ("Ann", "Phone"):
        seen = sharing.show(mesh.nodes[name].replica)
        assert (seen.audience, seen.radius_km) == ("my_cell", 9)
    assert not holds(mesh, "Bob", listing)
    assert isinstance(body_of(listing), Listing)
