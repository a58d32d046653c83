"""Letters and people who mean harm: floods, stolen ciphertext, misleading tags. The honest letters still arrive."""

from __future__ import annotations

import pytest

from meshnode.app.letters.delivery import Delivery
from protocol import Kind, Letter, Record, limits
from protocol.letters import letter_tag, seal
from tests.support.intruder import Intruder
from tests.support.mail import SECRET, ZOE, delivery, have_exchanged, settle_down, stored, village, words, write
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend, person
from tests.support.people import Person, grown

MALLORY = Person("Mallory")


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
    call(mesh, Intruder(mesh, mesh.nodes["Bob"], MALLORY, records=[*said, *records]))


def call(mesh: Mesh, intruder: Intruder) -> None:
    """The intruder calls and brings all that is not there yet."""
    assert intruder.talk().end is None
    mesh.settle()


def letters_of_sybils(mesh: Mesh, count: int) -> list[Record]:
    """Return people whom Mallory has made up and vouches for, each with a letter that bears Carol's tag."""
    bob = mesh.nodes["Bob"].person
    crowd = [Person(f"nobody {number}") for number in range(count)]
    made_up: list[Record] = [
        MALLORY.profile(EPOCH),
        MALLORY.policy({bob: 900, **dict.fromkeys(crowd, 1000)}, now=EPOCH),
    ]
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
        made_up += [one.certificate(EPOCH), one.policy({MALLORY: 1000, bob: 1000}, now=EPOCH)]
        made_up.append(one.record(Kind.LETTER, slot, letter, EPOCH, life=limits.LETTER_LIFE))
    return made_up


def test_the_letters_of_one_author_are_carried_up_to_the_cap(
    heard: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of letters ends at its author's share; others' letters find room."""
    monkeypatch.setattr(limits, "AUTHOR_LETTERS_MAX", 5)
    mesh = village(10)
    intrude(mesh, *(from_mallory(person(mesh, "Carol"), number) for number in range(20)))
    assert len(stored(mesh, "Bob")) == 5
    slot = write(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert [message for _, message in heard] == [SECRET]


def test_the_bytes_of_one_authors_letters_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(from_mallory(ZOE.id, 0).wire)
    monkeypatch.setattr(limits, "AUTHOR_LETTER_BYTES_MAX", 3 * size)
    mesh = village(11)
    intrude(mesh, *(from_mallory(person(mesh, "Carol"), number) for number in range(20)))
    assert len(stored(mesh, "Bob")) == 3


@pytest.mark.parametrize(("weight", "told"), [(900, {"Alice"}), (700, {"Alice", "Erin"})])
def test_a_neighbor_who_brings_sybils_only_borrows_room_for_letters(
    heard: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch, weight: int, told: set[str]
) -> None:
    """Letters of Sybils make way for those of people behind another neighbor, and do not come back in their place.

    Alice, for whom Bob vouches, always finds room. Erin, whom only Dora knows, finds it where Sybils had borrowed it.
    Carol's receipt for Erin passes Dora's node, where Bob answers for Carol and for the Sybils. So it has room there as
    long as Bob trusts Carol more than Mallory.
    """
    monkeypatch.setattr(limits, "LETTERS_MAX", 6)
    mesh = village(12)
    mesh.add("Erin")
    befriend(mesh, "Erin", "Dora", 800, 800)
    have_exchanged(mesh, "Carol", "Erin")
    mesh.settle()
    mallory = Intruder(mesh, mesh.nodes["Bob"], MALLORY, weight=weight, records=letters_of_sybils(mesh, 10))
    call(mesh, mallory)
    assert len(stored(mesh, "Bob")) == 6
    mesh.cut("Bob", "Carol")
    slots = {name: write(mesh, name, "Carol", f"from {name}") for name in ("Alice", "Erin")}
    settle_down(mesh)
    for _ in range(2):  # before and after the Sybils come again
        authors = [record.header.author for record in stored(mesh, "Bob")]
        assert len(authors) == 6
        assert {person(mesh, "Alice"), person(mesh, "Erin")} <= set(authors)
        call(mesh, mallory)
    mesh.heal()
    settle_down(mesh)
    assert told <= {name for name, slot in slots.items() if delivery(mesh, name, slot) is Delivery.DELIVERED}
    assert sorted(message for _, message in heard) == ["from Alice", "from Erin"]


def test_a_carrier_who_signs_anothers_letter_as_their_own_is_found_out_and_the_letter_arrives(
    heard: list[tuple[bytes, str]],
) -> None:
    """Mallory takes Alice's ciphertext and gives it to Carol under Mallory's name, slot and tag."""
    mesh = village(13)
    mesh.cut("Bob", "Carol")
    slot = write(mesh, "Alice", "Carol")
    mesh.settle()
    (stolen,) = stored(mesh, "Bob")
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
    """Carol's tag on a letter that is sealed to somebody else, or to nobody at all."""
    mesh = village(14)
    intrude(mesh, from_mallory(person(mesh, "Carol"), 1), from_mallory(ZOE.id, 2))
    settle_down(mesh)
    assert heard == []
    assert all(not replica_sent(mesh, name) for name in mesh.nodes)


def replica_sent(mesh: Mesh, name: str) -> bool:
    """Whether anything was answered."""
    return bool(mesh.nodes[name].replica.store.letters.in_transit())
