"""Reading tokens: cards and device codes have the same form of text and fail with the same codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from protocol import bech32m
from protocol.codec import decode
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
    """Return the fields in a payload of at most `most` bytes. They must be of these `types`, the first the `version`.

    RemoteError VERSION for another version, before anything else of the form is looked at: a newer form may have any
    number of fields. MALFORMED, OVERSIZED or CARD_MALFORMED for everything else.
    """
    fields: Any = decode(payload, max_bytes=most)
    if type(fields) is not tuple or not fields or type(fields[0]) is not int:
        raise RemoteError(Code.CARD_MALFORMED, "it does not begin with the version of its form")
    if fields[0] != version:
        raise RemoteError(Code.VERSION, "it is of a later version of this program")
    if tuple(map(type, fields)) != types:
        raise RemoteError(Code.CARD_MALFORMED, "a field is missing or of another type")
    return fields


def parts_of(block: bytes, lengths: Sequence[int]) -> list[bytes]:
    """Cut a block into keys and other values of these lengths. RemoteError CARD_MALFORMED if it has another length."""
    ends = list(accumulate(lengths))
    if len(block) != ends[-1]:
        raise RemoteError(Code.CARD_MALFORMED, "its block has another length")
    return [block[start:end] for start, end in pairwise((0, *ends))]


def plain_addresses(addresses: Addresses) -> Addresses:
    """Return the addresses in their one text form. InvalidField if they are too many, or one cannot be that of a machine."""
    if len(addresses) > CARD_ADDRESSES_MAX:
        raise InvalidField("addresses", f"must not be more than {CARD_ADDRESSES_MAX}")
    return tuple(plain(host, port) for host, port in addresses)
