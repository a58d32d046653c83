"""Opening letters: each takes effect once, with a receipt, and one that makes no sense has no effect."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from meshnode.app.exchanges import incoming
from meshnode.app.exchanges.incoming import open_letters
from meshnode.app.letters import letters
from meshnode.app.letters.delivery import Delivery
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import Code, Kind, Letter, Record, RemoteError, body_of, limits
from protocol.letters import Introduction, Opened, OpenedLetter, Receipt, device_tag, letter_tag, receipt_slot, seal
from tests.support.mail import stored_letters
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person, grown

ZOE, MALLORY = Person("Zoe"), Person("Mallory")
WORDS = Introduction(ZOE.id, "Zoe", "Hello", (ZOE.certificate(EPOCH),))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[OpenedLetter]:
    """The introductions that were handled, in place of their real effect."""
    found: list[OpenedLetter] = []

    def note(_: Replica, opened: OpenedLetter) -> bool:
        found.append(opened)
        return True

    monkeypatch.setitem(incoming.HANDLERS, Introduction, note)
    return found


def receipts(replica: Replica) -> int:
    """How many letters the owner's receipts name, or are to name."""
    kept = replica.store.receipts
    return sum(len(kept.opened(person)) for person in kept.people())


def from_mallory(bob: Replica, letter: Letter | None = None, slot: bytes = bytes(16), version: int = 1) -> Record:
    """A letter written by Mallory, to Bob unless another is given."""
    letter = letter or sealed(bob, slot)
    return MALLORY.record(Kind.LETTER, slot, letter, EPOCH, version=version, life=limits.LETTER_LIFE)


def sealed(bob: Replica, slot: bytes = bytes(16), *, author: bytes = MALLORY.id) -> Letter:
    return seal(
        WORDS,
        author=author,
        addressee=bob.me,
        slot=slot,
        letter_keys=[bob.keys.letter_public],
        entropy=grown("entropy", slot),
    )


def befriended(bob: Replica) -> Replica:
    """Bob's node holds Mallory's certificate and policy, which are as an honest person's."""
    bob.ingest.receive([MALLORY.certificate(EPOCH), MALLORY.policy({bob.me: 900}, now=EPOCH)])
    return bob


def test_a_letter_takes_effect_once_however_often_one_looks(
    mesh: Mesh, pair: tuple[Replica, Replica], heard: list[OpenedLetter]
) -> None:
    alice, bob = pair
    letters.send(alice, bob.me, WORDS)
    mesh.settle()
    for _ in range(3):
        open_letters(bob)
    mesh.restart("Bob")
    again = mesh.nodes["Bob"].replica
    again.store.records.letters_moved = True
    open_letters(again)
    (opened,) = heard
    assert (opened.author, opened.addressee, opened.content) == (alice.me, bob.me, WORDS)
    assert opened.device == alice.device
    assert receipts(again) == 1


def test_effects_the_note_that_it_was_read_and_the_receipt_come_together_or_not_at_all(
    mesh: Mesh, pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault: a node that is killed in the middle opens the letter again, as if for the first time."""
    alice, bob = pair
    names: list[str | None] = []

    def stumble(replica: Replica, _opened: OpenedLetter) -> bool:
        names.append(replica.store.meta.get("effect"))
        replica.store.meta.set("effect", "done")
        if len(names) == 1:
            raise KeyboardInterrupt
        return True

    monkeypatch.setitem(incoming.HANDLERS, Introduction, stumble)
    letters.send(alice, bob.me, WORDS)
    mesh.settle()
    with pytest.raises(KeyboardInterrupt):
        open_letters(bob)
    assert receipts(bob) == 0
    open_letters(bob)
    assert names == [None, None]
    assert bob.store.meta.get("effect") == "done"
    assert receipts(bob) == 1


def test_a_letter_that_its_handler_makes_no_sense_of_is_put_aside_without_a_receipt(
    mesh: Mesh, pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    calls: list[OpenedLetter] = []

    def refuse(replica: Replica, opened: OpenedLetter) -> bool:
        calls.append(opened)
        replica.store.meta.set("effect", "half")
        raise RemoteError(Code.FORGED, "makes no sense")

    monkeypatch.setitem(incoming.HANDLERS, Introduction, refuse)
    letters.send(alice, bob.me, WORDS)
    mesh.settle()
    open_letters(bob)
    bob.store.records.letters_moved = True
    open_letters(bob)
    assert len(calls) == 1
    assert bob.store.meta.get("effect") is None
    assert receipts(bob) == 0


def test_what_a_later_version_may_know_is_kept_until_it_does(
    mesh: Mesh, pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    known = dict(incoming.HANDLERS)
    monkeypatch.delitem(incoming.HANDLERS, Introduction)
    slot = letters.send(alice, bob.me, WORDS)
    mesh.settle()
    open_letters(bob)
    assert receipts(bob) == 0
    assert [stored.number for stored in stored_letters(bob.store) if stored.slot == slot] == [Introduction.NUMBER]
    found: list[OpenedLetter] = []

    def note(_: Replica, opened: OpenedLetter) -> bool:
        found.append(opened)
        return True

    monkeypatch.setattr(incoming, "HANDLERS", known | {Introduction: note})
    bob.store.records.letters_moved = True  # as when a newer version is started
    open_letters(bob)
    assert len(found) == 1


def test_receipts_are_not_answered(mesh: Mesh, pair: tuple[Replica, Replica], heard: list[OpenedLetter]) -> None:
    alice, bob = pair
    slot = letters.send(alice, bob.me, WORDS)
    mesh.settle()
    open_letters(bob)
    mesh.advance(limits.RECEIPT_DELAY_MAX)
    open_letters(alice)
    assert letters.delivery(alice, slot) is Delivery.DELIVERED
    assert (receipts(alice), receipts(bob)) == (0, 1)


def test_without_room_for_a_receipt_a_letter_is_read_all_the_same(
    mesh: Mesh, pair: tuple[Replica, Replica], heard: list[OpenedLetter], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr(limits, "RECEIPTS_MAX", 0)
    policy.vouch(bob, alice.me, 0)
    begun = bob.store.exchanges.begin(alice.me, bytes(16), "Alice", EPOCH)
    bob.store.exchanges.keep(begun._replace(shown=True))
    letters.send(alice, bob.me, WORDS)
    mesh.settle()
    open_letters(bob)
    assert len(heard) == 1
    assert receipts(bob) == 0


def test_nobody_says_of_others_letters_that_they_were_read(pair: tuple[Replica, Replica]) -> None:
    """Fault: a person sends a receipt for a letter to somebody else, so that it is withdrawn."""
    alice, bob = pair
    befriended(alice)
    slot = letters.send(alice, bob.me, WORDS)
    lie = seal(
        Receipt((Opened(slot, (device_tag(bob.device),)),)),
        author=MALLORY.id,
        addressee=alice.me,
        slot=receipt_slot(MALLORY.id, alice.me),
        letter_keys=[alice.keys.letter_public],
        entropy=bytes(32),
    )
    alice.ingest.receive([from_mallory(alice, lie, receipt_slot(MALLORY.id, alice.me))], MALLORY.id)
    open_letters(alice)
    letters.withdraw_finished(alice)
    assert letters.delivery(alice, slot) is Delivery.UNDER_WAY
    assert alice.store.letters.in_transit()[0].receipts_due == {bob.device}


def test_a_strangers_letter_stays_closed_until_something_joins_us(
    pair: tuple[Replica, Replica], heard: list[OpenedLetter]
) -> None:
    alice, bob = pair
    bob.ingest.receive([MALLORY.certificate(EPOCH), from_mallory(bob)], alice.me)
    open_letters(bob)
    assert heard == []
    assert receipts(bob) == 0
    bob.ingest.receive([MALLORY.policy({bob.me: 900}, now=EPOCH)], alice.me)
    open_letters(bob)
    assert [opened.author for opened in heard] == [MALLORY.id]


def test_another_version_under_the_slot_of_a_letter_that_was_read_has_no_effect(
    pair: tuple[Replica, Replica], heard: list[OpenedLetter]
) -> None:
    bob = befriended(pair[1])
    bob.ingest.receive([from_mallory(bob)], MALLORY.id)
    open_letters(bob)
    bob.ingest.receive([from_mallory(bob, version=2)], MALLORY.id)
    open_letters(bob)
    assert len(heard) == 1


HOSTILE = {
    "another's ciphertext": lambda bob: replace(
        sealed(bob, author=ZOE.id), tag=letter_tag(MALLORY.id, bob.me, bytes(16))
    ),
    "another slot's ciphertext": lambda bob: replace(
        sealed(bob, slot=grown("slot", size=16)), tag=letter_tag(MALLORY.id, bob.me, bytes(16))
    ),
    "garbage in its boxes": lambda bob: replace(
        sealed(bob), boxes=tuple(sorted(grown("box", number, size=40) * 2 for number in range(4)))
    ),
    "other boxes under one nonce": lambda bob: replace(sealed(bob), nonce=bytes(24)),
    "nothing that opens": lambda bob: replace(sealed(bob), sealed=bytes(len(sealed(bob).sealed))),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_faults_a_letter_that_somebody_has_forged_has_no_effect_and_gets_no_receipt(
    pair: tuple[Replica, Replica], heard: list[OpenedLetter], case: str
) -> None:
    """Fault: hostile letters. Each is looked into once, and the next good one takes effect."""
    bob = befriended(pair[1])
    bob.ingest.receive([from_mallory(bob, HOSTILE[case](bob))], MALLORY.id)
    open_letters(bob)
    assert heard == []
    assert receipts(bob) == 0
    assert stored_letters(bob.store) == []
    slot = grown("good", size=16)
    bob.ingest.receive([from_mallory(bob, sealed(bob, slot), slot)], MALLORY.id)
    open_letters(bob)
    assert len(heard) == 1


def test_a_tag_of_somebody_else_is_somebody_elses(pair: tuple[Replica, Replica], heard: list[OpenedLetter]) -> None:
    """Nobody opens the letter: the person whose tag it has finds no box, and the one with a box does not look."""
    alice, bob = befriended(pair[0]), befriended(pair[1])
    misled = replace(sealed(bob), tag=letter_tag(MALLORY.id, alice.me, bytes(16)))
    for replica in (alice, bob):
        replica.ingest.receive([from_mallory(bob, misled)], MALLORY.id)
        open_letters(replica)
    assert heard == []


def test_a_body_that_is_no_letter_is_refused_and_blamed_on_nobody(pair: tuple[Replica, Replica]) -> None:
    bob = befriended(pair[1])
    nonsense = MALLORY.record(Kind.LETTER, bytes(16), b"\x01", EPOCH, life=limits.LETTER_LIFE)
    outcome = bob.ingest.receive([nonsense, from_mallory(bob, slot=grown("good", size=16))], MALLORY.id)
    assert (outcome.refused, outcome.faults) == ([nonsense.id], [])
    assert isinstance(body_of(from_mallory(bob)), Letter)
