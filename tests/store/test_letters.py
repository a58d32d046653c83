"""Letters in the store: which were not read, which receipts are due, and when all of it is deleted."""

from __future__ import annotations

from meshnode.store import RecordState, Store, StoredLetter
from meshnode.store.letters import DELIVERIES_KEPT
from protocol import Kind, Letter, Record, limits
from protocol.letters import Opened, Receipt, device_tag, seal
from protocol.limits import DAY
from tests.support.mail import stored_letters
from tests.support.people import NOW, Person, grown
from tests.support.registers import put

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
SLOT, OTHER = grown("slot", size=16), grown("other", size=16)
LIFE = limits.LETTER_LIFE


def letter(author: Person = ALICE, slot: bytes = SLOT, version: int = 1) -> Record:
    body: Letter = seal(
        Receipt((Opened(bytes(16), (bytes(8),)),)),
        author=author.id,
        addressee=CAROL.id,
        slot=slot,
        letter_keys=[CAROL.keys.letter_public],
        entropy=grown("entropy", slot),
    )
    return author.record(Kind.LETTER, slot, body, life=LIFE, version=version)


def stored(store: Store) -> list[bytes]:
    return [found.slot for found in stored_letters(store)]


def test_a_letter_is_listed_until_it_was_read(store: Store) -> None:
    record = letter()
    put(store, record)
    body = Letter.parse(record.body or b"")
    (found,) = stored_letters(store)
    assert found == StoredLetter(found.order, record.id, ALICE.id, ALICE.device, SLOT, body.tag, None)
    store.letters.note_read(ALICE.id, SLOT, until=NOW + LIFE)
    assert stored(store) == []
    put(store, letter(BOB))  # the same slot of somebody else is another letter
    assert stored(store) == [SLOT]


def test_the_next_version_of_a_receipt_is_listed_again_and_that_of_another_letter_is_not(store: Store) -> None:
    for slot, receipt in ((SLOT, letter().id), (OTHER, None)):
        put(store, letter(slot=slot))
        store.letters.note_read(ALICE.id, slot, until=NOW + LIFE, receipt=receipt)
    assert stored(store) == []
    for slot in (SLOT, OTHER):
        put(store, letter(slot=slot, version=2))
    assert stored(store) == [SLOT]


def test_a_letter_with_an_unknown_content_is_listed_with_its_number_until_it_is_read(store: Store) -> None:
    put(store, letter())
    store.letters.note_read(ALICE.id, SLOT, until=NOW + LIFE, number=77)
    assert [found.number for found in stored_letters(store)] == [77]
    store.letters.note_read(ALICE.id, SLOT, until=NOW + LIFE)
    assert stored(store) == []


def test_pending_withdrawn_and_header_only_letters_are_not_listed(store: Store) -> None:
    put(store, letter(), RecordState.PENDING)
    assert stored(store) == []
    put(store, letter())
    assert stored(store) == [SLOT]
    put(store, ALICE.withdrawal(letter()))
    assert stored(store) == []
    put(store, letter(BOB))
    store.records.drop_bodies([letter(BOB).id])
    assert stored(store) == []
    assert all(row.tag is None for row in store.records.rows(kinds=(Kind.LETTER,)) if row.author != CAROL.id)


def test_a_row_has_the_tag_of_a_letter_and_none_for_a_listing(store: Store) -> None:
    put(store, letter())
    put(store, ALICE.listing())
    tags = {row.kind: row.tag for row in store.records.rows()}
    assert tags == {Kind.LETTER: Letter.parse(letter().body or b"").tag, Kind.LISTING: None}


def test_letters_are_counted_while_their_bodies_are_held(store: Store) -> None:
    put(store, letter())
    put(store, letter(slot=OTHER))
    use = store.records.usage_of(ALICE.id)
    assert (use.letters, use.letter_bytes) == (2, 2 * len(letter().wire))
    assert store.records.usage_in_all().letters == 2
    put(store, ALICE.withdrawal(letter()))
    assert store.records.usage_of(ALICE.id).letters == 1
    assert store.records.usage_in_all().letter_bytes == len(letter().wire)


def test_storing_a_letter_sets_the_flag_to_look_for_new_letters(store: Store) -> None:
    assert store.records.letters_moved  # at first nobody has looked
    store.records.letters_moved = False
    put(store, ALICE.listing())
    assert not store.records.letters_moved
    put(store, letter())
    assert store.records.letters_moved


def test_a_receipt_is_due_from_each_device_until_it_sends_one(store: Store) -> None:
    awaited = frozenset({CAROL.device, CAROL.on("phone").device})
    store.letters.add_sent(SLOT, CAROL.id, sent=NOW, expires=NOW + LIFE, receipts_due=awaited)
    assert store.letters.count_undelivered(NOW) == 1
    store.letters.note_receipt(SLOT, device_tag(BOB.device), arrived=None)
    (sent,) = store.letters.in_transit()
    assert (sent.receipts_due, sent.delivered) == (awaited, None)
    store.letters.note_receipt(SLOT, device_tag(CAROL.device), arrived=NOW + 5)
    store.letters.note_receipt(SLOT, device_tag(CAROL.on("phone").device), arrived=NOW + 9)
    assert store.letters.in_transit() == [replace_sent(sent, delivered=NOW + 5)]
    assert store.letters.count_undelivered(NOW) == 0
    store.letters.note_ended(SLOT)
    assert store.letters.in_transit() == []
    assert store.letters.sent(SLOT) == replace_sent(sent, delivered=NOW + 5)


def replace_sent(sent: object, **changes: object) -> object:
    return sent._replace(receipts_due=frozenset(), **changes)  # type: ignore[attr-defined]


def test_noting_a_sent_letter_twice_changes_nothing(store: Store) -> None:
    store.letters.add_sent(SLOT, CAROL.id, sent=NOW, expires=NOW + LIFE)
    store.letters.add_sent(SLOT, BOB.id, sent=NOW + 1, expires=NOW + LIFE)
    (sent,) = store.letters.in_transit()
    assert (sent.addressee, sent.sent) == (CAROL.id, NOW)


def test_expired_letters_are_not_counted_as_undelivered(store: Store) -> None:
    store.letters.add_sent(OTHER, CAROL.id, sent=NOW, expires=NOW + DAY)
    assert store.letters.count_undelivered(NOW + DAY - 1) == 1
    assert store.letters.count_undelivered(NOW + DAY) == 0


def test_the_tombstone_of_a_letter_is_deleted_soon_after_its_expiry(store: Store) -> None:
    put(store, letter())
    withdrawal = ALICE.withdrawal(letter())
    put(store, withdrawal)
    end = letter().header.expires + limits.CLOCK_SKEW
    assert store.records.purge(end - 1) == []
    assert store.records.purge(end) == [withdrawal.id]


def test_letters_that_can_have_no_effect_any_longer_are_deleted(store: Store) -> None:
    put(store, letter())
    store.letters.note_read(ALICE.id, SLOT, until=NOW + LIFE)
    store.letters.add_sent(SLOT, CAROL.id, sent=NOW, expires=NOW + LIFE)
    store.letters.purge(NOW + LIFE - 1)
    assert stored(store) == []
    store.letters.note_ended(SLOT)
    store.letters.purge(NOW + LIFE)
    assert store.letters.sent(SLOT) is not None
    assert stored(store) == [SLOT]  # its record would have gone by now
    store.letters.purge(NOW + LIFE + DELIVERIES_KEPT)
    assert store.letters.sent(SLOT) is None
