"""Nobody passes for a person whom the owner trusts: not a stranger, not by letters that look alike, not by renaming."""

from __future__ import annotations

import pytest

from meshnode.app import naming
from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import blocks, first_names, yourself
from meshnode.app.people import people as people_cases
from meshnode.app.upkeep import upkeep
from meshnode.errors import MeshnodeError, NotFound, Unconfirmed
from protocol import Kind, person_text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
LIKE_BOB = ("Bob", "bob", "BOB", "B\u043eb", "\u0412ob", "B0b", "\U0001d401\U0001d428\U0001d41b")


def known_as(viewer: Neighbor, neighbor: Neighbor) -> str:
    return naming.name_of(viewer.replica, neighbor.person)


def stranger_called(mesh: Mesh, name: str, vouches_for: Neighbor) -> Neighbor:
    """Return somebody of this name who merely vouches for a person, and whom that person's node has heard of."""
    stranger = settle_in(mesh, "Stranger")
    set_profile(stranger.replica, name=name)
    policy.vouch(stranger.replica, vouches_for.person, 1000)
    own = [
        record
        for kind in (Kind.DEVICE, Kind.POLICY, Kind.PROFILE)
        for record in stranger.replica.store.records.bodies(kind, author=stranger.person)
    ]
    vouches_for.replica.ingest.receive(own, vouches_for.person)
    return stranger


# --- strangers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Car", "Carol", "carol", "Carola"])
def test_a_stranger_takes_no_name_from_a_person_of_the_web(mesh: Mesh, people: People, name: str) -> None:
    alice, _, carol = people
    before = {text: naming.find(alice.replica, text) for text in ("Car", "Carol", "c")}
    stranger = stranger_called(mesh, name, alice)
    assert stranger.person in naming.known(alice.replica)
    assert {text: naming.find(alice.replica, text) for text in before} == before
    assert blocks.to_block(alice.replica, "Carol") == carol.person


def test_a_stranger_is_found_by_id_only(mesh: Mesh, people: People) -> None:
    alice, *_ = people
    stranger = stranger_called(mesh, "Zed", alice)
    with pytest.raises(NotFound):
        naming.find(alice.replica, "Zed")
    assert people_cases.names(alice.replica, people_cases.NamesQuery("Ze")).people == ()
    for text in (person_text(stranger.person), person_text(stranger.person)[3:9]):
        assert naming.find(alice.replica, text) == stranger.person


@pytest.mark.parametrize("name", LIKE_BOB)
def test_a_name_that_looks_like_that_of_a_trusted_person_is_shown_with_its_id(
    mesh: Mesh, people: People, name: str
) -> None:
    alice, bob, carol = people
    set_profile(carol.replica, name=name)
    mesh.settle()
    assert known_as(alice, carol) == f"{name} ({person_text(carol.person)[:11]})"
    assert known_as(alice, bob) == "Bob"
    assert naming.find(alice.replica, "Bob") == bob.person
    assert naming.find(alice.replica, known_as(alice, carol)) == carol.person


def test_the_owners_own_name_is_nobody_elses(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    set_profile(carol.replica, name="\u0410lice")
    mesh.settle()
    assert known_as(alice, carol).endswith(")")


# --- a vouch asks back ---------------------------------------------------------------------------------------------------


def test_a_vouch_by_the_whole_name_of_somebody_whom_friends_answer_for_needs_no_question(people: People) -> None:
    alice, *_ = people
    assert people_cases.vouch(alice.replica, "carol", 0.5, ()).vouch == 0.5


@pytest.mark.parametrize("begun", ["Car", "c", "car ol"])
def test_a_vouch_by_less_than_the_name_asks_back(people: People, begun: str) -> None:
    alice, *_ = people
    with pytest.raises(MeshnodeError):
        people_cases.vouch(alice.replica, begun, 0.5, ())


def test_a_vouch_asks_back_where_two_names_look_alike(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    dora = settle_in(mesh, "Dora")
    set_profile(dora.replica, name="C\u0430rol")
    bob.add(dora.card())
    mesh.wire("Bob", "Dora")
    mesh.settle()
    with pytest.raises(Unconfirmed, match="Let them read these words"):
        people_cases.vouch(alice.replica, "Carol", 0.5, ())
    assert people_cases.vouch(alice.replica, "Carol", 0.5, (), anyway=True).vouch == 0.5


def test_a_vouch_for_a_stranger_asks_back_even_by_the_whole_id(mesh: Mesh, people: People) -> None:
    alice, *_ = people
    stranger = stranger_called(mesh, "Zed", alice)
    with pytest.raises(Unconfirmed, match="nobody you trust answers"):
        people_cases.vouch(alice.replica, person_text(stranger.person), 0.5, ())


def test_a_change_of_a_vouch_asks_nothing(people: People) -> None:
    alice, *_ = people
    assert people_cases.vouch(alice.replica, "bo", 0.3, ()).vouch == 0.3


# --- the first name stays ------------------------------------------------------------------------------------------------


def test_a_trusted_person_who_takes_another_name_is_shown_by_the_first(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    set_profile(bob.replica, name="Dave")
    mesh.settle()
    seen = people_cases.person(alice.replica, "Bob", ())
    assert (seen.name, seen.public_name, seen.own_name, seen.renamed) == ("Bob", "Dave", None, True)
    assert naming.find(alice.replica, "Dave") == bob.person


def test_the_new_name_of_a_trusted_person_takes_nobodys(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    set_profile(bob.replica, name="Carol")
    mesh.settle()
    assert naming.find(alice.replica, "Carol") == carol.person


def test_the_owner_takes_a_new_name_over(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    set_profile(bob.replica, name="Robert")
    mesh.settle()
    seen = yourself.stop_calling(alice.replica, "Bob", ())
    assert (seen.name, seen.renamed) == ("Robert", False)
    set_profile(bob.replica, name="Rob")
    mesh.settle()
    assert known_as(alice, bob) == "Robert"


def test_first_names_are_not_names_that_the_owner_has_chosen(people: People) -> None:
    alice, *_ = people
    assert yourself.own_names(alice.replica) == ()


def test_the_name_of_a_person_met_by_card_is_kept_once_it_is_known(mesh: Mesh) -> None:
    giver, taker = settle_in(mesh, "Giver"), settle_in(mesh, "Taker")
    taker.add(giver.card())
    mesh.wire("Giver", "Taker")
    mesh.settle()
    upkeep(giver.replica)
    set_profile(taker.replica, name="Giver's neighbor")
    mesh.settle()
    assert known_as(giver, taker) == "Taker"


def test_nothing_is_kept_for_those_whose_name_is_unknown(people: People) -> None:
    alice, _, carol = people
    policy.vouch(alice.replica, carol.person, 500)
    first_names.keep_missing(alice.replica)
    assert alice.replica.store.own_names.all()[carol.person] == "Carol"
