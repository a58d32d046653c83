"""Blocks: made by name or id, listed and ended; two people are invisible to each other, from both sides."""

from __future__ import annotations

import pytest

from meshnode.app.people import blocks
from meshnode.app.people import people as people_cases
from meshnode.errors import NotFound, Refused
from protocol import person_text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def test_a_block_hides_both_from_each_other_until_it_ends(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Fresh vegetables", audience="network_wide")
    alice.post("Ladder", audience="network_wide")
    mesh.settle()
    assert (alice.titles(), carol.titles()) == (["Fresh vegetables"], ["Ladder"])
    blocks.block(alice.replica, "Carol")
    mesh.settle()
    assert (alice.titles(), carol.titles()) == ([], [])
    blocks.unblock(alice.replica, "Carol")
    mesh.advance(3600)
    assert (alice.titles(), carol.titles()) == (["Fresh vegetables"], ["Ladder"])


def test_the_blocked_are_listed_by_the_name_they_had(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    blocks.block(alice.replica, "Carol")
    mesh.settle()
    (listed,) = blocks.blocks(alice.replica).blocks
    assert (listed.person.name, listed.person.id) == ("Carol", person_text(carol.person))
    blocks.unblock(alice.replica, "car")
    assert blocks.blocks(alice.replica).blocks == ()


def test_blocking_twice_changes_nothing(people: People) -> None:
    alice = people[0]
    first = blocks.block(alice.replica, "Carol")
    version = alice.replica.trust_state.policy_version(alice.person, alice.replica.device)
    assert blocks.block(alice.replica, "Carol") == first
    assert alice.replica.trust_state.policy_version(alice.person, alice.replica.device) == version


def test_a_stranger_can_be_blocked_by_their_whole_id(mesh: Mesh, people: People) -> None:
    alice = people[0]
    stranger = settle_in(mesh, "Stranger")
    blocks.block(alice.replica, person_text(stranger.person))
    assert alice.replica.trust_state.graph.blocks(alice.person, stranger.person)
    blocks.unblock(alice.replica, person_text(stranger.person))
    assert not alice.replica.trust_state.graph.blocks(alice.person, stranger.person)


def test_blocking_oneself_or_an_unknown_person_is_refused(people: People) -> None:
    alice = people[0]
    with pytest.raises(Refused):
        blocks.block(alice.replica, "Alice")
    with pytest.raises(NotFound):
        blocks.block(alice.replica, "Zed")
    with pytest.raises(NotFound):
        blocks.unblock(alice.replica, "Bob")


def test_the_end_of_a_block_says_which_vouch_counts_again(people: People) -> None:
    alice, *_ = people
    for name, vouch in (("Carol", None), ("Bob", 0.7)):
        assert blocks.block(alice.replica, name).vouch == vouch
        assert blocks.unblock(alice.replica, name).vouch == vouch
    assert people_cases.person(alice.replica, "Bob", ()).vouch == 0.7
