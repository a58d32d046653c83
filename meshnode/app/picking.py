"""Finds the one person, listing, group, device or exchange that a typed text means.

All of them are found in the same way, as `discover` finds listings: by the whole id, else the whole name, else the
beginning of the name or id, else any words of the name, else words of what else is told of it, else parts of words. Names
are compared first as they are written and then without accents (see `words`). What cannot be undone is done only to
something that is named as it is written: see `pick`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Generic, TypeVar

from msgspec import Struct

from meshnode.app.words import has_part, has_word, searchable, words_of
from meshnode.errors import Ambiguous, Usage
from protocol import normalize

ID_PREFIX_MIN = 4  # letters; shorter beginnings would fit the ids of strangers by chance
CANDIDATES_SHOWN = 8
_HINT = "type more of it, or the id"
_ID_TAGS = ("mp1", "mg1", "md1")  # of people, groups and devices; the letters after the tag may be typed alone
_TAG_LENGTH = 3

Item = TypeVar("Item")


class MatchKind(IntEnum):
    """The ways in which a text can fit a candidate. A smaller value goes before a larger one."""

    ID = 1
    """It is the whole id."""
    WRITTEN = 2
    """It is the whole name as it is written; only case may differ."""
    FOLDED = 3
    """It is the whole name, apart from accents and punctuation."""
    BEGINNING = 4
    """The name or the id begins with it."""
    WORDS = 5
    """Each of its words begins a word of the name."""
    ELSEWHERE = 6
    """Each of its words begins a word of the name or of what else is told."""
    PARTS = 7
    """Each of its words is a part of a word of these, if it is long enough."""


class Candidate(Struct, Generic[Item], frozen=True):
    """One thing that can be meant."""

    item: Item
    id: str
    name: str
    label: Callable[[], str]
    """Returns how an error names it: enough to tell it from others of its name, and a short id."""
    preferred: bool = False
    """Whether it goes before others that fit as well, such as a person whom the owner vouches for."""
    more: str = ""
    """What else is told of it, such as the text of a listing, in the form that `searchable` returns."""


class _Typed(Struct, frozen=True):
    """A typed text, in the forms in which it is compared."""

    written: str
    folded: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Typed:
        return cls(alike(text), searchable(text), tuple(words_of(text)))


def pick(text: str, candidates: Iterable[Candidate[Item]], *, noun: str, destructive: bool = False) -> Item | None:
    """Return the item that `text` means, or None if it means none of the candidates.

    The best kind of match decides (see `MatchKind`). The beginning of an id counts beside every kind of name, so that nobody
    hides something by taking the beginning of its id for a name.

    With `destructive`, which is for what cannot be undone, only a name as it is written counts, and the id or its
    beginning; nobody is preferred. Raises Ambiguous, which lists what fits, where several fit equally well or a destructive
    act would have to guess; Usage, which asks for a `noun`, where `text` is blank.
    """
    if not normalize(text):
        raise Usage("say which {noun}", "a name, an id, or the beginning of either", noun=noun)
    typed = _Typed.of(text)
    matches = _matches(typed, candidates)
    best = _written(typed, matches) if destructive else _best(typed, matches)
    if matches and not best:
        raise _inexact(text, [one.label() for _, one in matches])
    if len(best) > 1:
        raise ambiguous(text, [one.label() for one in best], hint="type its id" if destructive else _HINT)
    return best[0].item if best else None


def fitting(text: str, candidates: Iterable[Candidate[Item]]) -> list[Item]:
    """Return all that `text` may mean: everything that fits as well as the best does."""
    typed = _Typed.of(text)
    return [one.item for one in _best(typed, _matches(typed, candidates))]


def near(text: str, candidates: Iterable[Candidate[Item]]) -> list[Candidate[Item]]:
    """Return the candidates that `text` fits in any way: a caller can look closer at these before it picks."""
    return [one for _, one in _matches(_Typed.of(text), candidates)]


def alike(name: str) -> str:
    """Return a name as it is compared where accents count: composed (NFC) and without case."""
    return normalize(name).casefold()


def ambiguous(text: str, labels: Iterable[str], *, hint: str = _HINT) -> Ambiguous:
    """Return the error that lists what `text` could mean."""
    shown, listed = _first_few(labels)
    return Ambiguous("{text} could be {listed}", shown, hint, text=repr(text), listed=listed)


def _inexact(text: str, labels: Iterable[str]) -> Ambiguous:
    """Return the error that refuses to take something for meant that is only similar."""
    shown, listed = _first_few(labels)
    return Ambiguous(
        "nothing is called exactly {text}. There is {listed}",
        shown,
        "type the whole name as it is written, or the id",
        text=repr(text),
        listed=listed,
    )


def _first_few(labels: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the first labels, and how they are listed with the number of the others."""
    listed = sorted(labels)
    shown = tuple(listed[:CANDIDATES_SHOWN])
    more = len(listed) - len(shown)
    return shown, ", ".join(shown) + (f" and {more} more" if more else "")


# --- inside ----------------------------------------------------------------------------------------------------------


def _matches(typed: _Typed, candidates: Iterable[Candidate[Item]]) -> list[tuple[MatchKind, Candidate[Item]]]:
    return [(match, one) for one in candidates if (match := _match(typed, one)) is not None]


def _match(typed: _Typed, candidate: Candidate[Item]) -> MatchKind | None:
    """Return the best way in which the text fits, or None if it does not."""
    written = typed.written
    if not written:
        return None
    if written == candidate.id:
        return MatchKind.ID
    name = alike(candidate.name)
    if written == name:
        return MatchKind.WRITTEN
    folded = searchable(name)
    if typed.folded and typed.folded == folded:
        return MatchKind.FOLDED
    begins = name.startswith(written) or (typed.folded and folded.startswith(typed.folded))
    if begins or _begins_id(typed, candidate):
        return MatchKind.BEGINNING
    if all(has_word(folded, word) for word in typed.words):
        return MatchKind.WORDS
    everything = folded + candidate.more
    if all(has_word(everything, word) for word in typed.words):
        return MatchKind.ELSEWHERE
    if all(has_part(everything, word) for word in typed.words):
        return MatchKind.PARTS
    return None


def _best(typed: _Typed, matches: list[tuple[MatchKind, Candidate[Item]]]) -> list[Candidate[Item]]:
    """Return the candidates that fit best, only the preferred ones if there are any, and all whose id begins so."""
    kind = min((match for match, _ in matches), default=None)
    if kind is MatchKind.ID:
        return [one for match, one in matches if match is kind]
    by_id = [one for _, one in matches if _begins_id(typed, one)]
    by_name = [one for match, one in matches if match is kind and one not in by_id]
    return [*([one for one in by_name if one.preferred] or by_name), *by_id]


def _written(typed: _Typed, matches: list[tuple[MatchKind, Candidate[Item]]]) -> list[Candidate[Item]]:
    """Return the candidates whose whole id it is, else those whose name is written so or whose id begins so.

    The beginning of an id alone means something only if it fits nothing else; otherwise all that it fits is returned.
    """
    whole = [one for match, one in matches if match is MatchKind.ID]
    named = [one for match, one in matches if match is MatchKind.WRITTEN]
    by_id = [one for _, one in matches if _begins_id(typed, one)]
    if by_id and not whole and not named:
        return [one for _, one in matches]
    return whole or [*named, *by_id]


def _begins_id(typed: _Typed, candidate: Candidate[Item]) -> bool:
    """Whether the id begins with the text, which may lack the tag that says what kind of thing it names."""
    id_ = candidate.id
    tag = id_[:_TAG_LENGTH] if id_.startswith(_ID_TAGS) else ""
    letters = typed.written.removeprefix(tag)
    return len(letters) >= ID_PREFIX_MIN and id_.startswith(letters, len(tag))
