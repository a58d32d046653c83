"""Frames: each has one byte form, and nothing else is read (faults 3 to 6)."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import Value, decode, encode
from protocol.errors import Code, RemoteError
from protocol.limits import (
    FRAME_MAX_BYTES,
    HAVE_ITEMS_MAX,
    HELLO_CHOICES_MAX,
    IDENTIFICATION_RECORDS_MAX,
    POLICY_MAX_BYTES,
    RECORDS_PER_FRAME_MAX,
)
from protocol.wire import MeetDevice, MeetPerson, MeetProof, MeetStart
from protocol.wire.frames import (
    FRAME_TYPES,
    HAVE_PREFIX_BYTES,
    Again,
    Bye,
    Compare,
    Enrol,
    Enrolled,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    decode_frame,
    decode_known,
    encode_frame,
    pack,
)
from tests.support.golden import golden

VECTORS = golden("frames.json")

NUMBERS = st.integers(0, 2**53 - 1)
BYTES = st.binary(max_size=40)
KEYS = st.binary(min_size=32, max_size=32)
ROOT = st.binary(min_size=8, max_size=8)
FRAMES = st.one_of(
    st.builds(
        Hello,
        st.lists(NUMBERS, max_size=4).map(tuple),
        st.lists(NUMBERS, max_size=4).map(tuple),
        NUMBERS,
        st.none() | st.tuples(ROOT, ROOT),
        st.lists(BYTES, max_size=3).map(tuple),
    ),
    st.just(Who()),
    st.builds(Introduce, st.lists(BYTES, max_size=3).map(tuple)),
    st.builds(Roots, NUMBERS, NUMBERS, ROOT),
    st.builds(Compare, BYTES),
    st.builds(Pull, NUMBERS),
    st.builds(Records, st.lists(st.none() | BYTES, max_size=5).map(tuple)),
    st.builds(Headers, st.lists(BYTES, max_size=5).map(tuple)),
    st.builds(Again, NUMBERS, st.lists(st.tuples(NUMBERS, st.binary(min_size=12, max_size=12)), max_size=5).map(tuple)),
    st.builds(Have, NUMBERS, st.lists(st.tuples(NUMBERS, st.binary(min_size=12, max_size=12)), max_size=5).map(tuple)),
    st.builds(Want, BYTES),
    st.builds(Ping, NUMBERS, NUMBERS),
    st.builds(Bye, NUMBERS),
    st.builds(MeetStart, KEYS),
    st.builds(MeetProof, KEYS, NUMBERS),
    st.builds(MeetPerson, BYTES, st.sampled_from(["Pi", "Zoë"]), st.binary(min_size=64, max_size=64)),
    st.builds(MeetDevice, st.sampled_from(["mdev1", "x"])),
    st.builds(Enrol, KEYS, KEYS, st.binary(min_size=64, max_size=64)),
    st.builds(
        Enrolled,
        BYTES,
        st.lists(BYTES, max_size=5).map(tuple),
        st.lists(st.tuples(KEYS, st.sampled_from(["Pi", "Zoë's phone"])), max_size=4).map(tuple),
    ),
)


def refused(data: bytes, code: Code = Code.MALFORMED) -> None:
    with pytest.raises(RemoteError) as caught:
        decode_frame(data)
    assert caught.value.code is code


@given(FRAMES)
def test_every_frame_comes_back_as_it_was(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@given(FRAMES, st.data())
def test_a_frame_cut_short_or_with_something_behind_it_is_refused(frame: Frame, data: st.DataObject) -> None:
    whole = encode_frame(frame)
    refused(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refused(whole + b"\0")


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_are_a_frame_in_its_one_form(data: bytes) -> None:
    try:
        frame = decode_frame(data)
    except RemoteError:
        return
    assert data == encode_frame(frame) or len(data) > len(encode_frame(frame))  # further fields are not kept


HELLO: tuple[Value, ...] = ((1,), (1,), 0, None, None, (), None, 16, bytes(8))


def hello(**changes: Value) -> bytes:
    names = ("versions", "algorithms", "wall", "graph", "rest", "records", "who", "stratum", "run")
    return encode((1, *(changes.get(name, value) for name, value in zip(names, HELLO, strict=True))))


@pytest.mark.parametrize(
    "data",
    [
        encode(()),
        encode(7),
        encode("hello"),
        encode(("hello",)),
        encode((None,)),
        encode((True,)),
        encode((1,)),
        hello(versions=1),
        hello(versions=("1",)),
        hello(versions=(-1,)),
        hello(algorithms=None),
        hello(wall=-1),
        hello(wall=None),
        hello(graph=bytes(8)),
        hello(rest=bytes(8)),
        hello(graph=bytes(7), rest=bytes(8)),
        hello(records=None),
        hello(records=(1,)),
        hello(who=b"1234567"),
        hello(who="12345678"),
        hello(stratum=None),
        hello(stratum=-1),
        hello(stratum=True),
        encode((3,)),
        encode((3, b"")),
        encode((3, (None,))),
        encode((4, 0, 0)),
        encode((4, 0, 0, bytes(7))),
        encode((4, -1, 0, bytes(8))),
        encode((5, "text")),
        encode((6, -1)),
        encode((6, False)),
        encode((6, b"1")),
        encode((7, b"")),
        encode((7, (1,))),
        encode((7, ((),))),
        encode((8, (None,))),
        encode((9, 0, (b"",))),
        encode((9, 0, ((1,),))),
        encode((9, 0, ((1, bytes(HAVE_PREFIX_BYTES), 0),))),
        encode((9, 0, ((1, bytes(HAVE_PREFIX_BYTES - 1)),))),
        encode((9, 0, ((-1, bytes(HAVE_PREFIX_BYTES)),))),
        encode((9, ())),
        encode((10, 1)),
        encode((12,)),
        encode((12, "closing")),
    ],
)
def test_a_frame_with_the_wrong_fields_is_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize(
    "data",
    [
        hello(versions=tuple(range(HELLO_CHOICES_MAX + 1))),
        hello(records=(b"",) * (IDENTIFICATION_RECORDS_MAX + 1)),
        encode((3, (b"",) * (IDENTIFICATION_RECORDS_MAX + 1))),
        encode((9, 0, ((1, bytes(HAVE_PREFIX_BYTES)),) * (HAVE_ITEMS_MAX + 1))),
        encode((5, bytes(FRAME_MAX_BYTES))),
        b"\x80" * 1_000_000,
    ],
)
def test_a_frame_beyond_its_caps_is_refused(data: bytes) -> None:
    refused(data, Code.OVERSIZED)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xdd\xff\xff\xff\xff" * 13_000, id="nested headers of huge arrays"),
        pytest.param(b"\x91" * 2000 + b"\x01", id="2,000 deep"),
        pytest.param(b"\x92\x07\xdc\x02\x00" + b"\x80" * 512, id="empty maps"),
        pytest.param(b"\x92\x05\xc1", id="the byte that means nothing"),
        pytest.param(b"\x92\x05\xa2\xff\xfe", id="text that is not UTF-8"),
        pytest.param(b"\x92\x05\xd4\x01\x00", id="an extension type"),
        pytest.param(b"\x92\x06\xcb\x3f\xf0\0\0\0\0\0\0", id="a float"),
        pytest.param(b"\x92\x06\xd1\x00\x01", id="a long form of a short number"),
        pytest.param(zlib.compress(encode((7, (bytes(1000),)))), id="compressed"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    refused(data)


def test_an_unknown_type_of_frame_is_named_as_such() -> None:
    refused(encode((0,)), Code.UNKNOWN_KIND)
    refused(encode((max(FRAME_TYPES.values()) + 1, b"")), Code.UNKNOWN_KIND)


@given(FRAMES)
def test_further_fields_of_any_frame_are_passed_over(frame: Frame) -> None:
    fields = decode(encode_frame(frame), max_bytes=FRAME_MAX_BYTES)
    assert isinstance(fields, tuple)
    assert decode_frame(encode((*fields, "more", (1, None)))) == frame


@given(FRAMES)
def test_a_frame_that_lacks_its_last_field_is_refused(frame: Frame) -> None:
    fields = decode(encode_frame(frame), max_bytes=FRAME_MAX_BYTES)
    assert isinstance(fields, tuple)
    if len(fields) > 1:
        refused(encode(fields[:-1]))


def test_a_frame_of_a_newer_version_is_known_to_be_none_of_ours() -> None:
    assert decode_known(encode((99, "whatever"))) is None
    assert decode_known(encode_frame(Pull(1))) == Pull(1)
    with pytest.raises(RemoteError):
        decode_known(encode((6, -1)))


@given(st.lists(st.none() | st.integers(0, POLICY_MAX_BYTES).map(bytes), max_size=12))
def test_records_are_packed_into_frames_without_losing_one(entries: list[bytes | None]) -> None:
    full, rest = pack(entries)
    assert [entry for portion in [*full, tuple(rest)] for entry in portion] == entries
    assert all(len(encode_frame(Records(portion))) <= FRAME_MAX_BYTES for portion in [*full, tuple(rest)])


def test_small_records_fill_a_frame() -> None:
    full, rest = pack([bytes(600)] * 1000)
    assert all(len(encode_frame(Records(portion))) > 0.98 * FRAME_MAX_BYTES for portion in full)
    assert len(rest) < 109
    full, _ = pack([None] * 2000)
    assert {len(portion) for portion in full} == {RECORDS_PER_FRAME_MAX}
