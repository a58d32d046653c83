"""Bytes as text that people copy, type and scan: Bech32m (BIP 350) without its limit of 90 characters.

The alphabet leaves out characters that are easily mistaken (1, b, i, o). The checksum finds every change of up to three
characters in texts as long as a card's. A text in upper case is the same text, so that a QR code can use its compact
alphanumeric mode.
"""

from __future__ import annotations

from protocol.text import WHITE_SPACE, characters

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_FINAL = 0x2BC830A3
_CHECKSUM = 6
_IGNORED = characters(WHITE_SPACE) + "-\u00ad\u2010\u2011\u2012\u2013\u200b\ufeff"
# Maps ASCII letters only: str.lower() would also read U+212A, the sign for kelvin, as a k.
_AS_WRITTEN = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", _IGNORED)


class Bech32mError(ValueError):
    """The text does not have the expected form. The message completes the sentence "this is not a ...: "."""


class ChecksumError(Bech32mError):
    """The text has the right form, but a character was lost or changed: the checksum does not hold."""


def to_text(prefix: str, data: bytes) -> str:
    """Return `prefix`, `1`, the data in base 32 and six characters of checksum, in lower case."""
    symbols = _to_symbols(data)
    residue = _polymod([*_expand(prefix), *symbols, *([0] * _CHECKSUM)]) ^ _FINAL
    checksum = [residue >> 5 * (_CHECKSUM - 1 - index) & 31 for index in range(_CHECKSUM)]
    return f"{prefix}1" + "".join(_ALPHABET[symbol] for symbol in (*symbols, *checksum))


def first_bits(letters: str, most: int) -> tuple[int, int] | None:
    """Return the first bits of data whose text goes on, after the prefix and its 1, with `letters`, and their number.

    At most the first `most` bits are returned. None if a character cannot occur in a text.
    """
    symbols = [_VALUE.get(letter) for letter in letters[: most // 5]]
    bits = 0
    for symbol in symbols:
        if symbol is None:
            return None
        bits = bits << 5 | symbol
    return bits, 5 * len(symbols)


def from_text(prefix: str, text: str) -> bytes:
    """Return the bytes that `text` encodes. Case, white space, line breaks and hyphens do not matter.

    Bech32mError, worded for people, if the text does not have the form; ChecksumError if it was damaged.
    """
    plain = text.translate(_AS_WRITTEN)
    head = f"{prefix}1"
    if not plain.startswith(head):
        raise Bech32mError(f'it does not begin with "{head}"')
    written = plain[len(head) :]
    if len(written) <= _CHECKSUM:
        raise Bech32mError("it is cut short")
    try:
        symbols = [_VALUE[character] for character in written]
    except KeyError as error:
        raise ChecksumError(f"{error.args[0]!a} cannot occur in it") from None
    if _polymod([*_expand(prefix), *symbols]) != _FINAL:
        raise ChecksumError("a character is missing or wrong")
    return _to_bytes(symbols[:-_CHECKSUM])


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(values: list[int]) -> int:
    residue = 1
    for value in values:
        top = residue >> 25
        residue = (residue & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                residue ^= generator
    return residue


def _to_symbols(data: bytes) -> list[int]:
    count = (len(data) * 8 + 4) // 5
    number = int.from_bytes(data, "big") << (count * 5 - len(data) * 8)
    return [number >> 5 * (count - 1 - index) & 31 for index in range(count)]


def _to_bytes(symbols: list[int]) -> bytes:
    number = 0
    for symbol in symbols:
        number = number << 5 | symbol
    length, spare = divmod(len(symbols) * 5, 8)
    if spare >= 5 or number & (1 << spare) - 1:
        raise Bech32mError("its last character has bits that encode nothing")
    return (number >> spare).to_bytes(length, "big")
