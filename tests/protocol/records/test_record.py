"""Records: their bytes, what their ids and signatures cover, and which version wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from protocol import (
    Audience,
    Code,
    Header,
    Kind,
    Record,
    RemoteError,
    body_hash,
    check_header,
    encode,
    signature_message,
    verify_signature,
)
from protocol.limits import (
    POLICY_MAX_BYTES,
    RECORD_MAX_BYTES,
)
from tests.support.golden import golden
from tests.support.people import NOW
from tests.support.sample_records import ALICE, BOB, OFFER, RECORDS

VECTORS = golden("record.json")["records"]

every_record = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())


def rebuilt(record: Record, **changes: Any) -> Record:
    """Return `record` with another header and its old signature."""
    header = record.header._replace(**changes)
    return Record(header, encode(header), record.signature, record.body)


def refusal(act: Callable[[], object]) -> Code:
    with pytest.raises(RemoteError) as caught:
        act()
    return caught.value.code


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_a_vector_reads_as_its_header_and_holds(vector: dict[str, Any]) -> None:
    record = Record.parse(bytes.fromhex(vector["wire"]))
    for name, value in record.header._asdict().items():
        assert (value.hex() if isinstance(value, bytes) else value) == vector["header"][name]
    assert record.id.hex() == vector["id"]
    assert verify_signature(record)
    check_header(record.header)


@every_record
def test_a_record_comes_back_from_its_wire(record: Record) -> None:
    back = Record.parse(record.wire)
    assert back == record
    assert (back.header, back.signature, back.body, back.wire) == (
        record.header,
        record.signature,
        record.body,
        record.wire,
    )
    assert verify_signature(back)
    check_header(back.header)


@given(st.sampled_from(list(RECORDS.values())), st.data())
def test_any_flipped_bit_is_refused_or_makes_another_record_or_breaks_the_signature(
    record: Record, data: st.DataObject
) -> None:
    wire = bytearray(record.wire)
    bit = data.draw(st.integers(0, len(wire) * 8 - 1))
    wire[bit // 8] ^= 1 << bit % 8
    try:
        changed = Record.parse(bytes(wire))
    except RemoteError:
        return
    assert changed.wire == bytes(wire)
    assert not verify_signature(changed)
    if changed.header_bytes != record.header_bytes:
        assert changed.id != record.id


@given(st.sampled_from(list(RECORDS.values())), st.data())
def test_a_record_cut_short_is_refused(record: Record, data: st.DataObject) -> None:
    wire = record.wire
    cut = wire[: data.draw(st.integers(0, len(wire) - 1))]
    assert refusal(lambda: Record.parse(cut)) is Code.MALFORMED
    assert refusal(lambda: Record.parse(wire + b"\0")) is Code.MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        lambda header, signature, body: (header, signature),
        lambda header, signature, body: (header, signature, body, None),
        lambda header, signature, body: (header, signature[:-1], body),
        lambda header, signature, body: (header, None, body),
        lambda header, signature, body: (None, signature, body),
        lambda header, signature, body: (header, signature, "text"),
        lambda header, signature, body: (header + b"\0", signature, body),
        lambda header, signature, body: (header[:-1], signature, body),
        lambda header, signature, body: (encode(b"not an array"), signature, body),
        lambda header, signature, body: (encode(7), signature, body),
        lambda header, signature, body: (encode(None), signature, body),
    ],
)
def test_an_envelope_of_another_form_is_malformed(change: Callable[..., Any]) -> None:
    wire = encode(change(OFFER.header_bytes, OFFER.signature, OFFER.body))
    assert refusal(lambda: Record.parse(wire)) is Code.MALFORMED


@pytest.mark.parametrize("place", range(len(Header._fields)), ids=Header._fields)
def test_a_header_field_of_another_type_is_malformed(place: int) -> None:
    fields: list[Any] = list(OFFER.header)
    for wrong in (None, True, "text", 7 if isinstance(fields[place], bytes) else b"7"):
        header = encode((*fields[:place], wrong, *fields[place + 1 :]))
        wire = encode((header, OFFER.signature, OFFER.body))
        assert refusal(lambda wire=wire: Record.parse(wire)) is Code.MALFORMED  # type: ignore[misc]


def test_a_body_that_is_not_the_headers_is_a_forgery() -> None:
    wire = encode((OFFER.header_bytes, OFFER.signature, ALICE.listing("Another").body))
    assert refusal(lambda: Record.parse(wire)) is Code.FORGED


def test_a_body_cannot_be_hidden_in_a_header() -> None:
    fat = encode((*OFFER.header[:-1], bytes(300)))
    assert refusal(lambda: Record.parse(encode((fat, OFFER.signature, None)))) is Code.OVERSIZED


def test_only_a_policy_may_be_larger_than_other_records() -> None:
    def wire(kind: Kind, size: int) -> bytes:
        body = bytes(size)
        header = OFFER.header._replace(kind=int(kind), body_hash=body_hash(body))
        return encode((encode(header), OFFER.signature, body))

    Record.parse(wire(Kind.LISTING, RECORD_MAX_BYTES - 300))
    assert refusal(lambda: Record.parse(wire(Kind.LISTING, RECORD_MAX_BYTES))) is Code.OVERSIZED
    Record.parse(wire(Kind.POLICY, RECORD_MAX_BYTES))
    assert refusal(lambda: Record.parse(wire(Kind.POLICY, POLICY_MAX_BYTES))) is Code.OVERSIZED


# --- ids and signatures ------------------------------------------------------------------------------------------------


def test_the_signature_is_not_part_of_a_records_identity() -> None:
    header, order = OFFER.header_bytes, 2**252 + 27742317777372353535851937790883648493
    key = bindings.crypto_sign_seed_keypair(ALICE.keys.sign_seed)[1]
    scalar = int.from_bytes(bindings.crypto_hash_sha512(ALICE.keys.sign_seed)[:32], "little")
    scalar = scalar & ((1 << 254) - 8) | (1 << 254)
    nonce = 123_456_789
    commitment = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))
    challenge = bindings.crypto_hash_sha512(commitment + key[32:] + signature_message(OFFER))
    answer = (nonce + int.from_bytes(challenge, "little") * scalar) % order
    other = Record(OFFER.header, header, commitment + answer.to_bytes(32, "little"), OFFER.body)
    assert other.signature != OFFER.signature
    assert verify_signature(other)
    assert other.id == OFFER.id
    assert other == OFFER
    assert len({other, OFFER}) == 1


def test_a_bad_signature_leaves_the_good_record_its_id() -> None:
    forged = Record(OFFER.header, OFFER.header_bytes, bytes(64), OFFER.body)
    assert not verify_signature(forged)
    assert forged.id == OFFER.id
    assert verify_signature(OFFER)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": int(Kind.PROFILE)},
        {"version": 2},
        {"slot": bytes(16)},
        {"author": BOB.id},
        {"device": BOB.device},
        {"audience": int(Audience.MY_CELL)},
        {"policy_version": 2},
        {"created": NOW - 1},
        {"expires": OFFER.header.expires - 1},
        {"min_valid_version": 0},
        {"latest_expiry": OFFER.header.latest_expiry + 1},
        {"body_hash": body_hash(b"other")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_moved_to_another_header_does_not_hold(change: dict[str, Any]) -> None:
    moved = rebuilt(OFFER, **change)
    assert not verify_signature(moved)
    assert moved.id != OFFER.id


def test_a_signature_over_anything_but_the_domain_and_the_id_does_not_hold() -> None:
    for message in (OFFER.id, OFFER.header_bytes, b"meshnode record id v1\0" + OFFER.id, OFFER.wire):
        other = Record(OFFER.header, OFFER.header_bytes, ALICE.keys.sign(message), OFFER.body)
        assert not verify_signature(other)


def test_the_identity_signs_certificates_and_the_device_all_else() -> None:
    certificate = RECORDS["certificate"]
    by_device = ALICE.keys.sign(signature_message(certificate))
    assert not verify_signature(Record(certificate.header, certificate.header_bytes, by_device, certificate.body))
    by_identity = ALICE.identity.sign(signature_message(OFFER))
    assert not verify_signature(Record(OFFER.header, OFFER.header_bytes, by_identity, OFFER.body))


def test_the_same_content_in_another_salt_is_another_record() -> None:
    assert ALICE.listing(version=2, min_valid_version=1).header.body_hash != OFFER.header.body_hash


# --- tombstones and withdrawals ----------------------------------------------------------------------------------------


def test_a_tombstone_has_the_same_id_and_a_signature_that_holds() -> None:
    alone = Record.parse(OFFER.without_body().wire)
    assert alone.header_only
    assert alone.id == OFFER.id
    assert alone != OFFER
    assert verify_signature(alone)
    assert alone.without_body() == alone


def test_a_withdrawal_has_an_empty_body_and_is_complete() -> None:
    gone = ALICE.withdrawal(OFFER)
    assert gone.withdrawn
    assert not gone.header_only
    assert gone.without_body() == gone
    assert gone.rank > OFFER.rank
    assert gone.register == OFFER.register
    assert not OFFER.withdrawn
    naked = encode((gone.header_bytes, gone.signature, None))
    assert refusal(lambda: Record.parse(naked)) is Code.MALFORMED


def test_the_highest_version_wins_then_the_device_then_the_id() -> None:
    phone = ALICE.on("phone")
    first, second = ALICE.profile(version=1), phone.profile(version=2)
    assert first.register == second.register
    assert second.rank > first.rank
    tied = phone.profile(version=1)
    assert (tied.rank > first.rank) == (tied.header.device > first.header.device)
    fork = ALICE.profile(version=1, about="something else")
    assert (fork.rank > first.rank) == (fork.id > first.id)
