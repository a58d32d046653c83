"""Device codes read back from their text; a new device proves its keys and accepts only its own certificate."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import Code, DeviceKeys, InvalidField, RemoteError, Value, decode, encode
from protocol.bech32m import from_text, to_text
from protocol.tokens import Card, DeviceCode, device_code_id
from protocol.wire import Enrol, Enrolled, certificate_in, check_enrol, enrol
from protocol.wire.frames import decode_frame
from tests.support.golden import golden
from tests.support.people import NOW, Person, grown
from tests.support.vectors_devices import ALICE, CODES, HASH, PHONE

VECTORS = golden("devices.json")
CODE = CODES["two addresses"]
TEXT = CODE.to_text()


def refusal(text: str) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        DeviceCode.parse(text)
    return caught.value


def with_field(place: int, value: Value) -> str:
    """Return the text of CODE with one field of its payload replaced, under a good checksum."""
    fields: Any = decode(from_text("mdev", TEXT), max_bytes=1024)
    return to_text("mdev", encode((*fields[:place], value, *fields[place + 1 :])))


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["case"])
def test_a_vector_reads_as_its_fields(vector: dict[str, Any]) -> None:
    code = DeviceCode.parse(vector["text"])
    assert (code.id.hex(), code.person.hex(), code.dh_public.hex(), code.secret.hex(), code.expires) == tuple(
        vector[name] for name in ("id", "person", "dh_public", "secret", "expires")
    )
    assert [list(address) for address in code.addresses] == vector["addresses"]


@given(
    secret=st.binary(min_size=32, max_size=32),
    expires=st.integers(1, 2**52),
    addresses=st.lists(
        st.tuples(
            st.ip_addresses().filter(lambda address: not address.is_multicast and not address.is_unspecified).map(str),
            st.integers(1, 65535),
        ),
        max_size=8,
    ).map(tuple),
)
def test_a_code_comes_back_from_its_text(secret: bytes, expires: int, addresses: tuple[tuple[str, int], ...]) -> None:
    code = DeviceCode(ALICE.id, ALICE.keys.dh_public, secret, expires, addresses)
    assert DeviceCode.parse(code.to_text().upper()) == code


@given(st.data())
def test_any_one_wrong_character_of_a_code_is_noticed(data: st.DataObject) -> None:
    place = data.draw(st.integers(5, len(TEXT) - 1))
    wrong = "p" if TEXT[place] == "q" else "q"
    assert refusal(TEXT[:place] + wrong + TEXT[place + 1 :]).code is Code.CARD_CHECKSUM


def test_a_card_is_no_code_and_a_code_no_card() -> None:
    card = Card(ALICE.id, "Alice", ALICE.certificate(), grown("secret"), (), NOW + 600, 800)
    assert refusal(card.to_text()).code is Code.CARD_MALFORMED
    with pytest.raises(RemoteError) as caught:
        Card.parse(TEXT)
    assert caught.value.code is Code.CARD_MALFORMED


@pytest.mark.parametrize(
    ("place", "value"),
    [(1, bytes(95)), (1, ALICE.id + bytes(64)), (2, 0), (2, -1), (3, b"\x04\x7f"), (3, None)],
)
def test_a_code_with_a_field_out_of_range_is_malformed(place: int, value: Value) -> None:
    assert refusal(with_field(place, value)).code is Code.CARD_MALFORMED


def test_a_code_of_a_later_version_is_told_apart() -> None:
    assert refusal(with_field(0, 2)).code is Code.VERSION


@given(st.binary(max_size=300))
def test_any_bytes_under_a_codes_good_checksum_are_refused_with_a_code(payload: bytes) -> None:
    with pytest.raises(RemoteError):
        DeviceCode.parse(to_text("mdev", payload))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"secret": bytes(31)}, "secret"),
        ({"person": bytes(31)}, "person"),
        ({"dh_public": bytes(32)}, "handshake key"),
        ({"expires": 0}, "expires"),
        ({"addresses": (("127.0.0.1", 1),) * 9}, "addresses"),
    ],
)
def test_a_code_that_could_not_be_used_is_not_made(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        dataclasses.replace(CODE, **changes)
    assert caught.value.field == field


def test_a_codes_secret_is_neither_printed_nor_told_by_its_id() -> None:
    assert repr(CODE.secret) not in repr(CODE)
    assert CODE.id == device_code_id(CODE.secret)
    assert CODE.id not in CODE.secret


def test_a_code_is_a_small_qr_code() -> None:
    assert segno.make(TEXT.upper(), error="l", boost_error=False).symbol_size(border=4)[0] <= 57


# --- enrolment -------------------------------------------------------------------------------------------------------


def test_an_enrolment_is_what_the_vectors_say() -> None:
    for vector in VECTORS["enrolments"]:
        keys = DeviceKeys(*(bytes.fromhex(vector[part]) for part in ("sign_seed", "dh_private", "letter_private")))
        handshake_hash = bytes.fromhex(vector["handshake_hash"])
        asked, answered = (decode_frame(bytes.fromhex(vector[part])) for part in ("enrol", "enrolled"))
        assert asked == enrol(keys, handshake_hash)
        assert isinstance(asked, Enrol)
        check_enrol(asked, handshake_hash, keys.dh_public)
        assert isinstance(answered, Enrolled)
        assert certificate_in(answered, bytes.fromhex(vector["person"]), keys).header.device == keys.device_id


@pytest.mark.parametrize(
    "asked",
    [
        replace(enrol(PHONE.keys, HASH), device=Person("Bob").device),
        replace(enrol(PHONE.keys, HASH), letter_key=Person("Bob").keys.letter_public),
        replace(enrol(PHONE.keys, HASH), letter_key=bytes(32)),
        enrol(PHONE.keys, bytes(64)),
    ],
    ids=["another's device", "another letter key", "a worthless letter key", "from another channel"],
)
def test_a_device_that_does_not_prove_its_keys_is_not_certified(asked: Enrol) -> None:
    with pytest.raises(RemoteError) as caught:
        check_enrol(asked, HASH, PHONE.keys.dh_public)
    assert caught.value.code is Code.FORGED
