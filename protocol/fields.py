"""Checks that the fields of several kinds of bodies share, and `parses`, which every parser of bodies is wrapped in.

The checks raise InvalidField, which blames nobody and is worded for people; `parses` turns it into the sender's fault.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from protocol.codec import decode, decode_array
from protocol.errors import Code, InvalidField, RemoteError
from protocol.limits import SALT_BYTES, TIME_MAX
from protocol.place import is_cell

Arguments = ParamSpec("Arguments")
Parsed = TypeVar("Parsed")


def parses(parser: Callable[Arguments, Parsed]) -> Callable[Arguments, Parsed]:
    """Make `parser`, which reads bytes that anybody may have written, raise RemoteError MALFORMED for an InvalidField."""

    @wraps(parser)
    def parse(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Parsed:
        try:
            return parser(*args, **kwargs)
        except InvalidField as fault:
            raise RemoteError(Code.MALFORMED, str(fault)) from fault

    return parse


def read_fields(body: bytes, length: int, max_bytes: int, max_items: int) -> tuple[Any, ...]:
    """Return the fields of a body's array, of types that the body's class will check. RemoteError if it is no such array."""
    return decode_array(body, length=length, max_bytes=max_bytes, max_items=max(length, max_items))


def read_either(body: bytes, lengths: tuple[int, int], max_bytes: int, max_items: int) -> tuple[Any, ...]:
    """Return the fields of a body's array of one of two lengths, as `read_fields` does."""
    longest = max(lengths)
    value = decode(body, max_bytes=max_bytes, max_items=max(longest, max_items))
    if not isinstance(value, tuple) or len(value) not in lengths:
        raise RemoteError(Code.MALFORMED, f"not an array of {lengths[0]} or {lengths[1]} fields")
    return value


def check_canonical(body: object, written: bytes, encoded: bytes) -> None:
    """Raise RemoteError MALFORMED if a body was not `written` as it is `encoded`, in the one permitted order of entries."""
    if written != encoded:
        raise RemoteError(Code.MALFORMED, f"the entries of a {type(body).__name__.lower()} are not in order")


def check_salt(salt: object) -> None:
    """Check the salt that every body begins with: 16 random bytes."""
    check_bytes("salt", salt, SALT_BYTES)


def check_bytes(field: str, value: object, length: int) -> None:
    """Check for a byte string of exactly `length` bytes."""
    if type(value) is not bytes or len(value) != length:
        raise InvalidField(field, f"must be {length} bytes")


def check_number(field: str, value: object, least: int, most: int) -> None:
    """Check for a whole number from `least` to `most`."""
    if type(value) is not int:
        raise InvalidField(field, "must be a whole number")
    if not least <= value <= most:
        raise InvalidField(field, "must be from {least} to {most}", least=least, most=most)


def check_time(field: str, value: object) -> None:
    """Check for UNIX seconds, or None."""
    if value is not None and (type(value) is not int or not 0 <= value <= TIME_MAX):
        raise InvalidField(field, "must be a time")


def check_flag(field: str, value: object) -> None:
    """Check for true or false."""
    if type(value) is not bool:
        raise InvalidField(field, "must be yes or no")


def check_place(field: str, value: object) -> None:
    """Check for a place, an H3 cell of one of four sizes, or None."""
    if value is not None and (type(value) is not str or not is_cell(value)):
        raise InvalidField(field, "must be an H3 cell of resolution 4, 6, 8 or 12")
