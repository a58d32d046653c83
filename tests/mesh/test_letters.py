"""Letters travel with whoever may carry them, are read by those they are for, and are gone once they were read."""

from __future__ import annotations

import random

import pytest

from meshnode.app import letters, mailroom
from meshnode.app.letters import Delivery
from meshnode.app.replica import Replica
from meshnode.store import State
from protocol import Introducing, Kind, Letter, Opened, Record, letter_tag, limits, seal
from tests.support.intruder import Intruder
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint, befriend, block, found, invite, person, vouch
from tests.support.people import Person, grown

SECRET = "under the third stone"
ZOE, MALLORY = Person("Zoe"), Person("Mallory")


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """Who has read what, in place of what introductions do: device and message."""
    found: list[tuple[bytes, str]] = []

    def note(replica: Replica, opened: Opened) -> None:
        assert isinstance(opened.content, Introducing)
        found.append((replica.device, opened.content.message))

    monkeypatch.setitem(mailroom.HANDLERS, Introducing, note)
    return found


def village(seed: int, weight: int = 800) -> Mesh:
    """Alice and Carol know Bob, who knows them, and Dora; Alice and Carol have no line to each other."""
    mesh = Mesh(seed)
    for name in ("Alice", "Bob", "Carol", "Dora"):
        mesh.add(name)
    for name in ("Alice", "Carol", "Dora"):
        befriend(mesh, name, "Bob", weight, weight)
    mesh.settle()
    return mesh


def words(message: str = SECRET) -> Introducing:
    """What a letter may say."""
    return Introducing(ZOE.id, "Zoe", message, (ZOE.certificate(EPOCH),))


def write(mesh: Mesh, author: str, addressee: str, message: str = SECRET) -> bytes:
    return letters.send(mesh.nodes[author].replica, person(mesh, addressee), words(message))


def delivery(mesh: Mesh, author: str, slot: bytes) -> Delivery | None:
    return letters.delivery(mesh.nodes[author].replica, slot)


def lying(mesh: Mesh, name: str) -> list[Record]:
    """The letters whose bodies `name`'s node holds."""
    records = mesh.nodes[name].replica.store.records
    rows = records.rows(kinds=(Kind.LETTER,), states=(State.LIVE, State.SUSPENDED, State.HELD))
    return [record for record in records.get_many([row.id for row in rows]) if record.body]


def who_holds(mesh: Mesh) -> set[str]:
    return {name for name in mesh.nodes if lying(mesh, name)}


def settle_down(mesh: Mesh) -> None:
    """Let letters be opened, receipts travel, and both be taken back."""
    for _ in range(5):
        mesh.advance(1)


def test_a_letter_reaches_somebody_who_is_never_online_with_its_author_and_frees_the_carrier(
    heard: list[tuple[bytes, str]],
) -> None:
    """FAULTS: nobody is ever online with everybody; carriers read nothing and keep nothing."""
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
    mesh.advance(1)  # Carol's node opens it, and its receipt goes to Bob
    assert heard == [(mesh.nodes["Carol"].replica.device, SECRET)]

    mesh.cut("Bob", "Carol")
    mesh.heal_between(["Alice", "Bob"])
    mesh.advance(1)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    mesh.advance(1)
    assert [record.header.author for record in lying(mesh, "Bob")] == [person(mesh, "Carol")]  # the receipt

    mesh.heal()
    settle_down(mesh)
    assert who_holds(mesh) == set()
    assert len(heard) == 1


def test_whoever_carries_a_letter_finds_nothing_in_it() -> None:
    """Neither the words nor the addressee are in any byte that Bob's node holds of it, nor does his key open it."""
    mesh = village(2)
    mesh.cut("Bob", "Carol")
    write(mesh, "Alice", "Carol")
    mesh.advance(1)
    (letter,) = lying(mesh, "Bob")
    assert letter.header.author == person(mesh, "Alice")
    for hidden in (SECRET.encode(), b"Zoe", ZOE.id, person(mesh, "Carol")):
        assert hidden not in letter.wire
    bob = mesh.nodes["Bob"].replica
    before = bob.store.letters.lying()
    mailroom.open_new(bob)
    assert bob.store.letters.lying() == before  # not for him: not even looked into


def test_a_letter_reaches_somebody_outside_its_authors_web_through_somebody_in_it(
    heard: list[tuple[bytes, str]],
) -> None:
    """Bob is in Alice's web; Carol, whom her trust no longer reaches, has the letter because it is for her."""
    mesh = village(3, weight=300)
    mesh.add("Erin")
    befriend(mesh, "Erin", "Bob", 900, 300)
    mesh.settle()
    assert person(mesh, "Carol") not in mesh.nodes["Alice"].replica.circle.regard_from(person(mesh, "Alice"))
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


def test_who_blocks_the_addressee_takes_back_what_others_carry_to_him(heard: list[tuple[bytes, str]]) -> None:
    """FAULTS: a block takes effect on what is on its way between the two."""
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
    """FAULTS: the author is not told of a block: to her it looks as if nobody fetched the letter."""
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


def test_the_authors_other_devices_learn_what_he_wrote(heard: list[tuple[bytes, str]]) -> None:
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
    assert late.replica.store.letters.lying() == []
    assert who_holds(mesh) == set()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_network_does_each_letter_is_read_once(heard: list[tuple[bytes, str]], seed: int) -> None:
    """FAULTS: links that drop, partitions, restarts in the middle: letters come late, twice, in any order."""
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
    for _ in range(4):
        mesh.advance(limits.RECHECK_SECONDS)
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


# --- hostile ----------------------------------------------------------------------------------------------------------


def from_mallory(to: bytes, number: int, *, keys: bytes = ZOE.keys.letter_public) -> Record:
    slot = grown("letter", number, size=16)
    letter = seal(
        words(f"from Mallory {number}"),
        author=MALLORY.id,
        addressee=to,
        slot=slot,
        letter_keys=[keys],
        entropy=grown("entropy", number),
    )
    return MALLORY.record(Kind.LETTER, slot, letter, EPOCH, life=limits.LETTER_LIFE)


def intrude(mesh: Mesh, *records: Record) -> None:
    """Mallory, whom Bob trusts, brings these."""
    said = [MALLORY.policy({mesh.nodes["Bob"].person: 900}, now=EPOCH), MALLORY.profile(EPOCH)]
    conversation = Intruder(mesh, mesh.nodes["Bob"], MALLORY, records=[*said, *records]).talk()
    assert conversation.end is None
    mesh.settle()


def test_whoever_writes_more_than_he_may_is_carried_so_far_and_no_further(
    heard: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS: a flood of letters ends at its author's share; others' letters find room."""
    monkeypatch.setattr(limits, "AUTHOR_LETTERS_MAX", 5)
    mesh = village(10)
    intrude(mesh, *(from_mallory(person(mesh, "Carol"), number) for number in range(20)))
    assert len(lying(mesh, "Bob")) == 5
    slot = write(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert [message for _, message in heard] == [SECRET]


def test_the_bytes_of_one_authors_letters_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(from_mallory(ZOE.id, 0).wire)
    monkeypatch.setattr(limits, "AUTHOR_LETTER_BYTES_MAX", 3 * size)
    mesh = village(11)
    intrude(mesh, *(from_mallory(person(mesh, "Carol"), number) for number in range(20)))
    assert len(lying(mesh, "Bob")) == 3


def test_whoever_brings_made_up_authors_fills_his_share_of_the_letters(
    heard: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS: what one neighbour brings leaves room for what others bring, and for people one vouches for."""
    monkeypatch.setattr(limits, "LETTERS_MAX", 6)
    mesh = village(12)
    bob = mesh.nodes["Bob"]
    crowd = [Person(f"nobody {number}") for number in range(10)]
    made_up: list[Record] = [MALLORY.policy({bob.person: 900, **dict.fromkeys(crowd, 1000)}, now=EPOCH)]
    for one in crowd:
        slot = grown("letter of", one.name, size=16)
        letter = seal(
            words(),
            author=one.id,
            addressee=person(mesh, "Carol"),
            slot=slot,
            letter_keys=[ZOE.keys.letter_public],
            entropy=grown(one.name),
        )
        made_up += [one.certificate(EPOCH), one.policy({MALLORY: 1000, bob.person: 1000}, now=EPOCH)]
        made_up.append(one.record(Kind.LETTER, slot, letter, EPOCH, life=limits.LETTER_LIFE))
    intrude(mesh, *made_up)
    assert len(lying(mesh, "Bob")) == 4
    slot = write(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert [message for _, message in heard] == [SECRET]


def test_a_carrier_who_signs_anothers_letter_as_his_own_is_found_out_and_the_letter_arrives(
    heard: list[tuple[bytes, str]],
) -> None:
    """FAULTS: Mallory takes Alice's ciphertext and gives it to Carol under his own name, slot and tag."""
    mesh = village(13)
    mesh.cut("Bob", "Carol")
    slot = write(mesh, "Alice", "Carol")
    mesh.settle()
    (stolen,) = lying(mesh, "Bob")
    body = Letter.parse(stolen.body or b"")
    carol = person(mesh, "Carol")
    copies = []
    for own_slot in (slot, bytes(16)):
        copied = Letter(body.salt, letter_tag(MALLORY.id, carol, own_slot), body.boxes, body.nonce, body.sealed)
        copies.append(MALLORY.record(Kind.LETTER, own_slot, copied, EPOCH, life=limits.LETTER_LIFE))
    intrude(mesh, *copies)
    mesh.heal()
    settle_down(mesh)
    assert heard == [(mesh.nodes["Carol"].replica.device, SECRET)]
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED


def test_a_letter_says_nothing_to_whom_it_was_only_made_to_look_for(heard: list[tuple[bytes, str]]) -> None:
    """FAULTS: Carol's tag on a letter that is sealed to somebody else, or to nobody at all."""
    mesh = village(14)
    intrude(mesh, from_mallory(person(mesh, "Carol"), 1), from_mallory(ZOE.id, 2))
    settle_down(mesh)
    assert heard == []
    assert all(not replica_sent(mesh, name) for name in mesh.nodes)


def replica_sent(mesh: Mesh, name: str) -> bool:
    """Whether anything was answered."""
    return bool(mesh.nodes[name].replica.store.letters.open())
