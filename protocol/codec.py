"""Encodes and decodes values in a small, canonical part of MessagePack (protocol/README.md, "Bytes").

The values are nil, booleans, integers from -(2^53 - 1) to 2^53 - 1, text, byte strings and arrays. There are no maps, floats
or extension types, so there are no duplicate keys and no NaN. Every value has exactly one encoding; all others are refused.
"""

from __future__ import annotations

from typing import TypeAlias

import msgpack  # type: ignore[import-untyped]

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import ARRAY_ITEMS_MAX, INT_MAX, MAX_DEPTH

# One packer for all calls: making a packer takes longer than packing a record.
_pack = msgpack.Packer().pack

Value: TypeAlias = "bool | int | str | bytes | tuple[Value, ...] | None"


def encode(value: Value) -> bytes:
    """Return the canonical bytes of `value`. LocalError if it is not one of the permitted values."""
    fault = _fault((value,), MAX_DEPTH + 1)
    if fault is not None:
        raise LocalError(f"cannot be encoded: {fault}")
    try:
        packed: bytes = _pack(value)
    except UnicodeEncodeError:
        raise LocalError("cannot be encoded: text that is not valid Unicode") from None
    return packed


def decode(data: bytes, *, max_bytes: int, max_items: int = ARRAY_ITEMS_MAX) -> Value:
    """Return the value that `data` is the canonical encoding of.

    `max_items` caps each array before anything is allocated for it.
    RemoteError OVERSIZED for more than `max_bytes`, MALFORMED for every other fault.
    """
    if len(data) > max_bytes:
        raise RemoteError(Code.OVERSIZED, f"{len(data)} bytes where at most {max_bytes} are allowed")
    try:
        value: Value = msgpack.unpackb(
            data,
            use_list=False,
            raw=False,
            max_str_len=max_bytes,
            max_bin_len=max_bytes,
            max_array_len=max_items,
            max_map_len=0,
            max_ext_len=0,
        )
    except ValueError as error:  # msgpack raises it, or a subclass, for every fault in the bytes
        raise RemoteError(Code.MALFORMED, f"not readable: {type(error).__name__}") from None
    # Nearly all values are arrays, and need not be wrapped in another tuple to be looked into.
    fault = _fault(value, MAX_DEPTH) if type(value) is tuple else _fault((value,), MAX_DEPTH + 1)
    if fault is not None:
        raise RemoteError(Code.MALFORMED, fault)
    if _pack(value) != data:
        raise RemoteError(Code.MALFORMED, "not the canonical encoding")
    return value


def decode_array(data: bytes, *, length: int, max_bytes: int, max_items: int | None = None) -> tuple[Value, ...]:
    """Return the array of exactly `length` fields that `data` encodes. RemoteError as for `decode`."""
    value = decode(data, max_bytes=max_bytes, max_items=length if max_items is None else max_items)
    if not isinstance(value, tuple) or len(value) != length:
        raise RemoteError(Code.MALFORMED, f"not an array of {length} fields")
    return value


def _fault(items: tuple[object, ...], depth: int) -> str | None:
    """Return what is wrong with any of `items`, or None.

    Scalars must be of exact types, since a subclass would not come back as itself.
    """
    for item in items:
        kind = type(item)
        if kind is bytes or kind is str:  # msgpack refuses text that is not UTF-8, both ways
            continue
        if kind is int:
            if not -INT_MAX <= item <= INT_MAX:  # type: ignore[operator]
                return "an integer beyond 2^53 - 1"
        elif isinstance(item, tuple) and kind is not msgpack.ExtType:  # which is a tuple too
            if depth <= 1:
                return "arrays nested too deep"
            fault = _fault(item, depth - 1)
            if fault is not None:
                return fault
        elif item is not None and kind is not bool:
            return f"a {kind.__name__}, which is not a permitted value"
    return None
