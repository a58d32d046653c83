"""Keys: how they are made from seeds, what their signatures prove, and their written forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import (
    Code,
    DeviceKeys,
    IdentityKeys,
    LocalError,
    RemoteError,
    device_slot,
    fingerprint_words,
    parse_person,
    person_id,
    person_text,
    verify,
)
from protocol.fingerprint import WORDS
from tests.support.people import Person

keys = st.binary(min_size=32, max_size=32)


def test_rfc_8032_test_1_holds() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert person_id(seed).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert IdentityKeys(seed).sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


def test_a_signature_holds_for_its_key_and_message_alone() -> None:
    alice, bob = Person("Alice"), Person("Bob")
    signature = alice.keys.sign(b"hello")
    assert verify(alice.device, b"hello", signature)
    assert not verify(alice.device, b"hallo", signature)
    assert not verify(bob.device, b"hello", signature)
    assert not verify(alice.id, b"hello", signature)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_or_signature_of_another_length_proves_nothing(length: int) -> None:
    alice = Person("Alice")
    assert not verify(alice.device[:length].ljust(length, b"\0"), b"", alice.keys.sign(b""))
    if length != 64:
        assert not verify(alice.device, b"", bytes(length))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_of_another_length_is_a_local_error(length: int) -> None:
    with pytest.raises(LocalError):
        IdentityKeys(bytes(length))
    with pytest.raises(LocalError):
        DeviceKeys(bytes(32), bytes(length), bytes(32))


def test_secrets_are_never_printed() -> None:
    alice = Person("Alice")
    for secret in (alice.identity.seed, alice.keys.sign_seed, alice.keys.dh_private, alice.keys.letter_private):
        assert repr(secret) not in repr(alice.identity) + repr(alice.keys)


def test_the_device_keys_of_one_device_differ_from_each_other() -> None:
    device = Person("Alice").keys
    assert len({device.device_id, device.dh_public, device.letter_public, device_slot(device.device_id)}) == 4


@given(keys)
def test_a_written_key_reads_back_whatever_its_case_and_spacing(person: bytes) -> None:
    text = person_text(person)
    assert text.startswith("mp1")
    assert parse_person(text) == person
    assert parse_person(f"  {text[:20].upper()}\n{text[20:].upper()} ") == person


@given(keys, st.data())
def test_one_wrong_letter_in_a_written_key_is_noticed(person: bytes, data: st.DataObject) -> None:
    text = person_text(person)
    place = data.draw(st.integers(3, len(text) - 1))
    wrong = data.draw(
        st.sampled_from([letter for letter in "qpzry9x8gf2tvdw0s3jn54khce6mua7l" if letter != text[place]])
    )
    with pytest.raises(RemoteError) as caught:
        parse_person(text[:place] + wrong + text[place + 1 :])
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("text", ["", "mp1", "Alice", "mesh1qqqqqqqqqq", "mp1qqqqqqqqq"])
def test_text_that_is_no_key_is_refused_in_words(text: str) -> None:
    with pytest.raises(RemoteError, match="not a person's key"):
        parse_person(text)


def test_the_words_of_a_fingerprint_are_distinct_and_plain() -> None:
    assert len(set(WORDS)) == 256
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in WORDS)
    assert fingerprint_words(Person("Alice").id) != fingerprint_words(Person("Bob").id)
    assert len(fingerprint_words(Person("Alice").id)) == 8
