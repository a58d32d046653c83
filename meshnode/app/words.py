"""Cuts text into the words by which searches and finders compare it: without case, without accents, whatever the script.

An accent is a mark that only colors a letter, such as that of é. It is folded. Other marks make another letter (かき and
がき, दाल and दिल, ขาว and ข้าว) and stay. Which is which follows from the combining class that Unicode gives every mark.
Latin letters that have no accent to take off, such as ø, ł and æ, become what the library anyascii writes for them.

Chinese, Japanese, Thai and some other scripts put no spaces between words. A run of their letters is indexed by its pairs
of letters, so that every word in it is found, without a dictionary of any language. Emoji and signs such as those of C++
are words too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, combining, digit, name, normalize

PART_MIN = 3  # letters: a shorter part would be found inside nearly every word

# Scripts without spaces between words, as the line breaking of Unicode knows them (classes SA, ID and CJ; UAX 14).
SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Tai Tham
    (0x3005, 0x3007),  # marks that repeat a Chinese character, and the zero
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Chinese characters
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAADF),
    (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)

_CLASSES_OF_ACCENTS = (
    range(1, 2),  # strokes laid over a letter
    range(10, 37),  # the vowel points of Hebrew and Arabic, which most people leave out
    range(202, 241),  # accents above and below
)
_SIGNS_OF_ASCII = "#$+<=>|~"  # Unicode calls # punctuation, but C# is not C
_SIGN = "\x01"  # goes before each sign in a folded text; no text has it
_WORD_OF_ASCII = re.compile(r"[a-z0-9]+|#+|\$+|\++|<+|=+|>+|\|+|~+")
_SPACELESS = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in SPACELESS)
_WORD = re.compile(rf"({_SIGN}.)\1*|[{_SPACELESS}]+|[^ {_SIGN}{_SPACELESS}]+")
_IS_SPACELESS = re.compile(f"[{_SPACELESS}]")
_TATWEEL = "\u0640"  # makes an Arabic word longer to look at


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order: words of letters and digits, signs, and runs of a script without spaces.

    A text that has nothing but punctuation has that for its words.
    """
    return _words_of(text) or text.split()


def _words_of(text: str) -> list[str]:
    if text.isascii():
        return _WORD_OF_ASCII.findall(text.lower())
    # Twice, because lowering the case of a letter can produce an accent, and the other way round.
    bare = normalize("NFKD", normalize("NFKD", text).casefold()).translate(_FOLDED)
    return [found[0].replace(_SIGN, "") for found in _WORD.finditer(normalize("NFC", bare))]


def searchable(text: str) -> str:
    """Return `text` as it is compared: its words (see `words_of`), each after one space."""
    return "".join(f" {word}" for word in words_of(text))


@lru_cache(16_384)
def searchable_name(name: str) -> str:
    """Return `searchable(name)`, remembered: the names of authors are compared again with every search."""
    return searchable(name)


def index_words(text: str) -> list[str]:
    """Return what `text` is indexed by: its words, and of a run without spaces the pairs of letters and its last letter."""
    words = words_of(text)
    if text.isascii():
        return words
    return [part for word in words for part in (_pairs(word) if is_spaceless(word) else (word,))]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run))]


def sought_words(word: str) -> list[str]:
    """Return what an index is asked for to find one of `words_of` a search: each must begin something in the index."""
    if is_spaceless(word) and len(word) > 1:
        return [word[at : at + 2] for at in range(len(word) - 1)]
    return [word]


def is_spaceless(word: str) -> bool:
    """Whether a word is a run of a script without spaces, in which other words can begin anywhere."""
    return _IS_SPACELESS.match(word) is not None


def is_part(word: str) -> bool:
    """Whether a word is long enough to be looked for inside others."""
    return len(word) >= PART_MIN


def has_word(text: str, word: str) -> bool:
    """Whether a `searchable` text has a word that begins so; anywhere, in a script without spaces."""
    return (word if is_spaceless(word) else f" {word}") in text


def has_part(text: str, word: str) -> bool:
    """Whether a `searchable` text has this word, or has it inside another word."""
    return has_word(text, word) or (is_part(word) and word in text)


class _Folding(dict[int, str]):
    """Maps each character of a decomposed text to its folded form; filled as characters come up, since few ever do."""

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold(chr(point))
        return folded


_FOLDED = _Folding()


def _fold(character: str) -> str:
    """Return what one character becomes: nothing, a space, a sign, or letters."""
    kind = category(character)
    if kind[0] == "M":
        return "" if _is_accent(character) else character
    if kind == "Cf" or character == _TATWEEL:
        return ""
    if kind == "Nd":
        return str(digit(character))
    if kind[0] == "L" and not character.isascii() and name(character, "").startswith("LATIN"):
        from anyascii import anyascii

        return anyascii(character).lower() or character
    if kind[0] in "LN":
        return character
    if kind in ("Sm", "Sc", "So", "Cn") or character in _SIGNS_OF_ASCII:
        return _SIGN + character
    return " "


def _is_accent(mark: str) -> bool:
    """Whether a mark only colors the letter before it, or says how an emoji looks."""
    if category(mark) == "Me" or "VARIATION SELECTOR" in name(mark, ""):
        return True
    return any(combining(mark) in classes for classes in _CLASSES_OF_ACCENTS)
