"""Makes refused vectors: this valid thing with that one change, so that exactly one rule refuses each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack  # type: ignore[import-untyped]

Path = Sequence[int]
"""The position of a field in an array, and from there on in the arrays within."""


@dataclass(frozen=True)
class Change:
    """A change of an encoded array, and why a reader must refuse what comes of it."""

    why: str
    path: Path
    value: Any


def changed(data: bytes, path: Path, value: Any) -> bytes:
    """Return the encoding of the array in `data` with `value` at `path`; a tuple or list for an array."""
    fields = read(data)
    holder = fields
    for place in path[:-1]:
        holder = holder[place]
    holder[path[-1]] = value
    return written(fields)


def longer(data: bytes) -> bytes:
    """Return the array in `data` with one more field."""
    return written([*read(data), 0])


def shorter(data: bytes) -> bytes:
    """Return the array in `data` without its last field."""
    return written(read(data)[:-1])


def read(data: bytes) -> list[Any]:
    """Return the fields of an array, as lists that can be changed."""
    fields: list[Any] = msgpack.unpackb(data, raw=False, use_list=True)
    return fields


def written(fields: Any) -> bytes:
    """Return the encoding of any fields, whether a node may write them or not."""
    data: bytes = msgpack.packb(fields)
    return data


def ascending(count: int, size: int) -> list[bytes]:
    """Return that many byte strings of that size, each once and in order."""
    return [number.to_bytes(size, "big") for number in range(count)]


def compact(data: bytes) -> str:
    """Return `data` in hexadecimal, long runs of one byte as `00*1000`, parted by spaces from what is around."""
    parts, at = [], 0
    for run in re.finditer(rb"(.)\1{255,}", data, flags=re.DOTALL):
        parts += [data[at : run.start()].hex(), f"{run[1].hex()}*{len(run[0])}"]
        at = run.end()
    return " ".join(filter(None, [*parts, data[at:].hex()]))


def refusals(
    base: bytes, name: str, changes: Iterable[Change], code: str = "MALFORMED", **more: Any
) -> list[dict[str, Any]]:
    """Return a refused case for each change of `base`; its bytes are called `name`."""
    return [
        {"why": change.why, **more, name: compact(changed(base, change.path, change.value)), "code": code}
        for change in changes
    ]
