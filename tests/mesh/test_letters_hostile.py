"""Letters and people who mean harm: floods, stolen ciphertext, misleading tags. The honest letters still arrive."""

from __future__ import annotations

import pytest

from meshnode.app.letters.delivery import Delivery
from protocol import Kind, Letter, Record, limits
from protocol.letters import letter_tag, seal
from tests.support.intruder import Intruder
from tests.support.mail import SECRET, ZOE, delivery, settle_down, stored, village, words, write
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import person
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
    conversation = Intruder(mesh, mesh.nodes["Bob"], MALLORY, records=[*said, *records]).talk()
    assert conversation.end is None
    mesh.settle()


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


def test_a_neighbor_who_brings_sybils_fills_one_share_of_the_letters(
    heard: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one neighbor brings leaves room for what others bring, and for people one vouches for."""
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
    assert len(stored(mesh, "Bob")) == 4
    slot = write(mesh, "Alice", "Carol")
    settle_down(mesh)
    assert delivery(mesh, "Alice", slot) is Delivery.DELIVERED
    assert [message for _, message in heard] == [SECRET]


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
