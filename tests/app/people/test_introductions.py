"""Introductions: who may introduce whom, whom they reach, and that both people have to add each other."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges.incoming import open_letters
from meshnode.app.letters import letters
from meshnode.app.people import blocks, introductions
from meshnode.app.people import people as people_cases
from meshnode.app.people.cards import CardToAdd
from meshnode.app.people.introductions import IntroductionOrder
from meshnode.errors import Refused, Usage
from protocol import Kind, limits
from protocol.letters import Introduction
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh


@pytest.fixture
def trio(mesh: Mesh) -> tuple[Neighbor, Neighbor, Neighbor]:
    return story(mesh)


def about(neighbor: Neighbor, name: str, message: str = "") -> Introduction:
    records = tuple(neighbor.replica.store.records.bodies(Kind.DEVICE, author=neighbor.person))
    return Introduction(neighbor.person, name, message, records)


def met(neighbor: Neighbor) -> list[tuple[str, str]]:
    open_letters(neighbor.replica)
    return [(one.person.name, one.by.name) for one in introductions.introductions(neighbor.replica).introductions]


def test_each_is_told_of_the_other(mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    alice, bob, carol = trio
    sent = introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))
    assert [person.name for person in sent.people] == ["Alice", "Carol"]
    mesh.settle()
    assert met(alice) == [("Carol", "Bob")]
    assert met(carol) == [("Alice", "Bob")]
    assert met(bob) == []


def test_it_takes_both_to_connect(mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    alice, bob, carol = trio
    introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))
    mesh.settle()
    assert met(alice) == [("Carol", "Bob")]
    assert met(carol) == [("Alice", "Bob")]
    one = introductions.add(alice.replica, CardToAdd("Carol", 0.6), ())
    assert (one.person.name, one.trust, one.pending, one.again) == ("Carol", 0.6, True, False)
    mesh.settle()
    two = introductions.add(carol.replica, CardToAdd("Alice"), ())
    assert (two.trust, two.pending) == (people_cases.DEFAULT_TRUST, False)
    people_cases.unvouch(bob.replica, "Carol", ())
    mesh.settle()
    mesh.cut("Alice", "Bob")
    mesh.cut("Bob", "Carol")
    mesh.wire("Alice", "Carol")
    mesh.settle()
    assert mesh.connections() == [("Alice", "Carol")]


def test_somebody_to_whom_one_was_not_introduced_needs_a_card(trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    with pytest.raises(Usage, match="not a card"):
        introductions.add(trio[0].replica, CardToAdd("Carol"), ())


def test_an_introduction_by_a_person_without_a_vouch_is_ignored(
    mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]
) -> None:
    """Alice sees Carol and can write to her, but no vouch connects the two."""
    alice, bob, carol = trio
    letters.send(alice.replica, carol.person, about(bob, "Bob the builder"))
    mesh.settle()
    assert met(carol) == []


def test_whom_one_vouches_for_already_one_is_not_introduced_to(
    mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]
) -> None:
    alice, bob, carol = trio
    people_cases.vouch(alice.replica, "Carol", 0.5, ())
    introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))
    mesh.settle()
    assert met(alice) == []
    assert met(carol) == [("Alice", "Bob")]


@pytest.mark.parametrize("whom", ["Bob", "Carol"])
def test_a_block_of_either_hides_an_introduction(
    mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor], whom: str
) -> None:
    alice, bob, _ = trio
    introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))
    mesh.settle()
    assert met(alice) == [("Carol", "Bob")]
    blocks.block(alice.replica, whom)
    assert met(alice) == []


def test_somebody_blocked_is_not_introduced(trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    bob = trio[1]
    blocks.block(bob.replica, "Carol")
    with pytest.raises(Refused, match="you block Carol"):
        introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))


def test_one_introducer_fills_no_list(mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    alice, bob, _ = trio
    strangers = [mesh.add(f"Stranger {number}") for number in range(limits.INTRODUCTIONS_FROM_ONE_MAX + 3)]
    for number, node in enumerate(strangers):
        mesh.time += 1
        letters.send(bob.replica, alice.person, about(Neighbor(node, alice.catalog), f"Friend {number}"))
    mesh.settle()
    names = [name for name, _ in met(alice)]
    assert len(names) == limits.INTRODUCTIONS_FROM_ONE_MAX
    assert names[0] == f"Friend {len(strangers) - 1}"


def test_an_introduction_is_forgotten_after_its_time(mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    alice, bob, _ = trio
    introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol"))
    mesh.settle()
    assert met(alice) == [("Carol", "Bob")]
    mesh.time += limits.INTRODUCTION_LIFE
    assert met(alice) == []


@pytest.mark.parametrize(("first", "second"), [("Alice", "Carol"), ("Carol", "Alice")])
def test_only_who_does_not_vouch_for_the_other_yet_is_written_to(
    mesh: Mesh, trio: tuple[Neighbor, Neighbor, Neighbor], first: str, second: str
) -> None:
    alice, bob, carol = trio

    def introduce() -> list[str]:
        seen = introductions.introduce(bob.replica, IntroductionOrder(first, second))
        assert {person.name for person in seen.people} == {"Alice", "Carol"}
        mesh.settle()
        return [person.name for person in seen.told]

    people_cases.vouch(alice.replica, "Carol", 0.5, ())
    mesh.settle()
    assert introduce() == ["Carol"]
    assert (met(alice), met(carol)) == ([], [("Alice", "Bob")])
    people_cases.vouch(carol.replica, "Alice", 0.5, ())
    mesh.settle()
    assert introduce() == []
    blocks.block(alice.replica, "Carol")
    mesh.settle()
    assert introduce() == []  # a block looks no different to a third person
