"""The codec: every value has one encoding, and all other bytes are refused."""

from __future__ import annotations

import tracemalloc

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol import Code, LocalError, RemoteError, Value, decode, encode
from protocol.codec import decode_array
from protocol.limits import ARRAY_ITEMS_MAX, FRAME_MAX_BYTES, INT_MAX, MAX_DEPTH
from tests.support.golden import golden
from tests.support.vectors_records import VALUES

VECTORS = golden("codec.json")

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | texts | st.binary()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=5).map(tuple), max_leaves=20).filter(
    lambda value: depth(value) <= MAX_DEPTH
)


def depth(value: Value) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, tuple) else 0


def refusal(data: bytes, max_bytes: int = FRAME_MAX_BYTES) -> Code:
    with pytest.raises(RemoteError) as caught:
        decode(data, max_bytes=max_bytes)
    return caught.value.code


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["case"])
def test_an_accepted_vector_reads_as_its_value(vector: dict[str, str]) -> None:
    assert decode(bytes.fromhex(vector["bytes"]), max_bytes=1024) == VALUES[vector["case"]]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["case"])
def test_a_refused_vector_is_refused(vector: dict[str, str]) -> None:
    assert refusal(bytes.fromhex(vector["bytes"])) is Code.MALFORMED


@given(values)
def test_every_value_reads_back_from_its_encoding(value: Value) -> None:
    back = decode(encode(value), max_bytes=1 << 20)
    assert back == value
    assert repr(back) == repr(value)  # 1 is not True


@given(st.binary(max_size=60))
@example(bytes.fromhex("93c0c2c3"))
def test_accepted_bytes_are_the_only_encoding_of_their_value(data: bytes) -> None:
    try:
        value = decode(data, max_bytes=1024)
    except RemoteError:
        return
    assert encode(value) == data


@given(values, st.data())
def test_a_changed_byte_is_refused_or_is_another_value(value: Value, data: st.DataObject) -> None:
    wire = encode(value)
    place = data.draw(st.integers(0, len(wire) - 1))
    changed = wire[:place] + bytes([wire[place] ^ data.draw(st.integers(1, 255))]) + wire[place + 1 :]
    try:
        other = decode(changed, max_bytes=1 << 20)
    except RemoteError:
        return
    assert encode(other) == changed


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        msgpack.ExtType(1, b""),
        {"a": 1},
        ["a"],
        INT_MAX + 1,
        -INT_MAX - 1,
        "\ud800",
        bytearray(b"a"),
        {1},
    ],
    ids=repr,
)
def test_encoding_a_value_of_another_type_is_a_local_error(value: object) -> None:
    with pytest.raises(LocalError):
        encode(value)  # type: ignore[arg-type]


def test_a_refused_value_does_not_disturb_the_next_one() -> None:
    with pytest.raises(LocalError):
        encode((1, "\ud800"))
    assert encode((2,)) == b"\x91\x02"


def test_arrays_nest_to_the_cap_and_no_deeper() -> None:
    deep: Value = ()
    for _ in range(MAX_DEPTH - 1):
        deep = (deep,)
    assert decode(encode(deep), max_bytes=100) == deep
    with pytest.raises(LocalError):
        encode((deep,))
    assert refusal(b"\x91" * MAX_DEPTH + b"\x90") is Code.MALFORMED


def test_bytes_beyond_the_cap_are_not_decoded() -> None:
    assert refusal(b"\x80" * 1_000_000) is Code.OVERSIZED
    assert refusal(encode(b"four"), max_bytes=5) is Code.OVERSIZED


@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdc" + ARRAY_ITEMS_MAX.to_bytes(2, "big"),
        b"\xdd\x00\x00\xff\xff",
        b"\xdc\xff\xff",
        b"\x9f",
        b"\x91",
        b"\x81",
        b"\xc7\xff\x01",
        b"\xdb\x7f\xff\xff\xff",
        b"\xc6\x7f\xff\xff\xff",
    ],
    ids=bytes.hex,
)
def test_a_bomb_of_headers_is_refused_and_costs_little_memory(bomb: bytes) -> None:
    data = (bomb * FRAME_MAX_BYTES)[:FRAME_MAX_BYTES]
    tracemalloc.start()
    try:
        code = refusal(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code is Code.MALFORMED
    assert peak < 10 * 1024 * 1024


def test_a_caller_may_allow_fewer_items() -> None:
    assert decode(encode((1, 2)), max_bytes=10, max_items=2) == (1, 2)
    with pytest.raises(RemoteError):
        decode(encode((1, 2)), max_bytes=10, max_items=1)


@pytest.mark.parametrize("value", [(1,), (1, 2, 3), 1, None, b"ab"], ids=repr)
def test_an_array_of_another_length_is_refused(value: Value) -> None:
    with pytest.raises(RemoteError) as caught:
        decode_array(encode(value), length=2, max_bytes=100)
    assert caught.value.code is Code.MALFORMED
