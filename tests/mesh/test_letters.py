"""Letters travel with everybody who may carry them, are read by their addressees, and disappear once they were read."""

from __future__ import annotations

import random

import pytest

from meshnode.app.devices import revocation
from meshnode.app.exchanges.incoming import open_letters
from meshnode.app.letters.delivery import Delivery
from protocol import limits
from tests.support.mail import SECRET, ZOE, delivery, settle_down, stored, stored_letters, village, who_holds, write
from tests.support.mesh_people import acquaint, befriend, block, found, invite, person, vouch


def test_a_letter_reaches_somebody_who_is_never_online_with_its_author_and_frees_the_carrier(
    heard: list[tuple[bytes, str]],
) -> None:
    """Nobody is ever online with everybody; carriers read nothing and keep nothing."""
    mesh = village(1)
    mesh.cut("Bob", "Carol")
    slot = write(mesh, "Alice", "Carol")
    mesh.settle()
    assert delivery(mesh, "Alice", slot) is Delivery.UNDER_WAY
    assert who_holds(mesh) == {"Alice", "Bob", "Dora"}

    mesh.cut("Alice", "Bob")
    mesh.heal_between(["Bob", "Carol"])
    mesh.settle()
    assert who_holds(mesh) == {"Alice", "Bob", "Carol", "Dora"}
    for _ in range(2):
        mesh.advance(limits.RECEIPT_DELAY_MAX + 1)  # Carol's node opens it, and later its receipt goes to Bob
    assert heard == [(mesh.nodes["Carol"].replica.device, SECRET)]

    mesh.cut("Bob", "Carol")
    mesh.heal_between(["Alice", "Bob"])
    for _ in range(2):
        mesh.advance(1)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert [record.header.author for record in stored(mesh, "Bob")] == [person(mesh, "Carol")]  # the receipt

    mesh.heal()
    settle_down(mesh)
    assert who_holds(mesh) == set()
    assert len(heard) == 1


def test_a_carrier_of_a_letter_finds_nothing_in_it() -> None:
    """Neither the words nor the addressee are in any byte that Bob's node holds of it, and Bob's key does not open it."""
    mesh = village(2)
    mesh.cut("Bob", "Carol")
    write(mesh, "Alice", "Carol")
    mesh.advance(1)
    (letter,) = stored(mesh, "Bob")
    assert letter.header.author == person(mesh, "Alice")
    for hidden in (SECRET.encode(), b"Zoe", ZOE.id, person(mesh, "Carol")):
        assert hidden not in letter.wire
    bob = mesh.nodes["Bob"].replica
    before = stored_letters(bob.store)
    open_letters(bob)
    assert stored_letters(bob.store) == before  # not for Bob: not even looked into


def test_a_letter_reaches_somebody_outside_its_authors_web_through_somebody_in_it(
    heard: list[tuple[bytes, str]],
) -> None:
    """Bob is in Alice's web; Carol, whom her trust no longer reaches, has the letter because it is for her."""
    mesh = village(3, weight=300)
    mesh.add("Erin")
    befriend(mesh, "Erin", "Bob", 900, 300)
    mesh.settle()
    assert person(mesh, "Carol") not in mesh.nodes["Alice"].replica.trust_state.regard_from(person(mesh, "Alice"))
    write(mesh, "Alice", "Carol")
    mesh.settle()
    assert who_holds(mesh) == {"Alice", "Bob", "Carol"}
    settle_down(mesh)
    assert [message for _, message in heard] == [SECRET]
    assert who_holds(mesh) == set()


def test_members_of_a_group_carry_each_others_letters(heard: list[tuple[bytes, str]]) -> None:
    mesh = village(4)
    found(mesh, "Bob", "Elm Street")
    invite(mesh, "Bob", "Elm Street", "Alice", "Carol")
    vouch(mesh, "Bob", "Carol", 0)
    vouch(mesh, "Carol", "Bob", 0)
    mesh.cut("Bob", "Carol")
    mesh.settle()
    write(mesh, "Carol", "Alice")
    mesh.heal()
    settle_down(mesh)
    assert [message for _, message in heard] == [SECRET]
    assert who_holds(mesh) == set()


def test_a_block_of_the_addressee_takes_back_what_others_carry(heard: list[tuple[bytes, str]]) -> None:
    """A block takes effect on what is on its way between the two."""
    mesh = village(5)
    mesh.cut("Bob", "Carol")
    write(mesh, "Alice", "Carol")
    mesh.settle()
    block(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert who_holds(mesh) == set()
    mesh.heal()
    settle_down(mesh)
    assert heard == []


def test_who_blocks_the_author_is_given_nothing_and_says_nothing(heard: list[tuple[bytes, str]]) -> None:
    """The author is not told of a block: to her it looks as if nobody fetched the letter."""
    mesh = village(5)
    mesh.cut("Bob", "Carol")
    slot = write(mesh, "Alice", "Carol")
    mesh.settle()
    block(mesh, "Carol", "Alice")
    mesh.heal()
    settle_down(mesh)
    assert heard == []
    assert "Carol" not in who_holds(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.UNDER_WAY
    mesh.advance(limits.LETTER_LIFE)
    assert who_holds(mesh) == set()
    assert delivery(mesh, "Alice", slot) is Delivery.EXPIRED


def test_every_device_reads_a_letter_before_it_is_taken_back(heard: list[tuple[bytes, str]]) -> None:
    mesh = village(6)
    phone = mesh.add_device("Carol's phone", "Carol")
    for other in ("Carol", "Bob"):
        acquaint(mesh, "Carol's phone", other)
        mesh.wire("Carol's phone", other)
    mesh.settle()
    mesh.cut("Bob", "Carol's phone")
    mesh.cut("Carol", "Carol's phone")
    slot = write(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert "Bob" in who_holds(mesh)  # for the phone
    mesh.heal()
    settle_down(mesh)
    assert [device for device, _ in heard] == [mesh.nodes["Carol"].replica.device, phone.replica.device]
    assert who_holds(mesh) == set()


def test_the_authors_other_devices_learn_what_was_written(heard: list[tuple[bytes, str]]) -> None:
    mesh = village(7)
    phone = mesh.add_device("Alice's phone", "Alice")
    acquaint(mesh, "Alice's phone", "Alice")
    mesh.wire("Alice's phone", "Alice")
    mesh.settle()
    slot = write(mesh, "Alice", "Carol")
    assert delivery(mesh, "Alice's phone", slot) is None
    settle_down(mesh)
    assert delivery(mesh, "Alice's phone", slot) is Delivery.DELIVERED
    assert {device for device, _ in heard} == {mesh.nodes["Carol"].replica.device, phone.replica.device}
    assert len(heard) == 2
    assert who_holds(mesh) == set()


def test_a_letter_of_a_revoked_device_is_written_again_read_once_and_taken_back(
    heard: list[tuple[bytes, str]],
) -> None:
    mesh = village(15)
    phone = mesh.join_device("Alice's phone", "Alice")
    mesh.wire("Alice's phone", "Alice")
    mesh.wire("Alice's phone", "Bob")
    mesh.settle()
    mesh.cut("Bob", "Carol")
    slot = write(mesh, "Alice's phone", "Carol")
    mesh.advance(1)
    revocation.revoke(mesh.nodes["Alice"].replica, "Alice's phone")
    settle_down(mesh)
    assert {record.header.device for record in stored(mesh, "Bob")} == {mesh.nodes["Alice"].replica.device}
    mesh.heal()
    settle_down(mesh)
    readers = [device for device, _ in heard if device != phone.replica.device]
    assert sorted(readers) == sorted(mesh.nodes[name].replica.device for name in ("Alice", "Carol"))
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert who_holds(mesh) <= {"Alice's phone"}  # to which nobody talks any more


def test_a_device_certified_later_cannot_read_what_was_written_before(heard: list[tuple[bytes, str]]) -> None:
    mesh = village(8)
    mesh.cut("Bob", "Carol")
    write(mesh, "Alice", "Carol")
    mesh.settle()
    late = mesh.add_device("Carol's phone", "Carol")
    acquaint(mesh, "Carol's phone", "Carol")
    acquaint(mesh, "Carol's phone", "Bob")
    mesh.wire("Carol's phone", "Carol")
    mesh.wire("Carol's phone", "Bob")
    settle_down(mesh)
    mesh.heal()
    settle_down(mesh)
    assert [device for device, _ in heard] == [mesh.nodes["Carol"].replica.device]
    assert stored_letters(late.replica.store) == []
    assert who_holds(mesh) == set()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_network_does_each_letter_is_read_once(heard: list[tuple[bytes, str]], seed: int) -> None:
    """Links that drop, partitions, restarts in the middle: letters come late, twice, in any order."""
    mesh = village(100 + seed)
    chance = random.Random(seed)
    names = list(mesh.nodes)
    expected = set()
    mesh.flaky = 0.05
    for number in range(12):
        author, addressee = chance.sample(names, 2)
        message = f"letter {number}"
        write(mesh, author, addressee, message)
        expected.add((mesh.nodes[addressee].replica.device, message))
        match chance.randrange(4):
            case 0:
                mesh.cut("Bob", chance.choice([name for name in names if name != "Bob"]))
            case 1:
                mesh.heal()
            case 2:
                mesh.restart(chance.choice(names))
            case _:
                pass
        mesh.advance(chance.randrange(100))
    mesh.flaky = 0
    mesh.heal()
    for _ in range(3):
        settle_down(mesh)
    assert sorted(heard) == sorted(expected)
    assert who_holds(mesh) == set()


def test_a_node_that_was_killed_between_a_letter_and_its_receipt_goes_on(heard: list[tuple[bytes, str]]) -> None:
    mesh = village(9)
    slot = write(mesh, "Alice", "Carol")
    mesh.settle()
    mesh.restart("Carol")
    settle_down(mesh)
    mesh.restart("Alice")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert len(heard) == 1
