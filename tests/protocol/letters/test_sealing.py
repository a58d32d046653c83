"""Letters: who can open them, what others can see of them, and how tampering is detected."""

from __future__ import annotations

from typing import ClassVar, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nacl.public import PrivateKey, SealedBox

from protocol import Code, InvalidField, Kind, Letter, LocalError, RemoteError, Value
from protocol.letters import CONTENTS, Content, OpenedLetter, Receipt, letter_tag, open_letter, receipt_slot, seal
from protocol.limits import LETTER_BOXES_MAX, LETTER_LIFE, LETTER_SIZES
from tests.support.golden import golden
from tests.support.people import NOW, Person
from tests.support.vectors_letters import (
    ALICE,
    BOB,
    CAROL,
    INTRODUCTION,
    PHONE,
    RECEIPT,
    SLOT,
    not_for_carol,
    sealed,
    slot_of,
    wrong_letters,
)

VECTORS = golden("letters.json")


class Words:
    """A content that this version does not know."""

    NUMBER: ClassVar[int] = 999

    def __init__(self, text: str = "") -> None:
        self.text = text

    def to_fields(self) -> tuple[Value, ...]:
        return (self.text,)

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        raise NotImplementedError


def opened(letter: Letter, by: Person = CAROL, *, author: Person = ALICE, slot: bytes = SLOT) -> OpenedLetter | None:
    header = author.record(Kind.LETTER, slot, letter, life=LETTER_LIFE).header
    return open_letter(header, letter, by.keys.letter_private)


def refusal(letter: Letter, *, author: Person = ALICE, slot: bytes = SLOT) -> Code:
    with pytest.raises(RemoteError) as refused:
        opened(letter, author=author, slot=slot)
    return refused.value.code


def test_each_device_that_it_was_sealed_for_opens_it_and_nobody_else() -> None:
    letter = sealed(INTRODUCTION, (CAROL, PHONE))
    for device in (CAROL, PHONE):
        assert opened(letter, device) == OpenedLetter(ALICE.id, CAROL.id, SLOT, 3, INTRODUCTION, NOW, ALICE.device)
    for stranger in (ALICE, BOB, CAROL.on("certified later")):
        assert opened(letter, stranger) is None


def test_a_box_is_a_sealed_box_of_libsodium() -> None:
    letter = sealed(INTRODUCTION, (CAROL,))
    keys = []
    for box in letter.boxes:
        try:
            keys.append(SealedBox(PrivateKey(CAROL.keys.letter_private)).decrypt(box))
        except Exception:  # noqa: BLE001, S112 - it says why in words only
            continue
    assert [len(key) for key in keys] == [32]


def test_others_see_its_size_class_and_not_how_many_devices_can_open_it() -> None:
    said: list[tuple[Content, tuple[Person, ...]]] = [
        (RECEIPT, (CAROL,)),
        (RECEIPT, (CAROL, PHONE)),
        (Words("hello"), (CAROL,)),
        (Words(), (CAROL, BOB, PHONE)),
    ]
    lengths = {len(sealed(content, devices).to_body()) for content, devices in said}
    assert len(lengths) == 1
    sizes = {len(sealed(Words("x" * length), (CAROL,)).sealed) - 16 for length in range(0, 4000, 50)}
    assert sizes == set(LETTER_SIZES[:3])


def test_two_letters_to_one_person_have_nothing_in_common() -> None:
    one, two = sealed(INTRODUCTION, (CAROL,), why="one"), sealed(INTRODUCTION, (CAROL,), why="two")
    assert not set(one.boxes) & set(two.boxes)
    assert one.nonce != two.nonce
    assert one.salt != two.salt
    assert letter_tag(ALICE.id, CAROL.id, SLOT) != letter_tag(ALICE.id, CAROL.id, bytes(16))


def test_entropy_used_twice_gives_nothing_away_about_two_contents() -> None:
    one, two = sealed(INTRODUCTION, (CAROL,)), sealed(Words("other"), (CAROL,))
    assert one.nonce != two.nonce
    assert not set(one.boxes) & set(two.boxes)


@pytest.mark.parametrize("case", sorted(wrong_letters()))
def test_tampering_is_found_out(case: str) -> None:
    """Somebody signs another author's ciphertext as their own, or puts the tag of somebody else on it."""
    author, slot, letter = wrong_letters()[case]
    assert refusal(letter, author=author, slot=slot) is Code.FORGED


def test_a_letter_without_a_box_for_the_device_is_not_opened() -> None:
    assert opened(not_for_carol(), author=ALICE, slot=SLOT) is None


def test_a_letter_says_the_same_to_all_its_devices_or_is_refused() -> None:
    """The boxes of one letter cannot hold two keys, since the nonce is a hash of the key."""
    one, two = sealed(INTRODUCTION, (CAROL,), why="one"), sealed(Words("not that"), (PHONE,), why="two")
    mixed = replace(one, boxes=tuple(sorted((*one.boxes, *two.boxes))))
    assert opened(mixed, CAROL) is not None
    with pytest.raises(RemoteError):
        opened(mixed, PHONE)


def test_a_content_of_a_later_version_is_told_by_its_number() -> None:
    found = opened(sealed(Words("from the future"), (CAROL,)))
    assert found is not None
    assert (found.number, found.content) == (999, None)


def test_a_known_number_with_other_fields_is_malformed() -> None:
    class Crooked(Words):
        NUMBER: ClassVar[int] = Receipt.NUMBER

    assert refusal(sealed(Crooked("no slot"), (CAROL,))) is Code.MALFORMED


def test_a_receipt_is_taken_in_the_slot_of_its_two_people_alone() -> None:
    assert opened(sealed(RECEIPT, (CAROL,)), slot=slot_of(RECEIPT)) is not None
    pairs = [(one.id, two.id) for one in (ALICE, BOB, CAROL) for two in (ALICE, BOB, CAROL)]
    assert len({receipt_slot(*pair) for pair in pairs}) == len(pairs)


def test_a_content_too_long_for_a_letter_is_refused_in_words() -> None:
    with pytest.raises(InvalidField, match="shorten"):
        sealed(Words("x" * LETTER_SIZES[-1]), (CAROL,))


@pytest.mark.parametrize("count", [0, LETTER_BOXES_MAX + 1])
def test_a_letter_is_sealed_to_one_to_sixteen_devices(count: int) -> None:
    with pytest.raises(LocalError):
        sealed(INTRODUCTION, tuple(CAROL.on(f"device {number}") for number in range(count)))


def test_entropy_has_one_length() -> None:
    with pytest.raises(LocalError):
        seal(INTRODUCTION, author=ALICE.id, addressee=CAROL.id, slot=SLOT, letter_keys=[bytes(32)], entropy=bytes(31))


@settings(max_examples=50, deadline=None)
@given(boxes=st.lists(st.binary(min_size=80, max_size=80), min_size=4, max_size=4, unique=True), rest=st.binary())
def test_garbage_in_boxes_opens_nothing(boxes: list[bytes], rest: bytes) -> None:
    letter = replace(sealed(INTRODUCTION, (CAROL,)), boxes=tuple(sorted(boxes)))
    assert opened(letter) is None
    with pytest.raises(RemoteError):
        Letter.parse(rest)


@pytest.mark.parametrize(
    "change",
    [
        {"salt": bytes(15)},
        {"tag": bytes(15)},
        {"boxes": ()},
        {"boxes": (bytes(80),) * 4},
        {"boxes": tuple(bytes([number]) * 80 for number in (2, 1, 3, 4))},
        {"boxes": tuple(bytes([number]) * 80 for number in range(5))},
        {"boxes": tuple(bytes([number]) * 80 for number in range(LETTER_BOXES_MAX + 4))},
        {"boxes": tuple(bytes([number]) * 79 for number in range(4))},
        {"boxes": [bytes([number]) * 80 for number in range(4)]},
        {"nonce": bytes(23)},
        {"sealed": bytes(LETTER_SIZES[0])},
        {"sealed": b""},
        {"sealed": "text"},
    ],
    ids=str,
)
def test_a_body_of_another_form_is_no_letter(change: dict[str, object]) -> None:
    with pytest.raises(InvalidField):
        replace(sealed(INTRODUCTION, (CAROL,)), **change)


def test_the_contents_have_numbers_of_their_own() -> None:
    assert all(number == kind.NUMBER for number, kind in CONTENTS.items())


@pytest.mark.parametrize("case", VECTORS["sealed"], ids=lambda case: case["case"])
def test_the_golden_letters_open_to_what_they_say(case: dict[str, object]) -> None:
    letter = Letter.parse(bytes.fromhex(str(case["body"])))
    privates = case["private_keys"]
    assert isinstance(privates, list)
    header = ALICE.record(Kind.LETTER, bytes.fromhex(str(case["slot"])), letter, life=LETTER_LIFE).header
    for private in privates:
        found = open_letter(header, letter, bytes.fromhex(private))
        assert found is not None
        assert found.number == case["number"]
        assert found.addressee.hex() == case["addressee"]
        assert found.content is not None
