"""Receipts: one for each person, late and seldom, to few, and about nothing that its reader did not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from meshnode.app.exchanges.incoming import open_letters
from meshnode.app.letters import letters, receipts
from meshnode.app.owner import policy, preference
from meshnode.app.owner.preference import SharingChange
from meshnode.app.people import blocks
from meshnode.app.upkeep import upkeep
from meshnode.errors import Refused
from meshnode.replica.replica import Replica
from protocol import Kind, Letter, Record, body_of, limits
from protocol.letters import (
    Action,
    Content,
    Introduction,
    Move,
    exchange_id,
    letter_tag,
    open_letter,
    receipt_slot,
    seal,
)
from tests.app.exchanging import offer, respond
from tests.app.neighbors import Neighbor
from tests.support.exchanges import terms
from tests.support.mail import settle_down, stored_letters
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint
from tests.support.people import Person, grown

ZOE, MALLORY = Person("Zoe"), Person("Mallory")
WORDS = Introduction(ZOE.id, "Zoe", "Hello", (ZOE.certificate(EPOCH),))
HOUR = limits.RECEIPT_DELAY_MAX + 1
CLOCKS_MOVE = 10  # seconds, at most: what others say moves a node's clock a little, and letters take time on their way


def written(replica: Replica) -> list[Record]:
    """The letters of its owner to others that are in use, which are receipts here."""
    me = replica.me
    return [
        record
        for record in replica.store.records.bodies(Kind.LETTER, author=me)
        if tag_of(record) != letter_tag(me, me, record.header.slot)
    ]


def tag_of(record: Record) -> bytes:
    letter = body_of(record)
    assert isinstance(letter, Letter)
    return letter.tag


def introductions(alice: Replica, bob: Replica, count: int) -> None:
    for number in range(count):
        person = Person(f"Zoe {number}")
        content = Introduction(person.id, person.name, "", (person.certificate(EPOCH),))
        letters.send(alice, bob.me, content)


def test_many_letters_get_one_receipt_and_it_frees_all_of_them(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    introductions(alice, bob, 20)
    mesh.settle()
    mesh.advance(1)
    mesh.advance(HOUR)
    (receipt,) = written(bob)
    assert receipt.header.slot == receipt_slot(bob.me, alice.me)
    mesh.advance(1)
    mesh.advance(1)
    assert alice.store.letters.in_transit() == []
    settle_down(mesh)
    assert written(bob) == written(alice) == []


def test_more_letters_than_one_receipt_names_are_named_in_turn(
    mesh: Mesh, pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECEIPT_LETTERS_MAX", 5)
    alice, bob = pair
    introductions(alice, bob, 12)
    for _ in range(6):
        settle_down(mesh)
    assert alice.store.letters.in_transit() == []
    assert bob.store.receipts.people() == []


def test_a_receipt_waits_for_ten_to_sixty_minutes_and_tells_the_hour_alone(
    mesh: Mesh, pair: tuple[Replica, Replica]
) -> None:
    alice, bob = pair
    waits = set()
    for number in range(8):
        person = Person(f"Zoe {number}")
        letters.send(alice, bob.me, Introduction(person.id, person.name, "", (person.certificate(EPOCH),)))
        mesh.settle()
        open_letters(bob)
        wait = receipts.seconds_until_due(bob)
        assert wait is not None
        assert limits.RECEIPT_DELAY_MIN <= wait <= limits.RECEIPT_DELAY_MAX
        waits.add(wait)
        mesh.advance(wait - CLOCKS_MOVE)
        assert written(bob) == []
        mesh.advance(2 * CLOCKS_MOVE)
        (receipt,) = written(bob)
        header = receipt.header
        assert header.created % limits.RECEIPT_ROUNDING == header.expires % limits.RECEIPT_ROUNDING == 0
        assert 0 <= bob.clock.now() - header.created <= 2 * limits.RECEIPT_ROUNDING
        settle_down(mesh)
    assert len(waits) > 4


def test_a_receipt_goes_with_the_answer_if_its_owner_writes_before(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    letters.send(alice, bob.me, WORDS)
    mesh.settle()
    open_letters(bob)
    letters.send(bob, alice.me, WORDS)
    upkeep(bob)
    assert receipt_slot(bob.me, alice.me) in {record.header.slot for record in written(bob)}


def test_who_may_read_a_receipt_and_what_it_shows_to_others(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    slot = letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    mesh.advance(HOUR)
    (receipt,) = written(bob)
    for hidden in (alice.me, slot, bob.me[:8] + b"x"):
        assert hidden not in receipt.wire
    letter = body_of(receipt)
    assert open_letter(receipt.header, letter, alice.keys.letter_private) is not None  # type: ignore[arg-type]
    assert open_letter(receipt.header, letter, ZOE.keys.letter_private) is None  # type: ignore[arg-type]


def test_receipts_can_be_switched_off(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    assert receipts.seconds_until_due(bob) is not None
    off = replace(bob, receipts=False)
    receipts.write_due(off)
    assert off.store.receipts.people() == []
    introductions(alice, bob, 3)
    mesh.settle()
    open_letters(off)
    assert receipts.seconds_until_due(off) is None


def test_the_owner_switches_receipts_off_and_on_and_what_was_written_is_withdrawn(
    mesh: Mesh, pair: tuple[Replica, Replica]
) -> None:
    alice, bob = pair
    letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    mesh.advance(HOUR)
    (receipt,) = written(bob)
    assert preference.change(bob, SharingChange(receipts=False)).receipts is False
    upkeep(bob)
    assert written(bob) == []
    letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    mesh.advance(HOUR)
    assert written(bob) == []
    assert preference.show(bob).receipts is False
    assert preference.change(bob, SharingChange(receipts=True)).receipts is True
    letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    mesh.advance(HOUR)
    assert [record.header.slot for record in written(bob)] == [receipt.header.slot]


def test_receipts_that_the_settings_switch_off_stay_off(pair: tuple[Replica, Replica]) -> None:
    off = replace(pair[1], receipts=False)
    assert preference.show(off).receipts is False
    with pytest.raises(Refused, match="the settings of this node switch receipts off"):
        preference.change(off, SharingChange(receipts=True))
    assert preference.change(off, SharingChange(receipts=False)).receipts is False


def test_a_block_withdraws_the_receipt_too(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    alice, bob = pair
    mesh.cut("Alice", "Bob")
    mesh.heal()
    letters.send(alice, bob.me, WORDS)
    mesh.advance(1)
    mesh.advance(HOUR)
    assert written(bob)
    blocks.block(bob, "Alice")
    upkeep(bob)
    assert written(bob) == []
    assert bob.store.receipts.people() == []


def test_versions_of_receipts_are_bounded_by_day_for_one_person_and_for_all(
    mesh: Mesh, pair: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECEIPTS_A_DAY", 3)
    alice, bob = pair
    slot, versions = receipt_slot(bob.me, alice.me), set()
    midnight = limits.DAY - (EPOCH + int(mesh.time)) % limits.DAY
    mesh.advance(midnight)
    for number in range(12):
        person = Person(f"Zoe {number}")
        letters.send(alice, bob.me, Introduction(person.id, person.name, "", (person.certificate(EPOCH),)))
        mesh.advance(1)
        mesh.advance(HOUR)
        newest = bob.store.records.newest((bob.me, Kind.LETTER, slot))
        if newest is not None and newest.body:
            versions.add(newest.header.version)
    assert 1 <= len(versions) <= 3
    mesh.advance(limits.DAY)
    for _ in range(3):
        settle_down(mesh)
    assert alice.store.letters.in_transit() == []


def test_all_devices_write_one_receipt_and_none_leaves_out_what_another_says(
    mesh: Mesh, pair: tuple[Replica, Replica]
) -> None:
    """Letters of several ages, opened by two devices at different times, under receipts that expire at different ones."""
    alice, bob = pair
    phone = mesh.add_device("Bob's phone", "Bob")
    for other in ("Alice", "Bob"):
        acquaint(mesh, "Bob's phone", other)
        mesh.wire("Bob's phone", other)
    mesh.settle()
    for _ in range(4):
        mesh.cut("Bob's phone", "Alice")
        mesh.cut("Bob's phone", "Bob")
        introductions(alice, bob, 3)
        mesh.advance(HOUR)
        mesh.advance(limits.DAY)
        mesh.heal()
        introductions(alice, bob, 2)
        mesh.advance(HOUR)
        for replica in (bob, phone.replica):
            assert {record.header.slot for record in written(replica)} <= {receipt_slot(bob.me, alice.me)}
    assert written(bob)
    for _ in range(3):
        settle_down(mesh)
    assert alice.store.letters.in_transit() == []
    assert written(bob) == written(phone.replica) == []


# --- letters without an effect -------------------------------------------------------------------------------------------


def by_mallory(bob: Replica, content: Content, number: int) -> Record:
    slot = grown("silent", number, size=16)
    letter = seal(
        content,
        author=MALLORY.id,
        addressee=bob.me,
        slot=slot,
        letter_keys=[bob.keys.letter_public],
        entropy=grown("entropy", number),
    )
    return MALLORY.record(Kind.LETTER, slot, letter, EPOCH, life=limits.LETTER_LIFE)


def itself(_: Replica) -> Iterator[Content]:
    for number in range(10):
        yield Introduction(MALLORY.id, f"x{number}", "", (MALLORY.certificate(EPOCH),))


def known_already(bob: Replica) -> Iterator[Content]:
    policy.vouch(bob, ZOE.id, 100)
    yield WORDS


def ask_for_nothing(bob: Replica) -> Iterator[Content]:
    for number in range(10):
        asked = replace(terms(), nonce=bytes([number]) * 16)
        yield Move(exchange_id(MALLORY.id, bob.me, asked), Action.ASK, EPOCH, terms=asked)


def answers_that_nobody_waits_for(_: Replica) -> Iterator[Content]:
    for number, act in enumerate((Action.ACCEPT, Action.DECLINE, Action.DONE, Action.CANCEL, Action.RETURNED)):
        yield Move(bytes([number]) * 16, act, EPOCH)


def words_in_no_exchange(_: Replica) -> Iterator[Content]:
    for number in range(10):
        yield Move(bytes(16), Action.SAY, EPOCH, f"Hello {number}")


SILENT: dict[str, Callable[[Replica], Iterator[Content]]] = {
    made.__name__: made
    for made in (itself, known_already, ask_for_nothing, answers_that_nobody_waits_for, words_in_no_exchange)
}


@pytest.mark.parametrize("vouched", [True, False], ids=["by somebody I trust a little", "by who only vouches for me"])
@pytest.mark.parametrize("case", SILENT)
def test_a_letter_without_an_effect_gets_no_receipt_at_any_time(
    mesh: Mesh, pair: tuple[Replica, Replica], case: str, *, vouched: bool
) -> None:
    """Fault: somebody learns when a person's devices are on by letters that nobody ever sees."""
    _, bob = pair
    bob.ingest.receive([MALLORY.certificate(EPOCH), MALLORY.policy({bob.me: 900}, now=EPOCH)])
    if vouched:
        policy.vouch(bob, MALLORY.id, 10)
    silent = [by_mallory(bob, content, number) for number, content in enumerate(SILENT[case](bob))]
    before = {row.id for row in bob.store.records.rows(author=bob.me)}
    assert len(bob.ingest.receive(silent, MALLORY.id).kept) == len(silent)
    for _ in range(30):
        mesh.advance(HOUR)
    assert stored_letters(bob.store) == []  # each was opened
    assert {row.id for row in bob.store.records.rows(author=bob.me)} == before
    assert receipts.seconds_until_due(bob) is None


def test_who_only_vouches_for_me_gets_no_receipt_even_for_what_i_see(mesh: Mesh, pair: tuple[Replica, Replica]) -> None:
    _, bob = pair
    bob.ingest.receive([MALLORY.certificate(EPOCH), MALLORY.policy({bob.me: 900}, now=EPOCH)])
    bob.ingest.receive([by_mallory(bob, WORDS, 1)], MALLORY.id)
    mesh.advance(1)
    assert len(bob.store.introductions.all(bob.clock.now())) == 1
    assert receipts.seconds_until_due(bob) is None


def test_who_asks_for_what_they_may_see_gets_one(mesh: Mesh, people: tuple[Neighbor, Neighbor, Neighbor]) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    respond(mesh, alice)
    settle_down(mesh)
    assert alice.replica.store.letters.in_transit() == []
