"""Cells and communities over many nodes: who shares with whom without any vouch, and how that ends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.errors import NotFound, Refused
from protocol import Audience, Code, limits
from tests.support.chains import chain, join_record
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend, found, holds, invite, leave, members, post, sees
from tests.support.people import Person
from tests.support.village import Village


def a_cell(seed: int = 3, kind: str = "cell") -> Mesh:
    """Mia knows Alice and Bob, who do not know each other; all three are in Elm Street, which Mia founded."""
    mesh = Mesh(seed)
    for name in ("Mia", "Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Mia", "Alice", 800, 100)
    befriend(mesh, "Mia", "Bob", 800, 100)
    mesh.settle()
    found(mesh, "Mia", "Elm Street", kind)
    invite(mesh, "Mia", "Elm Street", "Alice", "Bob")
    return mesh


def no_trust_between(mesh: Mesh, a: str, b: str) -> bool:
    first, second = mesh.nodes[a], mesh.nodes[b]
    reach = first.replica.trust_state.reach_to
    return second.person not in reach(first.person) and first.person not in reach(second.person)


def test_a_cell_shares_through_a_third_member_what_no_vouch_would() -> None:
    mesh = a_cell()
    assert no_trust_between(mesh, "Alice", "Bob")
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Bob") == sees(mesh, "Mia") == {"Drill"}
    assert members(mesh, "Bob", "Elm Street") == {"Mia", "Alice", "Bob"}


def test_members_who_do_not_vouch_for_each_other_meet_without_the_third() -> None:
    mesh = a_cell()
    mesh.partition(["Mia"], ["Alice", "Bob"])
    mesh.wire("Alice", "Bob")
    mesh.settle()
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Drill"}
    assert sees(mesh, "Mia") == set()


def test_a_community_shares_what_is_for_the_community_but_not_what_is_for_a_cell() -> None:
    mesh = a_cell(kind="community")
    for audience in Audience:
        post(mesh, "Alice", audience.word, audience)
    mesh.settle()
    assert sees(mesh, "Bob") == {"my_community", "network_wide"}


def test_what_is_for_the_community_reaches_the_cell_too() -> None:
    mesh = a_cell()
    post(mesh, "Alice", "Drill", Audience.MY_COMMUNITY)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Drill"}


def a_cell_that_alice_has_not_seen_grow() -> Mesh:
    """Mia has invited Alice, then lost touch with her, then invited Bob."""
    mesh = Mesh(4)
    for name in ("Mia", "Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Mia", "Alice", 800, 100)
    befriend(mesh, "Mia", "Bob", 800, 100)
    found(mesh, "Mia", "Elm Street")
    mesh.settle()
    invite(mesh, "Mia", "Elm Street", "Alice")
    mesh.cut("Mia", "Alice")
    invite(mesh, "Mia", "Elm Street", "Bob")
    return mesh


def test_a_member_who_was_away_meets_a_member_of_whom_only_a_third_has_told_them() -> None:
    """Bob's node calls Alice's, which has never heard of Bob: the join that Bob shows lets Bob in."""
    mesh = a_cell_that_alice_has_not_seen_grow()
    assert members(mesh, "Alice", "Elm Street") == {"Mia", "Alice"}
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.wire("Bob", "Alice")
    mesh.settle()
    assert members(mesh, "Alice", "Elm Street") == {"Mia", "Alice", "Bob"}
    assert sees(mesh, "Bob") == {"Drill"}


def test_so_does_another_device_of_theirs_that_did_not_write_the_join() -> None:
    mesh = a_cell_that_alice_has_not_seen_grow()
    mesh.join_device("Bob's Pi", "Bob")
    mesh.wire("Bob", "Bob's Pi")
    mesh.settle()
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.wire("Bob's Pi", "Alice")
    mesh.settle()
    assert members(mesh, "Alice", "Elm Street") == {"Mia", "Alice", "Bob"}
    assert sees(mesh, "Bob's Pi") == {"Drill"}


def test_leaving_takes_effect_everywhere() -> None:
    mesh = a_cell()
    offers = [post(mesh, name, f"{name}'s drill", Audience.MY_CELL) for name in ("Alice", "Bob")]
    mesh.settle()
    leave(mesh, "Alice", "Elm Street")
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert sees(mesh, "Bob") == set()
    assert sees(mesh, "Mia") == {"Bob's drill"}
    assert not holds(mesh, "Alice", offers[1])
    assert not holds(mesh, "Bob", offers[0])
    assert not holds(mesh, "Mia", offers[0])
    assert members(mesh, "Bob", "Elm Street") == {"Mia", "Bob"}


def test_a_member_who_leaves_is_heard_by_members_without_a_vouch() -> None:
    mesh = a_cell()
    mesh.partition(["Mia"], ["Alice", "Bob"])
    mesh.wire("Bob", "Alice")
    mesh.settle()
    mesh.cut("Bob", "Alice")
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    leave(mesh, "Alice", "Elm Street")
    mesh.partition(["Mia"], ["Alice", "Bob"])
    mesh.heal()
    mesh.cut("Mia", "Alice")
    mesh.cut("Mia", "Bob")
    mesh.settle()
    mesh.advance(30)
    assert members(mesh, "Bob", "Elm Street") == {"Mia", "Bob"}


def test_who_left_can_be_invited_again() -> None:
    mesh = a_cell()
    leave(mesh, "Alice", "Elm Street")
    mesh.settle()
    invite(mesh, "Mia", "Elm Street", "Alice")
    post(mesh, "Bob", "Drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Drill"}


@pytest.mark.promise("SHALL respect block lists across communities")
@pytest.mark.parametrize(("blocker", "blocked"), [("Alice", "Bob"), ("Bob", "Alice")])
def test_a_block_inside_a_cell_hides_two_people_and_expels_nobody(blocker: str, blocked: str) -> None:
    mesh = a_cell()
    for name in ("Alice", "Bob", "Mia"):
        post(mesh, name, f"{name}'s drill", Audience.MY_CELL)
    mesh.settle()
    policy.block(mesh.nodes[blocker].replica, mesh.nodes[blocked].person)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == {"Mia's drill"}
    assert sees(mesh, "Mia") == {"Alice's drill", "Bob's drill"}
    assert members(mesh, "Mia", "Elm Street") == {"Mia", "Alice", "Bob"}


def test_an_inviter_who_blocks_the_invited_does_not_expel_them() -> None:
    mesh = a_cell()
    policy.block(mesh.nodes["Mia"].replica, mesh.nodes["Bob"].person)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    post(mesh, "Alice", "Alice's drill", Audience.MY_CELL)
    post(mesh, "Mia", "Mia's drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Alice's drill"}
    assert members(mesh, "Alice", "Elm Street") == {"Mia", "Alice", "Bob"}


def test_a_founder_who_leaves_expels_nobody() -> None:
    mesh = a_cell()
    mesh.wire("Alice", "Bob")
    mesh.settle()
    leave(mesh, "Mia", "Elm Street")
    mesh.settle()
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Drill"}
    assert sees(mesh, "Mia") == set()
    assert members(mesh, "Alice", "Elm Street") == {"Alice", "Bob"}


def test_a_founder_who_stays_away_for_good_expels_nobody() -> None:
    mesh = a_cell()
    mesh.wire("Alice", "Bob")
    mesh.settle()
    mesh.partition(["Mia"], ["Alice", "Bob"])
    mesh.nodes.pop("Mia")  # upkeep no longer runs there
    for _ in range(5):
        mesh.advance(30 * limits.DAY)
        mesh.advance(60)  # the connection that timed out meanwhile is there again
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.settle()
    assert members(mesh, "Alice", "Elm Street") == {"Alice", "Bob"}
    assert sees(mesh, "Bob") == {"Drill"}


def test_a_late_joiner_finds_what_was_there_before() -> None:
    mesh = a_cell()
    post(mesh, "Alice", "Drill", Audience.MY_CELL)
    mesh.settle()
    mesh.add("Dora")
    befriend(mesh, "Bob", "Dora", 800, 100)
    mesh.settle()
    assert sees(mesh, "Dora") == set()
    invite(mesh, "Bob", "Elm Street", "Dora")
    assert sees(mesh, "Dora") == {"Drill"}
    assert members(mesh, "Alice", "Elm Street") == {"Mia", "Alice", "Bob", "Dora"}


def test_an_invitation_travels_through_people_who_are_not_in_the_group() -> None:
    mesh = Mesh(5)
    for name in ("Alice", "Bridge", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bridge", 900, 900)
    befriend(mesh, "Bridge", "Bob", 900, 900)
    mesh.settle()
    found(mesh, "Alice", "Elm Street")
    invite(mesh, "Alice", "Elm Street", "Bob")
    assert members(mesh, "Alice", "Elm Street") == {"Alice", "Bob"}
    with pytest.raises(NotFound):
        groups.join(mesh.nodes["Bridge"].replica, "Elm Street", None)


def test_an_invitation_that_is_not_answered_in_time_is_gone() -> None:
    mesh = a_cell()
    mesh.add("Dora")
    befriend(mesh, "Bob", "Dora", 800, 100)
    mesh.settle()
    groups.invite(mesh.nodes["Bob"].replica, "Elm Street", None, "Dora")
    mesh.settle()
    dora = mesh.nodes["Dora"].replica
    assert len(groups.show(dora, groups.GroupsQuery()).invitations) == 1
    mesh.advance(limits.INVITATION_LIFE + 1)
    assert groups.show(dora, groups.GroupsQuery()).invitations == ()
    with pytest.raises(NotFound):
        groups.join(dora, "Elm Street", None)


def test_the_signature_under_an_invitation_does_not_end_for_a_node_that_keeps_to_no_date() -> None:
    """Dora's node answers in time by its own clock, and is believed: an invitation ends for honest programs only."""
    mesh = a_cell()
    mesh.add("Dora")
    befriend(mesh, "Bob", "Dora", 800, 800)
    mesh.settle()
    groups.invite(mesh.nodes["Bob"].replica, "Elm Street", None, "Dora")
    mesh.settle()
    mesh.cut("Bob", "Dora")
    mesh.advance(limits.INVITATION_LIFE + 1)
    dora = mesh.nodes["Dora"]
    dora.clock.machine.error = -limits.INVITATION_LIFE
    dora.clock.confirm()
    groups.join(dora.replica, "Elm Street", None)
    mesh.heal()
    mesh.settle()
    assert "Dora" in members(mesh, "Bob", "Elm Street")


def test_a_chain_takes_sixteen_invitations_and_not_one_more() -> None:
    mesh = Mesh(6)
    names = [f"P{number:02}" for number in range(limits.GROUP_LINKS_MAX + 2)]
    for name in names:
        mesh.add(name)
    found(mesh, names[0], "Elm Street")
    for inviter, invited in pairwise(names[:-1]):
        befriend(mesh, inviter, invited, 800, 100)
        mesh.settle()
        invite(mesh, inviter, "Elm Street", invited)
    befriend(mesh, names[-2], names[-1], 800, 100)
    mesh.settle()
    with pytest.raises(Refused, match="16"):
        groups.invite(mesh.nodes[names[-2]].replica, "Elm Street", None, names[-1])
    assert members(mesh, names[0], "Elm Street") == set(names[:-1])
    post(mesh, names[0], "Drill", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, names[-2]) == {"Drill"}


def test_fault_24_a_membership_without_a_chain_of_invitations_costs_only_its_claimant() -> None:
    """Fault 24: the chain is somebody else's, whole and valid; only its last link does not lead to the signer."""
    village, mallory = Village(), Person("Mallory")
    claim = join_record(mallory, chain(Person("Founder"), Person("Member")), now=EPOCH, policy_version=0)
    themselves = [mallory.policy({village.alice.person: 900}, now=EPOCH), mallory.profile(EPOCH)]
    village.mallory.records = {record.id: record for record in [*themselves, claim]}
    assert village.dropped(village.mallory.talk(), Code.FORGED)
    assert claim.id not in village.contents()
    assert village.is_unharmed()
