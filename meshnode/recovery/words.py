"""Writes the seed of the identity key (32 bytes) as 24 words of the English list of BIP 39, and reads them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from meshnode.errors import Field, Usage
from meshnode.recovery.typed import read_words

if TYPE_CHECKING:
    from mnemonic import Mnemonic

WORDS = 24
ASKED = 3  # of the words, to see that they were written down


@cache
def _bip39() -> Mnemonic:
    from mnemonic import Mnemonic  # it takes 20 ms, which only these commands need

    return Mnemonic("english")


def words_of(seed: bytes) -> tuple[str, ...]:
    """Return the 24 words for a seed of 32 bytes."""
    return tuple(_bip39().to_mnemonic(seed).split())


def seed_of(typed: str) -> bytes:
    """Return the seed that these words stand for. Usage names what is wrong with them, as `read_words` does."""
    found = read_words(typed, _bip39().wordlist)
    if len(found) != WORDS:
        raise Usage(
            "these are {count} words, and recovery words are {wanted}",
            "type all of them, in their order",
            field=Field.WORDS,
            count=len(found),
            wanted=WORDS,
        )
    phrase = " ".join(found)
    if not _bip39().check(phrase):
        raise Usage(
            "each of these words is in the list, but together they are not recovery words",
            "one of them is another word, or two have changed places: compare them with your paper",
            field=Field.WORDS,
        )
    return bytes(_bip39().to_entropy(phrase))


def places_to_ask(random: bytes) -> tuple[int, ...]:
    """Return three different places of words (1 to 24, ascending), drawn by these random bytes."""
    left = list(range(1, WORDS + 1))
    return tuple(sorted(left.pop(byte % len(left)) for byte in random[:ASKED]))


def check_words(words: Sequence[str], typed: Mapping[int, str]) -> None:
    """Raise Usage unless `typed`, words by their places, has at least three and each is the one that is there."""
    if len(typed) < ASKED:
        raise Usage("type three of the words, each with its place", field=Field.WORDS)
    for place, text in sorted(typed.items()):
        found = read_words(text, _bip39().wordlist)
        if not 1 <= place <= len(words) or found != [words[place - 1]]:
            raise Usage(
                "word {place} is another one",
                "look at it again on your paper, or show the words again",
                field=Field.WORDS,
                place=place,
            )
