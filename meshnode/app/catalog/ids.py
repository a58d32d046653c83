"""Gives every listing the id by which programs and people name it: short, made of letters that are hard to mistake.

An id is a number of 80 bits, written in letters of five bits each. It follows from author and slot, so all versions of a
listing share it, and nobody else can take it.
"""

from __future__ import annotations

from hashlib import blake2b

from protocol import PersonId

ID_LENGTH = 16  # letters
_ID_DOMAIN = b"meshnode listing id v1\0"
ID_BYTES = 10
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which are easily mistaken
_BITS_BEYOND_KEY = 8 * ID_BYTES - 63  # of an id; the 63 that are left do not collide by chance


def listing_id(author: PersonId, slot: bytes) -> str:
    """Return the id of a listing, for programs and people: all its versions share it, and nobody else can take it."""
    return letters(number_of(author, slot))


def listing_key(author: PersonId, slot: bytes) -> int:
    """Return the number by which the store knows a listing: see `key_of`."""
    return key_of(number_of(author, slot))


def number_of(author: PersonId, slot: bytes) -> int:
    """Return the id of a listing as a number, which takes half the memory of the letters."""
    return int.from_bytes(blake2b(_ID_DOMAIN + author + slot, digest_size=ID_BYTES).digest(), "big")


def key_of(number: int) -> int:
    """Return the first 63 bits of an id: as much as SQLite takes for an integer."""
    return number >> _BITS_BEYOND_KEY


def letters(number: int) -> str:
    """Return an id as letters."""
    return "".join(_ID_LETTERS[number >> 5 * digit & 31] for digit in reversed(range(ID_LENGTH)))


def numbers_of(prefix: str) -> range:
    """Return the numbers of all ids that begin with these letters."""
    if len(prefix) > ID_LENGTH or not set(prefix) <= set(_ID_LETTERS):
        return range(0)
    number = 0
    for letter in prefix:
        number = number << 5 | _ID_LETTERS.index(letter)
    rest = 5 * (ID_LENGTH - len(prefix))
    return range(number << rest, (number + 1) << rest)
