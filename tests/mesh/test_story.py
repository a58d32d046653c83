"""The story of Alice, Bob and Carol in one process: consent follows vouches, and ends where they are taken back."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica import authoring
from protocol import Audience, Kind, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, holds, post, sees


def three_in_a_row(seed: int = 1) -> Mesh:
    mesh = Mesh(seed)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 700, 800)
    befriend(mesh, "Bob", "Carol", 800, 800)
    mesh.settle()
    return mesh


@pytest.mark.promise("Resources flow organically based on trust")
def test_a_friend_of_a_friend_is_found_at_the_product_of_the_vouches() -> None:
    mesh = three_in_a_row()
    post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Fresh vegetables"}
    alice, carol = mesh.nodes["Alice"], mesh.nodes["Carol"]
    path = alice.replica.trust_state.graph.trust(alice.person, carol.person)
    assert path is not None
    assert path.trust == 0.56


def test_what_a_bridge_takes_back_is_gone_everywhere_behind_it() -> None:
    mesh = three_in_a_row()
    listing = post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    bob = mesh.nodes["Bob"].replica
    policy.vouch(bob, mesh.nodes["Carol"].person, 0)
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert not holds(mesh, "Alice", listing)


def test_a_block_hides_two_people_from_each_other_and_nobody_else() -> None:
    mesh = three_in_a_row()
    listing = post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    policy.block(mesh.nodes["Carol"].replica, mesh.nodes["Alice"].person)
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert sees(mesh, "Bob") == {"Fresh vegetables"}
    assert holds(mesh, "Bob", listing)


def test_the_blocked_persons_node_hides_at_once_and_deletes_once_it_is_sure() -> None:
    mesh = three_in_a_row()
    listing = post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    policy.block(mesh.nodes["Carol"].replica, mesh.nodes["Alice"].person)
    mesh.settle()
    assert holds(mesh, "Alice", listing)  # all that Alice's node knows is that Carol's policy changed
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    assert not holds(mesh, "Alice", listing)


def test_a_viewers_own_block_hides_the_author_from_the_viewer_too() -> None:
    mesh = three_in_a_row()
    listing = post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    policy.block(mesh.nodes["Alice"].replica, mesh.nodes["Carol"].person)
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert not holds(mesh, "Alice", listing)


def test_an_unblock_brings_back_what_the_block_hid() -> None:
    mesh = three_in_a_row()
    post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    alice, carol = mesh.nodes["Alice"], mesh.nodes["Carol"]
    policy.block(alice.replica, carol.person)
    mesh.settle()
    policy.unblock(alice.replica, carol.person)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Fresh vegetables"}


def test_a_trusted_network_offer_stops_where_reach_falls_below_one_half() -> None:
    mesh = Mesh(2)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 700, 600)
    befriend(mesh, "Bob", "Carol", 800, 800)
    post(mesh, "Carol", "Sewing machine", Audience.TRUSTED_NETWORK)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Sewing machine"}
    assert sees(mesh, "Alice") == set()


def test_a_withdrawn_offer_leaves_every_node() -> None:
    mesh = three_in_a_row()
    listing = post(mesh, "Carol", "Fresh vegetables", Audience.NETWORK_WIDE)
    mesh.settle()
    authoring.withdraw(mesh.nodes["Carol"].replica, Kind.LISTING, listing.header.slot)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == set()
    assert not holds(mesh, "Alice", listing)
    assert not holds(mesh, "Bob", listing)
