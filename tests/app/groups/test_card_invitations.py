"""A card with an invitation in it invites everybody for whom it works, and nobody else, however they came by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshnode.app.groups import card_invitations, groups
from meshnode.app.groups.groups import GroupOrder, GroupsQuery
from meshnode.app.people import cards, guests, introductions
from meshnode.app.people import people as people_cases
from meshnode.app.upkeep import upkeep
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from protocol import limits
from protocol.tokens import Card
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.people import Person


@pytest.fixture
def alice(mesh: Mesh) -> Neighbor:
    """Return Alice, who has founded a cell and a community."""
    alice = settle_in(mesh, "Alice")
    groups.new(alice.replica, GroupOrder("cell", "Garden"))
    groups.new(alice.replica, GroupOrder("community", "Hill"))
    return alice


def invited(neighbor: Neighbor) -> list[str]:
    """Return the names of the groups to which somebody is invited."""
    return [one.name for one in groups.show(neighbor.replica, GroupsQuery()).invitations]


def invited_by(neighbor: Neighbor) -> int:
    """Return how many invitations of theirs are open."""
    return sum(len(one.invited) for one in groups.show(neighbor.replica, GroupsQuery()).groups)


def take(mesh: Mesh, card: str, name: str) -> Neighbor:
    """Return a newcomer of this name who has added the card and met its giver."""
    taker = settle_in(mesh, name)
    taker.add(card)
    mesh.wire("Alice", name)
    mesh.settle()
    return taker


def test_everybody_who_uses_the_card_is_invited_to_its_groups_and_can_join(mesh: Mesh, alice: Neighbor) -> None:
    bob = take(mesh, alice.card(groups=("garden",)), "Bob")
    assert invited(bob) == ["Garden"]
    groups.join(bob.replica, "Garden", None)
    mesh.settle()
    assert groups.show(alice.replica, GroupsQuery(name="Garden")).groups[0].count == 2
    assert invited(take(mesh, alice.card(groups=("Garden", "Hill", "Garden")), "Carol")) == ["Garden", "Hill"]
    assert invited(take(mesh, alice.card(), "Dave")) == []


def test_a_card_does_not_say_that_there_is_a_group(alice: Neighbor) -> None:
    without, with_group = (Card.parse(alice.card(groups=named)) for named in ((), ("Garden",)))
    assert replace(with_group, secret=without.secret) == without


def test_a_card_that_was_photographed_invites_nobody_beyond_those_for_whom_it_is(mesh: Mesh, alice: Neighbor) -> None:
    card = alice.card(uses=2, groups=("Garden",))
    assert [invited(take(mesh, card, name)) for name in ("Bob", "Carol", "Mallory", "Trudy")] == [
        ["Garden"],
        ["Garden"],
        [],
        [],
    ]
    assert invited_by(alice) == 2


def test_a_card_that_has_ended_invites_nobody(mesh: Mesh, alice: Neighbor) -> None:
    card = alice.card(groups=("Garden",), expires_in=limits.HOUR)
    mesh.advance(limits.HOUR + 1)
    assert invited(take(mesh, card, "Mallory")) == []
    assert invited_by(alice) == 0


def test_guests_who_wait_for_a_nod_are_not_invited_before_it(alice: Neighbor) -> None:
    alice.card(uses=100, groups=("Garden",))
    card = alice.replica.store.cards.issued_live(alice.replica.clock.now())[-1].id
    flood = [Person(f"Sybil {number}").id for number in range(limits.GUESTS_A_DAY + 5)]
    for guest in flood:
        cards.redeem(alice.replica, card, guest)
    assert invited_by(alice) == limits.GUESTS_A_DAY
    waiting = guests.guests(alice.replica)
    assert len(waiting) == 5
    introductions.add(alice.replica, cards.CardToAdd(waiting[0].person.id), ())
    for guest in flood:
        cards.redeem(alice.replica, card, guest)
    assert invited_by(alice) == limits.GUESTS_A_DAY + 1


def test_who_is_blocked_or_trusted_no_longer_is_not_invited(mesh: Mesh, alice: Neighbor) -> None:
    card = alice.card(uses=3, groups=("Garden",))
    bob = take(mesh, alice.card(), "Bob")
    people_cases.unvouch(alice.replica, "Bob", ())
    bob.add(card)
    mesh.cut("Alice", "Bob")
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert invited(bob) == []
    assert invited_by(alice) == 0


def test_an_invitation_for_which_there_is_no_room_now_is_signed_later(
    mesh: Mesh, alice: Neighbor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INVITATIONS_MAX", 1)
    card = alice.card(uses=2, groups=("Garden",))
    bob, carol = take(mesh, card, "Bob"), take(mesh, card, "Carol")
    assert (invited(bob), invited(carol)) == (["Garden"], [])
    groups.join(bob.replica, "Garden", None)
    mesh.settle()
    upkeep(alice.replica)
    mesh.settle()
    assert invited(carol) == ["Garden"]
    assert alice.replica.store.cards.owed_invitations() == []


def test_a_node_that_stops_between_the_vouch_and_the_invitation_makes_up_for_it(
    mesh: Mesh, alice: Neighbor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:
        stopped.setattr(card_invitations, "sign_owed", lambda replica: None)
        bob = take(mesh, alice.card(groups=("Garden",)), "Bob")
        assert invited(bob) == []
    upkeep(alice.replica)
    mesh.settle()
    assert invited(bob) == ["Garden"]


@pytest.mark.parametrize("leaves", [True, False], ids=["left", "too late"])
def test_an_invitation_is_given_up_once_nothing_speaks_for_it(
    mesh: Mesh, alice: Neighbor, monkeypatch: pytest.MonkeyPatch, *, leaves: bool
) -> None:
    with monkeypatch.context() as full:
        full.setattr(limits, "INVITATIONS_MAX", 0)
        bob = take(mesh, alice.card(groups=("Garden",)), "Bob")
        assert len(alice.replica.store.cards.owed_invitations()) == 1
    if leaves:
        groups.leave(alice.replica, "Garden", None)
    else:
        mesh.advance(limits.INVITATION_LIFE + 1)
    upkeep(alice.replica)
    mesh.settle()
    assert alice.replica.store.cards.owed_invitations() == []
    assert invited(bob) == []


@pytest.mark.parametrize(
    ("named", "error", "said"),
    [
        ("Orchard", NotFound, "in no group called 'Orchard'"),
        ("", Usage, "say which group"),
        ("Ga", Ambiguous, "Garage"),
        ("Row", Refused, "not a member of"),
    ],
)
def test_a_card_for_a_group_to_which_one_cannot_invite_is_not_made(
    mesh: Mesh, alice: Neighbor, named: str, error: type[Exception], said: str
) -> None:
    groups.new(alice.replica, GroupOrder("cell", "Garage"))
    bob = take(mesh, alice.card(), "Bob")
    groups.new(bob.replica, GroupOrder("cell", "Row"))
    groups.invite(bob.replica, "Row", None, "Alice")
    mesh.settle()
    before = len(alice.replica.store.cards.issued_live(alice.replica.clock.now()))
    with pytest.raises(error) as caught:
        alice.card(groups=(named,))
    assert said in f"{caught.value} {getattr(caught.value, 'candidates', '')}"
    assert len(alice.replica.store.cards.issued_live(alice.replica.clock.now())) == before
