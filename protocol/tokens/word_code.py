"""Word codes, such as 7-falcon-teapot: what two people say aloud to connect two machines on one network.

The number says where to meet, and is no secret. The two words are 16 bits, which is enough because nobody can test them
but by asking the machine that shows them, and a wrong answer ends the code (protocol/README.md, "Word codes").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_number
from protocol.fingerprint import WORDS
from protocol.limits import CARD_TEXT_MAX, WORD_CODE_NUMBER_MAX

CODE_WORDS = WORDS
WORDS_SHOWN = 2
_SEPARATORS = re.compile(r"[\s\-_.,]+")
_NUMBERS = {str(number): number for number in range(1, WORD_CODE_NUMBER_MAX + 1)}


@dataclass(frozen=True, slots=True)
class WordCode:
    """A code to say aloud: the number of the meeting, and two words of the 256 of fingerprints."""

    number: int
    words: tuple[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        check_number("number", self.number, 1, WORD_CODE_NUMBER_MAX)
        if len(self.words) != WORDS_SHOWN or any(word not in CODE_WORDS for word in self.words):
            raise InvalidField("words", "must be two words of the list")

    def to_text(self) -> str:
        """Return the code as it is shown, for example 7-falcon-teapot."""
        return f"{self.number}-{'-'.join(self.words)}"

    @classmethod
    def drawn(cls, number: int, random: bytes) -> WordCode:
        """Return the code of this number whose words are drawn by two fresh random bytes."""
        first, second = random
        return cls(number, (CODE_WORDS[first], CODE_WORDS[second]))

    @classmethod
    def parse(cls, text: str) -> WordCode:
        """Return the code in `text`. Case, and what stands between the parts, do not matter.

        RemoteError CARD_CHECKSUM for a number that there is not or a word that is not in the list, CARD_MALFORMED for
        any other text that is no word code.
        """
        if len(text) > CARD_TEXT_MAX:
            raise RemoteError(Code.CARD_MALFORMED, "a text that is too long")
        parts = parts_of_code(text)
        if len(parts) != 1 + WORDS_SHOWN or not re.fullmatch("[0-9]+", parts[0]):
            raise RemoteError(Code.CARD_MALFORMED, "not a number and two words")
        number = _NUMBERS.get(parts[0])
        if number is None or any(word not in CODE_WORDS for word in parts[1:]):
            raise RemoteError(Code.CARD_CHECKSUM, "a number or a word that no code has")
        return cls(number, (parts[1], parts[2]))


def parts_of_code(text: str) -> list[str]:
    """Return the parts of a typed text in lower case: of a word code its number and its words."""
    return [part for part in _SEPARATORS.split(text.lower()) if part]
