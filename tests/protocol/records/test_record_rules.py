"""The rules of headers: the range of each field, the longest life of each kind, and records that are not signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol import (
    Audience,
    Code,
    Header,
    Kind,
    LocalError,
    Record,
    RemoteError,
    body_hash,
    check_header,
    decode,
    encode,
    is_revocation,
    limits,
    longest_life,
    signed,
)
from protocol.limits import (
    DEVICE_LIFE,
    FOREVER,
    INT_MAX,
    JOIN_LIFE,
    LETTER_LIFE,
    LISTING_LIFE,
    POLICY_LIFE,
    PROFILE_LIFE,
    RECORD_MAX_BYTES,
)
from protocol.numbers import UnixTime, Version
from protocol.records.record import REVOCATION_VERSION, is_from_newer_version, parse_header
from tests.support.people import NOW, Person, grown
from tests.support.sample_records import ALICE, OFFER, RECORDS


def refusal(act: Callable[[], object]) -> Code:
    with pytest.raises(RemoteError) as caught:
        act()
    return caught.value.code


# --- the rules of headers ----------------------------------------------------------------------------------------------


def header_of(name: str, **changes: Any) -> Header:
    return RECORDS[name].header._replace(**changes)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("listing", {"author": bytes(31)}),
        ("listing", {"device": bytes(33)}),
        ("listing", {"slot": bytes(15)}),
        ("listing", {"body_hash": bytes(31)}),
        ("listing", {"version": 0}),
        ("listing", {"version": -1}),
        ("listing", {"min_valid_version": -1}),
        ("listing", {"min_valid_version": 2}),
        ("listing", {"audience": 256}),
        ("listing", {"audience": -1}),
        ("listing", {"policy_version": -1}),
        ("listing", {"created": -1}),
        ("listing", {"expires": NOW}),
        ("listing", {"latest_expiry": OFFER.header.expires - 1}),
        ("profile", {"audience": int(Audience.NETWORK_WIDE)}),
        ("profile", {"slot": grown("x", size=16)}),
        ("policy", {"slot": bytes(16)}),
        ("policy", {"slot": Person("Bob").slot}),
        ("policy", {"policy_version": 1}),
        ("certificate", {"slot": bytes(16)}),
        ("certificate", {"policy_version": 1}),
        ("certificate", {"audience": 1}),
        ("certificate", {"body_hash": body_hash(b"")}),
        ("certificate", {"version": REVOCATION_VERSION}),
        ("certificate", {"expires": FOREVER, "latest_expiry": FOREVER}),
        ("revocation", {"version": 2}),
        ("revocation", {"expires": NOW + 1}),
    ],
    ids=repr,
)
def test_a_header_out_of_its_range_is_malformed(name: str, changes: dict[str, Any]) -> None:
    assert refusal(lambda: check_header(header_of(name, **changes))) is Code.MALFORMED


def test_a_record_may_leave_all_older_versions_in_use() -> None:
    check_header(header_of("listing", version=2, min_valid_version=0))
    check_header(header_of("listing", version=2, min_valid_version=2))


@pytest.mark.parametrize(
    ("name", "life"),
    [("certificate", DEVICE_LIFE), ("policy", POLICY_LIFE), ("profile", PROFILE_LIFE), ("listing", LISTING_LIFE)],
)
def test_no_record_lives_longer_than_its_kind_may(name: str, life: int) -> None:
    check_header(header_of(name, expires=NOW + life, latest_expiry=NOW + life))
    beyond = header_of(name, expires=NOW + life + 1, latest_expiry=NOW + life + 1)
    assert refusal(lambda: check_header(beyond)) is Code.EXPIRED


def test_each_kind_has_a_longest_life_and_unknown_ones_the_longest_of_all() -> None:
    lives = {
        Kind.DEVICE: DEVICE_LIFE,
        Kind.POLICY: POLICY_LIFE,
        Kind.PROFILE: PROFILE_LIFE,
        Kind.JOIN: JOIN_LIFE,
        Kind.LISTING: LISTING_LIFE,
        Kind.LETTER: LETTER_LIFE,
    }
    assert {kind: longest_life(kind) for kind in Kind} == lives
    assert longest_life(99) == max(lives.values())


@pytest.mark.parametrize("kind", [7, 8, 255])
def test_a_kind_up_to_255_is_from_a_newer_version(kind: int) -> None:
    header = header_of("listing", kind=kind, author=b"whatever", expires=0)
    assert is_from_newer_version(header)
    assert refusal(lambda: check_header(header)) is Code.UNKNOWN_KIND


@pytest.mark.parametrize("kind", [0, -1, 256, INT_MAX])
def test_a_kind_beyond_255_is_malformed(kind: int) -> None:
    header = header_of("listing", kind=kind)
    assert not is_from_newer_version(header)
    assert refusal(lambda: check_header(header)) is Code.MALFORMED


@pytest.mark.parametrize("audience", [6, 255])
def test_an_audience_of_a_listing_up_to_255_is_from_a_newer_version(audience: int) -> None:
    assert refusal(lambda: check_header(header_of("listing", audience=audience))) is Code.UNKNOWN_KIND
    assert is_from_newer_version(header_of("listing", audience=audience))
    assert not is_from_newer_version(header_of("profile", audience=audience))
    broken = header_of("listing", audience=audience, version=0, min_valid_version=0)
    assert refusal(lambda: check_header(broken)) is Code.MALFORMED
    assert refusal(lambda: check_header(header_of("profile", audience=audience))) is Code.MALFORMED


def test_no_record_of_this_version_is_from_a_newer_one() -> None:
    for record in RECORDS.values():
        assert not is_from_newer_version(record.header)
    for kind in Kind:
        assert not is_from_newer_version(header_of("listing", kind=int(kind)))
    for audience in (*Audience, 256, -1):
        assert not is_from_newer_version(header_of("listing", audience=int(audience)))


@pytest.mark.parametrize("further", [(0,), (None, "more"), ((1, 2),)], ids=repr)
def test_a_header_with_further_fields_is_from_a_newer_version(further: tuple[Any, ...]) -> None:
    for record in RECORDS.values():
        data = encode((*record.header, *further))
        newer = Record.parse(encode((data, bytes(64), record.body)))
        assert newer.header == record.header
        assert newer.id != record.id
        assert newer.wire == encode((data, bytes(64), record.body))
        assert is_from_newer_version(newer.header)
        assert refusal(lambda newer=newer: check_header(newer.header)) is Code.UNKNOWN_KIND  # type: ignore[misc]


def test_a_header_with_a_field_too_few_is_malformed() -> None:
    fields = RECORDS["listing"].header
    assert refusal(lambda: parse_header(encode(fields[:-1]))) is Code.MALFORMED
    assert refusal(lambda: parse_header(encode(fields[1:]))) is Code.MALFORMED


def test_a_record_made_before_all_time_is_malformed_whatever_it_is() -> None:
    for kind in (5, 9):
        data = encode(RECORDS["listing"].header._replace(kind=kind, created=UnixTime(-1)))
        assert refusal(lambda data=data: parse_header(data)) is Code.MALFORMED  # type: ignore[misc]
        first = RECORDS["listing"].header._replace(kind=kind, created=UnixTime(0))
        assert parse_header(encode(first)) == first


def test_nothing_can_follow_a_revocation() -> None:
    revocation = RECORDS["revocation"]
    assert is_revocation(revocation.header)
    assert not is_revocation(RECORDS["certificate"].header)
    assert not is_revocation(header_of("profile", version=REVOCATION_VERSION))
    assert revocation.header.version == INT_MAX
    assert revocation.header.expires == FOREVER
    with pytest.raises(LocalError):
        ALICE.certificate(version=REVOCATION_VERSION)


NUMBERS = {2**52 - 1: True, 2**52: True, 2**52 + 1: False, INT_MAX: False}
"""The numbers around the cap of versions and times, and whether a record may have them."""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", [kind for kind in RECORDS if kind != "revocation"])
def test_versions_policy_versions_and_times_end_at_2_to_the_52(kind: str, number: int) -> None:
    changes: list[dict[str, int]] = [
        {"version": number},
        {"version": number, "min_valid_version": number},
        {"latest_expiry": number},
        {"created": number - 1, "expires": number, "latest_expiry": number},
    ]
    if kind not in {"certificate", "policy"}:
        changes.append({"policy_version": number})
    for change in changes:
        header = header_of(kind, **change)
        if NUMBERS[number]:
            check_header(header)
        else:
            assert refusal(lambda header=header: check_header(header)) is Code.MALFORMED, change  # type: ignore[misc]


@pytest.mark.parametrize("number", [2**52, 2**52 + 1, INT_MAX - 1])
def test_only_the_highest_version_revokes(number: int) -> None:
    with pytest.raises(RemoteError):
        check_header(RECORDS["revocation"].header._replace(version=Version(number)))


def test_the_largest_header_fits() -> None:
    last = limits.TIME_MAX
    header = Header(
        kind=int(Kind.LISTING),
        author=ALICE.id,
        device=ALICE.device,
        slot=bytes(16),
        version=Version(limits.VERSION_MAX),
        audience=5,
        policy_version=Version(limits.VERSION_MAX),
        created=UnixTime(last - 2),
        expires=UnixTime(last - 1),
        min_valid_version=Version(limits.VERSION_MAX),
        latest_expiry=UnixTime(last),
        body_hash=body_hash(b"body"),
    )
    check_header(header)
    assert Record.parse(encode((encode(header), bytes(64), b"body"))).header == header


def test_a_record_that_breaks_the_rules_is_not_signed() -> None:
    def sign(**changes: Any) -> Record:
        fields = OFFER.header._asdict() | changes
        del fields["body_hash"]
        return signed(**fields, body=changes.pop("body", OFFER.body), sign=ALICE.keys.sign)

    for changes in ({"version": 0}, {"kind": 4}, {"expires": FOREVER, "latest_expiry": FOREVER}, {"slot": b""}):
        with pytest.raises(LocalError):
            sign(**changes)


def test_a_record_too_large_for_a_frame_is_not_signed() -> None:
    with pytest.raises(LocalError, match="too many"):
        ALICE.record(Kind.LISTING, bytes(16), bytes(RECORD_MAX_BYTES), life=60)
    size = RECORD_MAX_BYTES - 300
    beside = len(ALICE.record(Kind.LISTING, bytes(16), bytes(size), life=60).wire) - size
    largest = ALICE.record(Kind.LISTING, bytes(16), bytes(RECORD_MAX_BYTES - beside), life=60)
    assert len(largest.wire) == RECORD_MAX_BYTES
    assert Record.parse(largest.wire) == largest
    with pytest.raises(LocalError, match="too many"):
        ALICE.record(Kind.LISTING, bytes(16), bytes(len(largest.body or b"") + 1), life=60)


def test_enumerations_leave_no_trace_in_the_bytes() -> None:
    header = decode(OFFER.header_bytes, max_bytes=1024)
    assert isinstance(header, tuple)
    assert {type(field) for field in header} == {int, bytes}


# --- words ---------------------------------------------------------------------------------------------------------------


def test_audiences_have_words_that_read_back() -> None:
    words = [audience.word for audience in Audience if audience is not Audience.FOLLOWS]
    assert words == ["my_cell", "my_community", "trusted_network", "anyone_local", "network_wide"]
    assert [Audience.from_word(word) for word in words] == [1, 2, 3, 4, 5]
    for word in ("follows", "everyone", "MY_CELL", ""):
        with pytest.raises(ValueError, match="my_cell, my_community"):
            Audience.from_word(word)
