"""Writing letters: to whom one may write, what is committed with a letter, and what is known of it afterwards."""

from __future__ import annotations

from typing import ClassVar, Self

import pytest

from meshnode.app import upkeep
from meshnode.app.letters import letters
from meshnode.app.letters.delivery import Delivery
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.errors import Refused, Usage
from meshnode.replica.replica import Replica
from protocol import (
    REVOCATION_VERSION,
    Device,
    Kind,
    Letter,
    Record,
    Value,
    body_of,
    device_slot,
    limits,
    person_text,
    signed,
)
from protocol.letters import Introduction
from protocol.numbers import UnixTime
from tests.support.mail import settle_down
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

ZOE = Person("Zoe")
WORDS = Introduction(ZOE.id, "Zoe", "Hello", (ZOE.certificate(EPOCH),))


class TooMuch:
    """A content that is too large for a letter."""

    NUMBER: ClassVar[int] = 998

    def to_fields(self) -> tuple[Value, ...]:
        return ("x" * limits.LETTER_SIZES[-1],)

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        raise NotImplementedError


def revocation_of(replica: Replica) -> Record:
    """The revocation of this device, signed with its owner's identity key."""
    assert replica.identity is not None
    body = Device(bytes(16), replica.keys.dh_public, replica.keys.letter_public, revoked=True)
    return signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=replica.device,
        slot=device_slot(replica.device),
        version=REVOCATION_VERSION,
        created=UnixTime(EPOCH),
        expires=UnixTime(limits.FOREVER),
        min_valid_version=REVOCATION_VERSION,
        latest_expiry=UnixTime(limits.FOREVER),
        body=body.to_body(),
        sign=replica.identity.sign,
    )


def written(replica: Replica) -> list[Record]:
    """The letters of its owner that are in use."""
    return list(replica.store.records.bodies(Kind.LETTER, author=replica.me))


def refusal(replica: Replica, to: bytes) -> str:
    with pytest.raises(Refused) as refused:
        letters.send(replica, to, WORDS)
    assert written(replica) == []
    return refused.value.line


def test_a_letter_and_what_goes_with_it_are_committed_together_or_not_at_all(pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair

    def stumble() -> None:
        with alice.transaction():
            letters.send(alice, bob.me, WORDS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    assert written(alice) == []
    assert alice.store.letters.in_transit() == []
    with alice.transaction():
        slot = letters.send(alice, bob.me, WORDS)
        alice.store.meta.set("beside", "it")
    assert alice.store.meta.get("beside") == "it"
    assert [record.header.slot for record in written(alice)] == [slot]


def test_a_letter_can_be_remembered_by_its_slot_before_it_is_written(pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    slot = letters.new_slot(alice)
    assert letters.delivery(alice, slot) is None
    assert letters.send(alice, bob.me, WORDS, slot=slot) == slot
    assert letters.delivery(alice, slot) is Delivery.UNDER_WAY


def test_a_letter_names_nobody_and_shows_nothing_of_what_it_says(pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    letters.send(alice, bob.me, WORDS)
    (record,) = written(alice)
    assert isinstance(body_of(record), Letter)
    for hidden in (bob.me, b"Hello", b"Zoe", ZOE.id):
        assert hidden not in record.wire


def test_somebody_of_whom_no_certificate_is_known_cannot_be_written_to(pair: tuple[Replica, Replica]) -> None:
    assert "no message can reach" in refusal(pair[0], ZOE.id)


def test_somebody_whose_only_device_was_revoked_cannot_be_written_to(pair: tuple[Replica, Replica]) -> None:
    alice = pair[0]
    policy.vouch(alice, ZOE.id, 500)
    alice.ingest.receive([ZOE.certificate(EPOCH)])
    letters.check_can_write(alice, ZOE.id)
    alice.ingest.receive([ZOE.revocation(EPOCH)])
    assert "no message can reach" in refusal(alice, ZOE.id)


def test_whom_i_block_i_do_not_write_to_and_who_blocks_me_is_not_told_apart(
    mesh: Mesh, pair: tuple[Replica, Replica]
) -> None:
    alice, bob = pair
    blocks.block(alice, "Bob")
    assert refusal(alice, bob.me).startswith("you block Bob")
    blocks.unblock(alice, person_text(bob.me))
    policy.block(bob, alice.me)
    mesh.settle()
    if alice.trust_state.graph.blocked_either_way(alice.me, bob.me):  # once she knows
        assert "no message can reach" in refusal(alice, bob.me)


def test_nobody_with_one_device_writes_to_themselves(pair: tuple[Replica, Replica]) -> None:
    assert "no message can reach" in refusal(pair[0], pair[0].me)


def test_a_message_too_long_has_its_own_words(pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    with pytest.raises(Usage, match="message is too long"):
        letters.send(alice, bob.me, TooMuch())
    assert written(alice) == []


def test_the_number_of_letters_under_way_is_limited(
    pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr(limits, "LETTERS_UNDER_WAY_MAX", 3)
    for _ in range(3):
        letters.send(alice, bob.me, WORDS)
    with pytest.raises(Refused, match="on their way"):
        letters.send(alice, bob.me, WORDS)
    assert len(written(alice)) == 3


def test_a_letter_that_nobody_fetches_expires_and_is_gone(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    mesh.cut("Alice", "Bob")
    slot = letters.send(alice, bob.me, WORDS)
    mesh.advance(limits.LETTER_LIFE - 1)
    assert letters.delivery(alice, slot) is Delivery.UNDER_WAY
    mesh.advance(2)
    assert letters.delivery(alice, slot) is Delivery.EXPIRED
    assert written(alice) == []
    assert alice.store.letters.in_transit() == []
    mesh.advance(400 * limits.DAY)
    assert letters.delivery(alice, slot) is None


def test_a_letter_that_was_read_is_delivered_and_withdrawn_everywhere(
    mesh: Mesh, pair: tuple[Replica, Replica]
) -> None:
    alice, _ = pair
    slot = letters.send(alice, pair[1].me, WORDS)
    settle_down(mesh)
    assert letters.delivery(alice, slot) is Delivery.DELIVERED
    for replica in pair:
        assert [record for record in replica.store.records.bodies(Kind.LETTER) if record.body] == []
        assert replica.store.letters.in_transit() == []
        assert replica.store.receipts.people() == []


def test_after_a_block_letters_are_withdrawn(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    mesh.cut("Alice", "Bob")
    letters.send(alice, bob.me, WORDS)
    blocks.block(alice, "Bob")
    upkeep.upkeep(alice)
    assert written(alice) == []


def test_revoked_devices_are_no_longer_waited_for(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    mesh.cut("Alice", "Bob")
    letters.send(alice, bob.me, WORDS)
    (sent,) = alice.store.letters.in_transit()
    assert sent.receipts_due == {bob.device}
    alice.ingest.receive([revocation_of(bob)])
    letters.withdraw_finished(alice)
    assert written(alice) == []
