"""A person who is away is seen by nobody, on every node that hears of it, and comes back with one act."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import pause, preference
from meshnode.app.owner.pause import PauseChange
from meshnode.app.owner.profile import set_profile
from protocol import Audience, Record
from tests.app.exchanging import inbox, make, offer, respond, states
from tests.app.neighbors import neighbor
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, village
from tests.support.mesh_people import found, holds, invite, post, row, sees
from tests.support.places import PLACES


def away(mesh: Mesh, name: str) -> None:
    pause.change(replica(mesh, name), PauseChange(away=True))


def back(mesh: Mesh, name: str) -> None:
    pause.change(replica(mesh, name), PauseChange(away=False))


def copies(mesh: Mesh, listing: Record) -> set[str]:
    return {name for name in mesh.nodes if holds(mesh, name, listing)}


def with_cell(mesh: Mesh) -> None:
    found(mesh, "Ann", "Elm Street")
    invite(mesh, "Ann", "Elm Street", "Bob", "Cleo")


@pytest.mark.parametrize("audience", Audience)
def test_posts_of_every_audience_go_and_come_back(audience: Audience) -> None:
    mesh = row("Ann", "Bob", "Cleo", seed=31, audience=Audience.NETWORK_WIDE)
    with_cell(mesh)
    for name in mesh.nodes:
        set_profile(replica(mesh, name), place=PLACES[0])
    listing = post(mesh, "Ann", "Ladder", audience)
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo"}
    away(mesh, "Ann")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}
    assert sees(mesh, "Cleo") == set()
    back(mesh, "Ann")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob", "Cleo"}
    assert sees(mesh, "Cleo") == {"Ladder"}


def test_a_copy_goes_also_where_only_a_relay_has_heard_of_it() -> None:
    mesh = row("Ann", "Bob", "Cleo", audience=Audience.NETWORK_WIDE, seed=32)
    listing = post(mesh, "Ann", "Ladder")
    mesh.settle()
    mesh.cut("Bob", "Cleo")
    away(mesh, "Ann")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Cleo"}
    mesh.cut("Ann", "Bob")
    mesh.heal_between(["Bob", "Cleo"])
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}


def test_what_is_posted_while_away_is_seen_once_its_author_is_back() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=33)
    away(mesh, "Ann")
    listing = post(mesh, "Ann", "Ladder")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}
    back(mesh, "Ann")
    mesh.settle()
    assert copies(mesh, listing) == {"Ann", "Bob"}


def test_an_exchange_that_has_begun_goes_on_while_its_owner_is_away() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=34)
    ann, bob = neighbor(mesh, "Ann"), neighbor(mesh, "Bob")
    offer(mesh, ann, quantity=1)
    exchange = respond(mesh, bob, message="Please")
    assert [asked.messages[0].text for asked in inbox(mesh, ann)] == ["Please"]
    away(mesh, "Ann")
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    make(mesh, ann, exchange, "accept", "Come by")
    make(mesh, ann, exchange, "done")
    assert make(mesh, bob, exchange, "done").state == "completed"
    mesh.settle()
    assert states(mesh, ann) == states(mesh, bob) == ["completed"]


def test_a_request_that_comes_while_its_owner_is_away_waits_until_the_owner_is_back() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=38)
    ann, bob = neighbor(mesh, "Ann"), neighbor(mesh, "Bob")
    offer(mesh, ann, quantity=1)
    mesh.cut("Ann", "Bob")
    away(mesh, "Ann")
    respond(mesh, bob, message="Please")
    mesh.heal_between(["Ann", "Bob"])
    mesh.settle()
    assert inbox(mesh, ann) == []
    back(mesh, "Ann")
    mesh.settle()
    assert [asked.messages[0].text for asked in inbox(mesh, ann)] == ["Please"]


@pytest.mark.parametrize(("one", "other"), [("Laptop", "Pi"), ("Pi", "Laptop")])
def test_every_device_of_a_person_knows_since_when_and_any_of_them_comes_back(one: str, other: str) -> None:
    mesh = village()
    listing = post(mesh, other, "Ladder")
    mesh.settle()
    assert holds(mesh, "Carol", listing)
    away(mesh, one)
    mesh.settle()
    since = status(replica(mesh, other), NetworkState(ready=True)).paused
    assert since is not None
    assert since == status(replica(mesh, one), NetworkState(ready=True)).paused
    assert not holds(mesh, "Carol", listing)
    back(mesh, other)
    mesh.settle()
    assert status(replica(mesh, one), NetworkState(ready=True)).paused is None
    assert holds(mesh, "Carol", listing)


@pytest.mark.parametrize("act", [away, back])
def test_saying_it_twice_signs_nothing_again(act: Callable[[Mesh, str], None]) -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=35)
    act(mesh, "Ann")
    before = replica(mesh, "Ann").trust_state.version
    mesh.run_for(60)
    act(mesh, "Ann")
    assert replica(mesh, "Ann").trust_state.version == before


def test_sharing_otherwise_does_not_bring_somebody_back() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=36)
    listing = post(mesh, "Ann", "Ladder")
    away(mesh, "Ann")
    preference.change(replica(mesh, "Ann"), preference.SharingChange(audience="network_wide", radius_km=50))
    mesh.settle()
    assert copies(mesh, listing) == {"Ann"}
    assert preference.show(replica(mesh, "Ann")).paused == pause.since(replica(mesh, "Ann"))


def test_those_who_are_away_see_what_others_share_and_their_own() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=37)
    post(mesh, "Bob", "Bread")
    away(mesh, "Ann")
    mesh.settle()
    assert sees(mesh, "Ann") == {"Bread"}
