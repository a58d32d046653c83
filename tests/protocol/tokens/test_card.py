"""Cards read back from their text, and damaged cards are told apart from text that is no card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from protocol import Code, InvalidField, RemoteError, Value, decode, encode
from protocol.bech32m import from_text, to_text
from protocol.tokens import Card, card_id
from tests.support.golden import golden
from tests.support.people import NOW, Person, grown

VECTORS = golden("card.json")["cards"]

ALICE = Person("Alice")
ADDRESSES = (("192.168.1.20", 7345), ("fe80::2", 7345))
CARD = Card(ALICE.id, "Alice", ALICE.certificate(), grown("secret"), ADDRESSES, NOW + 604_800, 800)
TEXT = CARD.to_text()
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def refusal(text: str) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        Card.parse(text)
    return caught.value


def with_field(place: int, value: Value) -> str:
    """Return the text of CARD with one field of its payload replaced, under a good checksum."""
    fields: Any = decode(from_text("mesh", TEXT), max_bytes=1024)
    return to_text("mesh", encode((*fields[:place], value, *fields[place + 1 :])))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_a_vector_reads_as_its_fields(vector: dict[str, Any]) -> None:
    card = Card.parse(vector["text"])
    assert card.certificate.wire.hex() == vector["certificate"]
    assert [list(address) for address in card.addresses] == vector["addresses"]
    assert (card.giver.hex(), card.secret.hex(), card.id.hex()) == (vector["giver"], vector["secret"], vector["id"])
    assert (card.name, card.expires, card.weight, card.uses) == tuple(
        vector[name] for name in ("name", "expires", "weight", "uses")
    )


@given(
    name=st.sampled_from(["A", "Zoë", "Ελένη", "漢" * 64, "👩🏽‍🌾" * 16]),
    addresses=st.lists(
        st.tuples(
            st.ip_addresses().filter(lambda address: not address.is_multicast and not address.is_unspecified).map(str),
            st.integers(1, 65535),
        ),
        max_size=8,
    ).map(tuple),
    expires=st.integers(1, 2**52),
    weight=st.integers(1, 1000),
    uses=st.integers(1, 100),
)
def test_a_card_comes_back_from_its_text(
    name: str, addresses: tuple[tuple[str, int], ...], expires: int, weight: int, uses: int
) -> None:
    card = Card(ALICE.id, name, ALICE.certificate(), grown("secret"), addresses, expires, weight, uses)
    back = Card.parse(card.to_text())
    assert back == card
    assert back.certificate.wire == card.certificate.wire


def test_a_renewed_certificate_comes_back_too() -> None:
    renewed = ALICE.certificate(NOW + 5, version=3, min_valid_version=1, life=1000, latest_expiry=NOW + 5000)
    assert Card.parse(replace(CARD, certificate=renewed).to_text()).certificate.wire == renewed.wire


def test_case_white_space_line_breaks_and_hyphens_do_not_matter() -> None:
    spread = "\r\n".join(TEXT[start : start + 40] for start in range(0, len(TEXT), 40))
    for variant in (TEXT.upper(), f"  {TEXT}\n", spread, "-".join(TEXT), TEXT.replace("q", " q\t"), TEXT.title()):
        assert Card.parse(variant) == CARD


@given(st.data())
def test_any_one_wrong_character_is_noticed(data: st.DataObject) -> None:
    place = data.draw(st.integers(5, len(TEXT) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET + "b1io!ü" if letter != TEXT[place]]))
    assert refusal(TEXT[:place] + wrong + TEXT[place + 1 :]).code is Code.CARD_CHECKSUM


def test_every_single_wrong_character_is_noticed_in_the_longest_card() -> None:
    text = replace(CARD, name="漢" * 64, addresses=(("2001:db8::1", 7345),) * 8).to_text()
    for place in range(5, len(text)):
        wrong = "p" if text[place] == "q" else "q"
        assert refusal(text[:place] + wrong + text[place + 1 :]).code is Code.CARD_CHECKSUM


@given(st.data())
def test_a_card_cut_short_is_noticed(data: st.DataObject) -> None:
    cut = TEXT[: data.draw(st.integers(5, len(TEXT) - 1))]
    assert refusal(cut).code in {Code.CARD_CHECKSUM, Code.CARD_MALFORMED}


@pytest.mark.parametrize("text", ["", "hello", "mesh1", "mash1qqqqqqqqqqqq", "https://example.org", "x" * 5000])
def test_text_that_is_no_card_is_malformed(text: str) -> None:
    assert refusal(text).code is Code.CARD_MALFORMED


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, bytes(239)),
        (1, bytes(240)),
        (2, 0),
        (2, 2**53 - 1),
        (3, 2),
        (5, 0),
        (5, 2**53 - 1),
        (7, 0),
        (8, 0),
        (8, 1001),
        (9, 0),
        (9, 101),
        (10, ""),
        (10, "a\x1bb"),
        (10, None),
        (11, b"\x04\x7f"),
        (11, b"\x05" + bytes(18)),
        (11, b"\x04\x7f\x00\x00\x01\x00\x00"),
        (11, b"\x04\x00\x00\x00\x00\x00\x01"),
        (11, b"\x04\x7f\x00\x00\x01\x00\x01" * 9),
    ],
)
def test_a_card_with_a_field_out_of_range_is_malformed(place: int, value: Value) -> None:
    assert refusal(with_field(place, value)).code is Code.CARD_MALFORMED


def test_a_card_of_a_later_version_is_told_apart() -> None:
    assert refusal(with_field(0, 2)).code is Code.VERSION


@given(st.binary(max_size=300))
def test_any_bytes_under_a_good_checksum_are_refused_with_a_code(payload: bytes) -> None:
    with pytest.raises(RemoteError):
        Card.parse(to_text("mesh", payload))


def test_a_certificate_that_the_giver_did_not_sign_is_refused() -> None:
    mallory = Person("Mallory")
    fields: Any = decode(from_text("mesh", TEXT), max_bytes=1024)
    assert refusal(with_field(1, mallory.id + fields[1][32:])).code is Code.CARD_MALFORMED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"secret": bytes(31)}, "secret"),
        ({"weight": 0}, "trust"),
        ({"uses": 101}, "uses"),
        ({"addresses": (("127.0.0.1", 1),) * 9}, "addresses"),
        ({"addresses": (("example.org", 1),)}, "address"),
        ({"addresses": (("127.0.0.1", 0),)}, "port"),
        ({"addresses": (("ff02::1", 1),)}, "address"),
        ({"certificate": ALICE.listing()}, "certificate"),
        ({"certificate": ALICE.revocation()}, "certificate"),
        ({"certificate": ALICE.certificate().without_body()}, "certificate"),
        ({"certificate": Person("Bob").certificate()}, "certificate"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_card_that_could_not_be_used_is_not_made(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        replace(CARD, **changes)
    assert caught.value.field == field


def test_zones_of_addresses_are_left_out() -> None:
    assert replace(CARD, addresses=(("fe80::2%eth0", 1),)).addresses == (("fe80::2", 1),)


def test_the_secret_is_neither_printed_nor_told_by_the_card_id() -> None:
    assert repr(CARD.secret) not in repr(CARD)
    assert CARD.id == card_id(CARD.secret)
    assert len(CARD.id) == 16
    assert CARD.id not in CARD.secret


def test_a_usual_card_is_a_qr_code_that_a_telephone_reads_off_a_terminal() -> None:
    assert len(TEXT) <= 520
    code = segno.make(TEXT.upper(), error="l", boost_error=False)
    assert code.mode == "alphanumeric"
    assert code.symbol_size(border=4)[0] <= 73  # version 12: legible in a terminal of 80 columns
