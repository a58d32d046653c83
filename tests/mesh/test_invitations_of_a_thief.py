"""Invitations that a stolen device has signed end with its revocation; those that the owner keeps go on counting."""

from __future__ import annotations

import pytest

from meshnode.app.devices import revocation
from meshnode.app.groups import groups, membership
from meshnode.errors import NotFound
from meshnode.replica.authoring import fresh_salt
from protocol import Audience, Join, limits
from protocol.trust import accepted, open_invitation
from tests.support.mesh import Mesh
from tests.support.mesh_devices import problems, replica, revoke, village
from tests.support.mesh_people import befriend, found, invite, leave, members, person, post, sees, vouch

CELL = "Elm Street"


def robbed() -> Mesh:
    """Return a mesh in which Alice has invited Bob to her cell on her Pi, and then a thief of the Pi invites Mallory."""
    mesh = village(71)
    mesh.wire("Pi", "Bob")
    mesh.add("Mallory")
    found(mesh, "Laptop", CELL)
    mesh.settle()
    invite(mesh, "Pi", CELL, "Bob")
    befriend(mesh, "Pi", "Mallory", 900, 900)
    mesh.settle()
    return mesh


def with_mallory() -> Mesh:
    """Return that mesh, with Mallory in the cell."""
    mesh = robbed()
    invite(mesh, "Pi", CELL, "Mallory")
    assert members(mesh, "Laptop", CELL) == {"Laptop", "Bob", "Mallory"}
    return mesh


def of(mesh: Mesh, *names: str) -> tuple[str, ...]:
    """Return the ids of the invitations of these people among what the Pi has decided."""
    shown = revocation.decided_on(replica(mesh, "Laptop"), "Pi").decisions
    return tuple(one.id for one in shown if one.what == "invitation" and one.person and one.person.name in names)


def in_cell(mesh: Mesh, node: str) -> set[str]:
    """Return the members of the cell as far as a node knows."""
    groups_known = replica(mesh, node).trust_state.groups
    return {
        name
        for name in mesh.nodes
        if name != "Pi" and any(one.name == CELL for one in groups_known.groups_of(person(mesh, name)).values())
    }


def accept_by_force(mesh: Mesh, name: str, join: Join) -> None:
    """Let `name` accept an invitation in Alice's `join` by the Pi, as a changed program can that knows of no revocation."""
    node, pi = replica(mesh, name), replica(mesh, "Pi")
    offered = open_invitation(join, pi.me, [pi.device], node.me)
    certificate = membership.certificate_of(node, pi.me, pi.device)
    assert offered is not None
    assert certificate is not None
    membership.write_join(node, accepted(fresh_salt(node), join, offered[0], certificate))


def own_join(mesh: Mesh, name: str) -> Join:
    """Return the join of `name`."""
    node = replica(mesh, name)
    (held,) = node.trust_state.joins(node.me)
    return held[1]


def test_the_people_whom_a_device_has_invited_are_shown_with_their_groups_before_it_is_revoked() -> None:
    mesh = with_mallory()
    shown = revocation.decided_on(replica(mesh, "Laptop"), "Pi").decisions
    said = [(one.person.name if one.person else None, one.group) for one in shown if one.what == "invitation"]
    assert said == [("Bob", CELL), ("Mallory", CELL)]


def test_people_whom_a_thief_invited_are_members_no_longer_and_people_whom_the_owner_invited_are() -> None:
    mesh = with_mallory()
    befriend(mesh, "Bob", "Mallory", 900, 900)
    post(mesh, "Bob", "Ladder", Audience.MY_CELL)
    mesh.settle()
    assert "Ladder" in sees(mesh, "Mallory")
    result = revoke(mesh, keep=of(mesh, "Bob"))
    assert [one.person.name for one in result.ended if one.person] == ["Mallory"]
    mesh.settle()
    mesh.advance(60)
    for name in ("Laptop", "Bob", "Mallory"):
        assert in_cell(mesh, name) == {"Laptop", "Bob"}, name
    assert "Ladder" not in sees(mesh, "Mallory")
    assert "Ladder" in sees(mesh, "Laptop")
    assert "invitation_void" in problems(mesh, "Mallory")
    assert "invitation_void" not in problems(mesh, "Bob")


@pytest.mark.parametrize(
    ("discard", "keep_groups", "stay"),
    [(False, False, {"Bob", "Mallory"}), (True, True, {"Bob", "Mallory"}), (True, False, set[str]())],
)
def test_without_a_choice_all_invitations_count_that_are_known_and_none_that_are_discarded(
    *, discard: bool, keep_groups: bool, stay: set[str]
) -> None:
    mesh = with_mallory()
    revoke(mesh, discard=discard, keep_groups=keep_groups)
    mesh.settle()
    assert in_cell(mesh, "Bob") - {"Laptop"} == stay
    assert ("Laptop" in in_cell(mesh, "Bob")) is (keep_groups or not discard)


def test_people_invited_by_somebody_whom_a_thief_invited_go_too() -> None:
    mesh = with_mallory()
    mesh.add("Trudy")
    befriend(mesh, "Mallory", "Trudy", 900, 900)
    mesh.settle()
    invite(mesh, "Mallory", CELL, "Trudy")
    assert "Trudy" in in_cell(mesh, "Bob")
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    assert in_cell(mesh, "Bob") == {"Laptop", "Bob"}


def test_somebody_invited_after_the_revocation_is_a_member_for_nobody() -> None:
    mesh = robbed()
    groups.invite(replica(mesh, "Pi"), CELL, None, "Mallory")
    mesh.settle()
    join = own_join(mesh, "Pi")
    mesh.cut("Mallory", "Pi")
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    accept_by_force(mesh, "Mallory", join)
    assert "Mallory" in in_cell(mesh, "Mallory")
    befriend(mesh, "Mallory", "Bob", 900, 900)
    mesh.settle()
    mesh.advance(60)
    for name in ("Laptop", "Bob", "Mallory"):
        assert in_cell(mesh, name) == {"Laptop", "Bob"}, name


def test_another_device_of_the_owner_never_signs_an_invitation_of_the_thief() -> None:
    """The laptop writes the join again while the thief's invitation is open in it, and again when the Pi is revoked."""
    mesh = robbed()
    befriend(mesh, "Bob", "Mallory", 900, 900)
    groups.invite(replica(mesh, "Pi"), CELL, None, "Mallory")
    mesh.settle()
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    invite(mesh, "Laptop", CELL, "Carol")
    laptop, mallory = replica(mesh, "Laptop"), person(mesh, "Mallory")
    assert open_invitation(own_join(mesh, "Laptop"), laptop.me, [laptop.device], mallory) is None
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    assert open_invitation(own_join(mesh, "Laptop"), laptop.me, [laptop.device], mallory) is None
    with pytest.raises(NotFound):
        groups.join(replica(mesh, "Mallory"), CELL, None)
    assert in_cell(mesh, "Carol") == {"Laptop", "Bob", "Carol"}


def test_an_open_invitation_that_the_owner_keeps_is_offered_again_by_the_other_device() -> None:
    mesh = robbed()
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    groups.invite(replica(mesh, "Pi"), CELL, None, "Carol")
    mesh.settle()
    revoke(mesh, keep=of(mesh, "Bob", "Carol"))
    mesh.settle()
    groups.join(replica(mesh, "Carol"), CELL, None)
    mesh.settle()
    assert in_cell(mesh, "Bob") == {"Laptop", "Bob", "Carol"}


def test_somebody_who_accepts_a_kept_invitation_before_they_hear_of_the_revocation_is_a_member() -> None:
    mesh = robbed()
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    groups.invite(replica(mesh, "Pi"), CELL, None, "Carol")
    mesh.settle()
    with mesh.switched_off({"Carol"}):
        revoke(mesh, keep=of(mesh, "Bob", "Carol"))
        mesh.settle()
    groups.join(replica(mesh, "Carol"), CELL, None)
    mesh.settle()
    mesh.advance(60)
    assert in_cell(mesh, "Bob") == in_cell(mesh, "Carol") == {"Laptop", "Bob", "Carol"}


def test_a_member_who_was_away_for_weeks_hears_of_the_end_when_they_are_back() -> None:
    mesh = with_mallory()
    mesh.cut("Bob", "Laptop")
    mesh.cut("Bob", "Pi")
    revoke(mesh, keep=of(mesh, "Bob"))
    for _ in range(3):
        mesh.advance(7 * limits.DAY)
    assert in_cell(mesh, "Bob") == {"Laptop", "Bob", "Mallory"}
    mesh.heal_between(["Bob", "Laptop"])
    mesh.settle()
    mesh.advance(60)
    assert in_cell(mesh, "Bob") == {"Laptop", "Bob"}


def test_the_end_of_an_invitation_outlives_the_owner_s_leaving_the_group() -> None:
    mesh = with_mallory()
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    leave(mesh, "Laptop", CELL)
    mesh.settle()
    for _ in range(3):
        mesh.advance(7 * limits.DAY)
    assert in_cell(mesh, "Bob") == {"Bob"}


def test_a_person_whose_invitation_is_void_comes_back_by_a_new_one() -> None:
    mesh = with_mallory()
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    befriend(mesh, "Bob", "Mallory", 900, 900)
    mesh.settle()
    invite(mesh, "Bob", CELL, "Mallory")
    assert in_cell(mesh, "Laptop") == in_cell(mesh, "Bob") == {"Laptop", "Bob", "Mallory"}
    assert "invitation_void" not in problems(mesh, "Mallory")


def test_a_stranger_with_a_void_invitation_does_not_come_in_by_it() -> None:
    """Mallory and Carol are members who have nothing else in common; a void join opens no connection."""
    mesh = with_mallory()
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    invite(mesh, "Laptop", CELL, "Carol")
    mesh.cut("Mallory", "Pi")
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    mesh.wire("Mallory", "Carol")
    mesh.settle()
    mesh.advance(60)
    assert ("Carol", "Mallory") not in mesh.connections()
    assert ("Mallory", "Carol") not in mesh.connections()


def test_a_newcomer_hears_of_the_end_from_other_members_even_if_the_owner_has_left() -> None:
    """Nothing joins Alice and Dora but the group, which Alice has left before Dora comes."""
    mesh = with_mallory()
    befriend(mesh, "Bob", "Mallory", 900, 900)
    revoke(mesh, keep=of(mesh, "Bob"))
    mesh.settle()
    leave(mesh, "Laptop", CELL)
    vouch(mesh, "Laptop", "Bob", 0)
    mesh.settle()
    mesh.advance(7 * limits.DAY)
    mesh.add("Dora")
    befriend(mesh, "Bob", "Dora", 900, 100)
    mesh.settle()
    invite(mesh, "Bob", CELL, "Dora")
    mesh.wire("Mallory", "Dora")
    mesh.settle()
    mesh.advance(60)
    alice = person(mesh, "Laptop")
    assert not replica(mesh, "Dora").trust_state.graph.same_mesh(alice, person(mesh, "Dora"))
    for _ in range(3):
        mesh.advance(7 * limits.DAY)
        assert replica(mesh, "Dora").trust_state.revoked(alice, replica(mesh, "Pi").device)
        assert in_cell(mesh, "Dora") == {"Bob", "Dora"}
