"""Finds the one person, listing, group, device or exchange that a typed text means.

All of them are found in the same way, so that a person learns it once: by the whole id, else the whole name, else the
beginning of the name or id, else any words of the name. Names are compared first as they are written and then without
accents. What cannot be undone is never done to something that only looks like what was typed: see `pick`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from meshnode.app.words import searchable, words_of
from meshnode.errors import Ambiguous, Usage
from protocol import normalize

ID_PREFIX_MIN = 4  # letters; shorter beginnings would fit the ids of strangers by chance
CANDIDATES_SHOWN = 8
_ID_TAGS = ("mp1", "mg1", "md1")  # of people, groups and devices; the letters after the tag may be typed alone
_TAG_LENGTH = 3

Item = TypeVar("Item")


class Match(IntEnum):
    """How a text fits a candidate. A smaller value goes before a larger one."""

    ID = 1
    """It is the whole id."""
    WRITTEN = 2
    """It is the whole name as it is written; only case may differ."""
    FOLDED = 3
    """It is the whole name, apart from accents and signs."""
    BEGINNING = 4
    """The name or the id begins with it."""
    WORDS = 5
    """Each of its words begins a word of the name."""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Item]):
    """One thing that can be meant."""

    item: Item
    id: str
    name: str
    label: Callable[[], str]
    """Returns how an error names it: enough to tell it from others of its name, and a short id."""
    preferred: bool = False
    """Whether it goes before others that fit as well, such as a person whom the owner vouches for."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """A typed text, in the forms in which it is compared."""

    written: str
    folded: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Typed:
        return cls(alike(text), searchable(text), tuple(f" {word}" for word in words_of(text)))


def pick(text: str, candidates: Iterable[Candidate[Item]], *, noun: str, destructive: bool = False) -> Item | None:
    """Return the item that `text` means, or None if it means none of the candidates.

    The best kind of match decides (see `Match`). The beginning of an id counts beside every kind of name, so that nobody
    hides something by taking the beginning of its id for a name.

    With `destructive`, which is for what cannot be undone, a match of a part counts only if nothing else fits in any
    way, and a match that ignores accents never counts. Raises Ambiguous, which lists what fits, where several fit
    equally well or a destructive act must not guess; Usage, which asks for a `noun`, where `text` is blank.
    """
    if not normalize(text):
        raise Usage(f"say which {noun}", "a name, an id, or the beginning of either")
    typed = _Typed.of(text)
    matches = _matches(typed, candidates)
    best = _best(typed, matches)
    if destructive and best and not _is_clear(typed, best[0], matches):
        raise ambiguous(text, [one.label() for _, one in matches], hint="type the whole name, or the id")
    if len(best) > 1:
        raise ambiguous(text, [one.label() for one in best])
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


def ambiguous(text: str, labels: Iterable[str], *, hint: str = "type more of it, or the id") -> Ambiguous:
    """Return the error that lists what `text` could mean."""
    listed = sorted(labels)
    shown = listed[:CANDIDATES_SHOWN]
    more = len(listed) - len(shown)
    return Ambiguous(
        f"{text!r} could be {', '.join(shown)}" + (f" and {more} more" if more else ""), tuple(shown), hint
    )


# --- inside ----------------------------------------------------------------------------------------------------------


def _matches(typed: _Typed, candidates: Iterable[Candidate[Item]]) -> list[tuple[Match, Candidate[Item]]]:
    return [(match, one) for one in candidates if (match := _match(typed, one)) is not None]


def _match(typed: _Typed, candidate: Candidate[Item]) -> Match | None:
    """Return the best way in which the text fits, or None if it does not."""
    written = typed.written
    if not written:
        return None
    if written == candidate.id:
        return Match.ID
    name = alike(candidate.name)
    if written == name:
        return Match.WRITTEN
    folded = searchable(name)
    if typed.folded and typed.folded == folded:
        return Match.FOLDED
    begins = name.startswith(written) or (typed.folded and folded.startswith(typed.folded))
    if begins or _begins_id(typed, candidate):
        return Match.BEGINNING
    if typed.words and all(word in folded for word in typed.words):
        return Match.WORDS
    return None


def _best(typed: _Typed, matches: list[tuple[Match, Candidate[Item]]]) -> list[Candidate[Item]]:
    """Return the candidates that fit best, only the preferred ones if there are any, and all whose id begins so."""
    kind = min((match for match, _ in matches), default=None)
    if kind is Match.ID:
        return [one for match, one in matches if match is kind]
    by_id = [one for _, one in matches if _begins_id(typed, one)]
    by_name = [one for match, one in matches if match is kind and one not in by_id]
    return [*([one for one in by_name if one.preferred] or by_name), *by_id]


def _is_clear(typed: _Typed, best: Candidate[Item], matches: list[tuple[Match, Candidate[Item]]]) -> bool:
    """Whether the text names `best` so clearly that nobody can have meant something else."""
    if _match(typed, best) in (Match.ID, Match.WRITTEN):
        return True
    return len(matches) == 1 and _is_as_written(typed, best)


def _is_as_written(typed: _Typed, candidate: Candidate[Item]) -> bool:
    """Whether the text fits with every accent and sign that it has."""
    name = alike(candidate.name)
    words = name.split()
    by_words = all(any(word.startswith(part) for word in words) for part in typed.written.split())
    return name.startswith(typed.written) or by_words or _begins_id(typed, candidate)


def _begins_id(typed: _Typed, candidate: Candidate[Item]) -> bool:
    """Whether the id begins with the text, which may lack the tag that says what kind of thing it names."""
    id_ = candidate.id
    tag = id_[:_TAG_LENGTH] if id_.startswith(_ID_TAGS) else ""
    letters = typed.written.removeprefix(tag)
    return len(letters) >= ID_PREFIX_MIN and id_.startswith(letters, len(tag))
