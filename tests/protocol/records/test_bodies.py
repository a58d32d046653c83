"""Bodies: every field is checked, whether a peer has sent it or the node's owner has typed it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import protocol
from protocol import (
    CATEGORIES,
    LISTING_TYPES,
    UNSET_PREFERENCE,
    URGENCIES,
    Audience,
    Block,
    Code,
    Device,
    InvalidField,
    Kind,
    Listing,
    LocalError,
    Policy,
    Precision,
    Preference,
    Profile,
    RemoteError,
    Vouch,
    body_of,
    decode,
    encode,
    from_thousandths,
    parse_body,
)
from protocol.limits import (
    BLOCKS_MAX,
    QUANTITY_MAX,
    QUANTITY_STEPS,
    RADIUS_KM_MAX,
    RECORD_MAX_BYTES,
    TIME_MAX,
    VOUCHES_MAX,
)
from protocol.numbers import Stamp
from protocol.records.record import REVOCATION_VERSION
from tests.protocol.wire.test_noise import LOW_ORDER
from tests.support.golden import golden
from tests.support.people import NOW, Person, grown

VECTORS = golden("bodies.json")["bodies"]

SALT = grown("salt", size=16)
ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
DEVICE = Device(SALT, ALICE.keys.dh_public, ALICE.keys.letter_public)
POLICY = Policy(SALT, Stamp(5), (Vouch(BOB.id, 700, 1),), (Block(bytes(16), blocked=True, stamp=2),))
PROFILE = Profile(SALT, "Alice", presence_key=ALICE.presence_key)
LISTING = Listing("offer", "Fresh vegetables", category="food", salt=SALT)

lines = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40).map(protocol.normalize).filter(bool)
people = st.binary(min_size=32, max_size=32)
listings = st.builds(
    Listing,
    salt=st.binary(min_size=16, max_size=16),
    type=st.sampled_from(LISTING_TYPES),
    title=lines,
    text=lines | st.just(""),
    category=st.sampled_from(CATEGORIES),
    tags=st.lists(lines, max_size=5, unique=True).map(tuple),
    quantity=st.none() | st.integers(1, QUANTITY_MAX * QUANTITY_STEPS).map(from_thousandths),
    unit=lines | st.just(""),
    available_from=st.none() | st.integers(0, NOW),
    available_until=st.none() | st.integers(NOW, 2 * NOW),
    urgency=st.sampled_from(URGENCIES),
    lend=st.just(True),
    return_by=st.none() | st.integers(0, 2 * NOW),
    language=st.sampled_from(["", "de", "pt-BR", "zh-Hant"]),
    notice_board=st.booleans(),
    place=st.none() | st.just("881f1d4887fffff"),
)
policies = st.builds(
    Policy,
    salt=st.binary(min_size=16, max_size=16),
    clock=st.just(100),
    vouches=st.dictionaries(people, st.tuples(st.integers(0, 1000), st.integers(1, 100)), max_size=6).map(
        lambda entries: tuple(Vouch(subject, *rest) for subject, rest in entries.items())
    ),
    blocks=st.dictionaries(
        st.binary(min_size=16, max_size=16), st.tuples(st.booleans(), st.integers(1, 100)), max_size=6
    ).map(lambda entries: tuple(Block(tag, *rest) for tag, rest in entries.items())),
    preference=st.builds(
        Preference,
        st.integers(1, 5).map(Audience),
        st.sampled_from(Precision),
        st.integers(1, RADIUS_KM_MAX),
        st.integers(0, 100),
        st.sampled_from([0, 1, TIME_MAX]),
    ),
)


def refusal(kind: Kind, fields: object) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        parse_body(kind, encode(fields))  # type: ignore[arg-type]
    return caught.value


def outcome_of(kind: Kind, body: bytes) -> Code | bytes:
    """Return why `body` is refused, or the bytes of the body that was read."""
    try:
        return parse_body(kind, body).to_body()
    except RemoteError as error:
        return error.code


def fields_of(body: Device | Policy | Profile | Listing) -> list[Any]:
    fields = decode(body.to_body(), max_bytes=RECORD_MAX_BYTES)
    assert isinstance(fields, tuple)
    return list(fields)


# --- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_a_vector_reads_and_encodes_the_same(vector: dict[str, Any]) -> None:
    body = bytes.fromhex(vector["body"])
    assert parse_body(vector["kind"], body).to_body() == body


@given(listings)
def test_a_listing_comes_back_from_its_bytes(listing: Listing) -> None:
    assert parse_body(Kind.LISTING, listing.to_body()) == listing


@given(policies)
def test_a_policy_comes_back_from_its_bytes(policy: Policy) -> None:
    back = parse_body(Kind.POLICY, policy.to_body())
    assert back == policy
    assert isinstance(back, Policy)
    assert isinstance(back.preference.precision, Precision)


@pytest.mark.parametrize(
    ("kind", "body"),
    [(Kind.DEVICE, DEVICE), (Kind.POLICY, POLICY), (Kind.PROFILE, PROFILE), (Kind.LISTING, LISTING)],
    ids=lambda value: type(value).__name__,
)
def test_any_field_of_another_type_is_malformed(kind: Kind, body: Device | Policy | Profile | Listing) -> None:
    for place in range(len(fields_of(body))):
        for wrong in (None, True, -1, 2**53 - 1, "\n", b"", (), ((),), (None,), ("a", "a"), ((b"", 1, 1),)):
            fields = fields_of(body)
            fields[place] = wrong
            outcome = outcome_of(kind, encode(tuple(fields)))
            assert outcome in {Code.MALFORMED, encode(tuple(fields))}, (place, wrong)


@pytest.mark.parametrize("kind", [Kind.DEVICE, Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING])
@pytest.mark.parametrize("body", [b"", b"\xc0", b"\x90", b"\x91\xc0", b"\x80", b"\xff\xff"], ids=bytes.hex)
def test_bytes_that_are_no_body_are_malformed(kind: Kind, body: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        parse_body(kind, body)
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("kind", [0, 7, 99])
def test_a_kind_without_a_body_here_is_unknown(kind: int) -> None:
    with pytest.raises(RemoteError) as caught:
        parse_body(kind, LISTING.to_body())
    assert caught.value.code is Code.UNKNOWN_KIND


# --- listings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"salt": bytes(15)}, "salt must be 16 bytes"),
        ({"type": "gift"}, "type must be one of offer, need"),
        ({"title": ""}, "title must not be empty"),
        ({"title": "a" * 201}, "title must not be longer than 200 characters (it has 201)"),
        ({"title": "a\nb"}, "title must be on one line"),
        ({"title": "\x1b[2J"}, "title must not have control characters: delete character 1 (U+001B)"),
        (
            {"title": "a\u202eb"},
            "title must not have characters that turn the direction of writing: delete character 2 (U+202E)",
        ),
        ({"text": "a" * 2001}, "text must not be longer than 2000 characters (it has 2001)"),
        ({"category": "weapons"}, f"category must be one of {', '.join(CATEGORIES)}"),
        ({"tags": ("a",) * 2}, "tags must differ from each other"),
        ({"tags": tuple("abcdefghijk")}, "tags must not be more than 10"),
        ({"tags": ("",)}, "tag must not be empty"),
        ({"quantity": 0}, "quantity must be more than 0, and at most 1000000"),
        ({"quantity": Decimal(1_000_001)}, "quantity must be more than 0, and at most 1000000"),
        ({"quantity": Decimal("0.0005")}, "quantity must have at most three decimals"),
        ({"quantity": Decimal("1." + 40 * "0" + "1")}, "quantity must have at most three decimals"),
        ({"quantity": Decimal("NaN")}, "quantity must be a number"),
        ({"quantity": 1.5}, "quantity must be a number"),
        ({"quantity": True}, "quantity must be a number"),
        ({"unit": "k\tg"}, "unit must not have control characters: delete character 2 (U+0009)"),
        ({"available_from": -1}, "available from must be a time"),
        ({"available_from": 2, "available_until": 1}, "available until must not come before available from"),
        ({"urgency": "now"}, "urgency must be one of normal, perishable, emergency"),
        ({"lend": 1}, "lend must be yes or no"),
        ({"return_by": 5}, "return by is for what is lent"),
        ({"language": "deutsch"}, "language must be a language tag such as de or pt-BR"),
        ({"notice_board": 1}, "notice board must be yes or no"),
        ({"place": "881F1D4887FFFFF"}, "place must be an H3 cell of resolution 4, 6, 8 or 12"),
        ({"place": "881f1d4887ffff"}, "place must be an H3 cell of resolution 4, 6, 8 or 12"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_slip_in_a_listing_is_one_clear_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidField) as caught:
        replace(LISTING, **changes)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("index", "count"), [(1, 2), (4, 10), (10, 3)])
def test_a_word_that_the_list_does_not_have_is_malformed(index: int, count: int) -> None:
    for number in (-1, count):
        fields = fields_of(LISTING)
        fields[index] = number
        assert refusal(Kind.LISTING, tuple(fields)).code is Code.MALFORMED


def test_the_words_of_a_listing_keep_their_numbers() -> None:
    assert LISTING_TYPES == ("offer", "need")
    assert CATEGORIES[0] == "food"
    assert CATEGORIES[-1] == "other"
    assert len(CATEGORIES) == 10


# --- profiles and devices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"name": "a" * 65}, "name must not be longer than 64 characters (it has 65)"),
        (
            {"name": "Bob\u200f"},
            "name must not have characters that turn the direction of writing: delete character 4 (U+200F)",
        ),
        ({"about": "a" * 1001}, "about must not be longer than 1000 characters (it has 1001)"),
        ({"place": "nowhere"}, "place must be an H3 cell of resolution 4, 6, 8 or 12"),
        ({"presence_key": b""}, "presence key must be 32 bytes"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_slip_in_a_profile_is_one_clear_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidField) as caught:
        dataclasses.replace(PROFILE, **changes)
    assert str(caught.value) == sentence


def test_a_revocation_is_said_by_body_and_header_alike() -> None:
    revoking = Device(SALT, ALICE.keys.dh_public, ALICE.keys.letter_public, revoked=True)
    assert body_of(ALICE.revocation()) == replace(revoking, salt=body_of(ALICE.revocation()).salt)
    body_alone = ALICE.record(Kind.DEVICE, ALICE.slot, revoking, life=60)
    header_alone = ALICE.record(
        Kind.DEVICE, ALICE.slot, DEVICE, version=REVOCATION_VERSION, expires=protocol.limits.FOREVER
    )
    for record in (body_alone, header_alone):
        with pytest.raises(RemoteError, match="revoked"):
            body_of(record)


def test_a_record_without_a_body_says_nothing() -> None:
    offer = ALICE.listing()
    for record in (offer.without_body(), ALICE.withdrawal(offer)):
        with pytest.raises(LocalError):
            body_of(record)


# --- policies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [-1, 1001, 2**53 - 1])
def test_a_weight_outside_of_0_to_1000_is_refused(weight: int) -> None:
    with pytest.raises(InvalidField, match="trust must be from 0 to 1000"):
        replace(POLICY, vouches=(Vouch(BOB.id, weight, 1),))
    fields = fields_of(POLICY)
    fields[2] = ((BOB.id, weight, 1),)
    assert refusal(Kind.POLICY, tuple(fields)).code is Code.MALFORMED


def test_a_vouch_of_zero_is_allowed_since_it_takes_one_back() -> None:
    assert replace(POLICY, vouches=(Vouch(BOB.id, 0, 1),)).vouches[0].weight == 0


def test_nobody_vouches_for_themselves() -> None:
    assert isinstance(body_of(ALICE.policy({BOB: 700})), Policy)
    with pytest.raises(RemoteError, match="vouch must be for somebody else"):
        body_of(ALICE.policy({ALICE: 1000}))


@pytest.mark.parametrize(
    "changes",
    [
        {"clock": -1},
        {"clock": 0},
        {"vouches": (Vouch(BOB.id, 700, 0),)},
        {"vouches": (Vouch(BOB.id, 700, 6),)},
        {"vouches": (Vouch(BOB.id, 700, 1), Vouch(BOB.id, 600, 2))},
        {"vouches": (Vouch(b"short", 700, 1),)},
        {"vouches": tuple(Vouch(grown(i), 500, 1) for i in range(VOUCHES_MAX + 1))},
        {"blocks": (Block(bytes(15), blocked=True, stamp=1),)},
        {"blocks": (Block(bytes(16), blocked=True, stamp=6),)},
        {"blocks": (Block(bytes(16), blocked=True, stamp=1), Block(bytes(16), blocked=False, stamp=2))},
        {"blocks": tuple(Block(grown(i, size=16), blocked=True, stamp=1) for i in range(BLOCKS_MAX + 1))},
        {"preference": UNSET_PREFERENCE._replace(audience=0)},
        {"preference": UNSET_PREFERENCE._replace(audience=6)},
        {"preference": UNSET_PREFERENCE._replace(precision=7)},
        {"preference": UNSET_PREFERENCE._replace(radius_km=0)},
        {"preference": UNSET_PREFERENCE._replace(stamp=6)},
    ],
    ids=lambda changes: repr(changes)[:60],
)
def test_an_entry_out_of_its_range_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        replace(POLICY, **changes)


def test_entries_have_one_order_on_the_wire() -> None:
    vouches = (Vouch(BOB.id, 700, 1), Vouch(CAROL.id, 800, 2))
    one, other = replace(POLICY, vouches=vouches), replace(POLICY, vouches=vouches[::-1])
    assert one == other
    assert one.to_body() == other.to_body()
    fields = fields_of(one)
    fields[2] = fields[2][::-1]
    assert refusal(Kind.POLICY, tuple(fields)).code is Code.MALFORMED


def test_a_full_policy_fits_its_record() -> None:
    policy = ALICE.policy({grown(i): 1 + i % 1000 for i in range(VOUCHES_MAX)}, stamp=70_000)
    assert len(policy.wire) <= protocol.limits.POLICY_MAX_BYTES
    body = body_of(policy)
    assert isinstance(body, Policy)
    assert len(body.vouches) == VOUCHES_MAX


def test_an_unset_preference_is_the_community() -> None:
    assert UNSET_PREFERENCE == (Audience.MY_COMMUNITY, Precision.NEIGHBORHOOD, 25, 0, 0)


def test_precisions_have_words_that_read_back() -> None:
    words = ["region", "city", "neighborhood", "exact"]
    assert [Precision.from_word(word) for word in words] == [4, 6, 8, 12]
    assert [precision.word for precision in Precision] == words
    with pytest.raises(ValueError, match="exact, neighborhood, city, region"):
        Precision.from_word("street")


@pytest.mark.parametrize("point", LOW_ORDER)
def test_a_device_has_no_key_that_gives_everybody_the_same_secret(point: bytes) -> None:
    with pytest.raises(InvalidField, match="low order"):
        Device(SALT, point, ALICE.keys.letter_public)
    with pytest.raises(InvalidField, match="low order"):
        Device(SALT, ALICE.keys.dh_public, point)
