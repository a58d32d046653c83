"""A person who has lost every device comes back with their identity key alone, through the card of one contact."""

from __future__ import annotations

import pytest

from meshnode.app.devices import former, revocation
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import policy
from meshnode.app.people import cards
from meshnode.app.recovery import coming_back
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, Listing, body_of, device_text
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica
from tests.support.mesh_people import befriend, block, found, invite, members, person, post, sees, unblock, vouch

BACK = "Alice again"


def village(seed: int = 110) -> Mesh:
    """Return a mesh of Alice, her friends Bob and Carol, and Dave, whom she blocks; Bob and Carol know each other."""
    mesh = Mesh(seed)
    for name in ("Alice", "Bob", "Carol", "Dave"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Alice", "Bob", 900, 800)
    befriend(mesh, "Alice", "Carol", 700, 600)
    befriend(mesh, "Bob", "Carol", 900, 900)
    befriend(mesh, "Alice", "Dave", 500, 500)
    mesh.settle()
    found(mesh, "Alice", "Garden")
    invite(mesh, "Alice", "Garden", "Bob", "Carol")
    mesh.settle()
    block(mesh, "Alice", "Dave")
    post(mesh, "Alice", "Ladder", Audience.NETWORK_WIDE)
    post(mesh, "Alice", "Soup", Audience.MY_CELL)
    post(mesh, "Carol", "Honey")
    mesh.settle()
    return mesh


def come_back(mesh: Mesh) -> Replica:
    """Let Alice lose her computer, and come back on a new one that has nothing but her identity key."""
    mesh.switch_off(["Alice"])
    mesh.add_device(BACK, "Alice")
    coming_back.begin(replica(mesh, BACK))
    return replica(mesh, BACK)


def add_card(mesh: Mesh, giver: str = "Bob") -> None:
    """Let the Alice who is back add a new card of `giver`, and let their nodes meet."""
    card = cards.make(replica(mesh, giver), cards.CardOrder(), [("127.0.0.1", 4747)]).text
    cards.add(replica(mesh, BACK), cards.CardToAdd(card, None), ())
    mesh.wire(BACK, giver)
    mesh.settle()
    mesh.advance(700)


def own_titles(alice: Replica) -> set[str]:
    bodies = (body_of(record) for record in alice.store.records.bodies(Kind.LISTING, author=alice.me))
    return {body.title for body in bodies if isinstance(body, Listing)}


def problems(alice: Replica) -> set[str]:
    return {problem.code for problem in status(alice, NetworkState(ready=True)).problems}


@pytest.mark.promise("Who loses every device comes back as the same person")
def test_the_card_of_one_contact_brings_back_everything_that_is_ones_own() -> None:
    mesh = village()
    before = replica(mesh, "Alice")
    was, policy_was = before.trust_state.profile(before.me), policy.own(before)
    alice = come_back(mesh)
    assert problems(alice) == {"coming_back"}
    add_card(mesh)
    assert alice.trust_state.profile(alice.me) == was
    now = policy.own(alice)
    assert now is not None
    assert policy_was is not None
    assert (now.vouches, now.block_tags, now.preference) == (
        policy_was.vouches,
        policy_was.block_tags,
        policy_was.preference,
    )
    assert policy.weight(alice, person(mesh, "Bob")) == 900  # what she had said holds, and not what the card gives
    assert own_titles(alice) == {"Ladder", "Soup"}
    assert members(mesh, BACK, "Garden") == {"Alice", "Bob", "Carol"}
    assert sees(mesh, BACK) == {"Honey"}
    assert "coming_back" not in problems(alice)


def test_others_know_the_person_who_is_back_as_the_same_one_and_see_what_they_post() -> None:
    mesh = village()
    alice = come_back(mesh)
    add_card(mesh)
    post(mesh, BACK, "Bread")
    mesh.settle()
    assert sees(mesh, "Carol") == {"Ladder", "Soup", "Bread"}
    assert sees(mesh, "Dave") == set()
    assert policy.weight(replica(mesh, "Bob"), alice.me) == 800


def test_a_former_device_that_is_lost_is_revoked_and_nothing_is_lost_with_it() -> None:
    mesh = village()
    alice = come_back(mesh)
    add_card(mesh)
    (lost,) = former.recovery(alice).former
    assert "former_devices" in problems(alice)
    revocation.revoke(alice, lost.id)
    mesh.settle()
    assert former.recovery(alice).former == ()
    assert "former_devices" not in problems(alice)
    assert own_titles(alice) == {"Ladder", "Soup"}
    assert sees(mesh, "Carol") == {"Ladder", "Soup"}
    assert policy.blocks(alice, person(mesh, "Dave"))
    mesh.switch_on(["Alice"])
    mesh.advance(700)
    assert replica(mesh, "Carol").trust_state.revoked(alice.me, replica(mesh, "Alice").device)


def test_a_former_device_that_is_kept_goes_on_beside_the_new_one() -> None:
    mesh = village()
    alice = come_back(mesh)
    add_card(mesh)
    former.keep(alice, former.KeptDevice(device_text(replica(mesh, "Alice").device)))
    assert former.recovery(alice).former == ()
    mesh.switch_on(["Alice"])
    mesh.wire("Alice", BACK)
    mesh.advance(700)
    post(mesh, "Alice", "Bread")
    vouch(mesh, BACK, "Carol", 300)
    mesh.settle()
    assert own_titles(alice) == {"Ladder", "Soup", "Bread"}
    assert policy.weight(replica(mesh, "Alice"), person(mesh, "Carol")) == 300


def test_a_device_that_is_added_after_coming_back_is_not_asked_about() -> None:
    mesh = village()
    alice = come_back(mesh)
    add_card(mesh)
    former.keep(alice, former.KeptDevice(device_text(replica(mesh, "Alice").device)))
    mesh.join_device("Pi", BACK)
    mesh.wire("Pi", BACK)
    mesh.settle()
    assert former.recovery(alice).former == ()


def test_a_block_by_the_giver_of_the_card_holds_and_another_contact_brings_everything() -> None:
    mesh = village()
    block(mesh, "Bob", "Alice")
    mesh.settle()
    alice = come_back(mesh)
    add_card(mesh, "Bob")
    assert own_titles(alice) == set()
    assert alice.trust_state.profile(alice.me) is None
    assert "coming_back" in problems(alice)
    add_card(mesh, "Carol")
    assert own_titles(alice) == {"Ladder", "Soup"}


def test_a_vouch_that_the_giver_had_taken_back_comes_with_the_card_again() -> None:
    mesh = village()
    vouch(mesh, "Bob", "Alice", 0)
    mesh.settle()
    alice = come_back(mesh)
    add_card(mesh, "Bob")
    assert policy.weight(replica(mesh, "Bob"), alice.me) == 800
    assert own_titles(alice) == {"Ladder", "Soup"}


def test_a_block_of_ones_own_holds_although_one_adds_that_persons_card() -> None:
    mesh = village()
    alice = come_back(mesh)
    add_card(mesh, "Dave")
    add_card(mesh, "Bob")
    assert policy.blocks(alice, person(mesh, "Dave"))
    assert own_titles(alice) == {"Ladder", "Soup"}
    unblock(mesh, BACK, "Dave")
    mesh.settle()
    assert not policy.blocks(alice, person(mesh, "Dave"))
