"""Reading tokens: cards and device codes have the same form of text and fail with the same codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from protocol import bech32m
from protocol.codec import decode_array
from protocol.errors import Code, InvalidField, RemoteError
from protocol.limits import CARD_ADDRESSES_MAX, CARD_TEXT_MAX
from protocol.tokens.addresses import Addresses, plain

Read = TypeVar("Read")


def read_token(prefix: str, text: str, read: Callable[[bytes], Read]) -> Read:
    """Return what `read` makes of the bytes that `text` encodes. Case, white space and hyphens do not matter.

    RemoteError CARD_CHECKSUM if the text was damaged, VERSION if `read` raises it, CARD_MALFORMED for every other fault.
    """
    if len(text) > CARD_TEXT_MAX:
        raise RemoteError(Code.CARD_MALFORMED, "it is too long")
    try:
        payload = bech32m.from_text(prefix, text)
    except bech32m.ChecksumError as error:
        raise RemoteError(Code.CARD_CHECKSUM, str(error)) from None
    except bech32m.Bech32mError as error:
        raise RemoteError(Code.CARD_MALFORMED, str(error)) from None
    try:
        return read(payload)
    except InvalidField as fault:
        raise RemoteError(Code.CARD_MALFORMED, str(fault)) from fault
    except RemoteError as error:
        code = error.code if error.code is Code.VERSION else Code.CARD_MALFORMED
        raise RemoteError(code, error.detail) from error


def fields_of(payload: bytes, version: int, types: tuple[type, ...], most: int) -> tuple[Any, ...]:
    """Return the fields of a payload of at most `most` bytes, once they have these `types` and the first is `version`."""
    fields: tuple[Any, ...] = decode_array(payload, length=len(types), max_bytes=most)
    if fields[0] != version:
        raise RemoteError(Code.VERSION, "it is of a later version of this program")
    if tuple(map(type, fields)) != types:
        raise RemoteError(Code.CARD_MALFORMED, "a field is of another type")
    return fields


def parts_of(block: bytes, lengths: Sequence[int]) -> list[bytes]:
    """Split a block of keys and other values of fixed lengths."""
    ends = list(accumulate(lengths))
    if len(block) != ends[-1]:
        raise RemoteError(Code.CARD_MALFORMED, "its block has another length")
    return [block[start:end] for start, end in pairwise((0, *ends))]


def plain_addresses(addresses: Addresses) -> Addresses:
    """Return the addresses in their one text form. InvalidField if they are too many, or one cannot be that of a machine."""
    if len(addresses) > CARD_ADDRESSES_MAX:
        raise InvalidField("addresses", f"must not be more than {CARD_ADDRESSES_MAX}")
    return tuple(plain(host, port) for host, port in addresses)
