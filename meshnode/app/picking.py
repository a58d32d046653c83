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
_ID_TAGS = ("mp1", "mg1", "md1")  # people, groups and devices: the letters after it may be typed without it

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
    fitting = [(match, one) for one in candidates if (match := fit(text, one)) is not None]
    best = _best(text, fitting)
    if destructive and best and not _may_be_deleted(text, best, fitting):
        raise ambiguous(text, [one.label() for _, one in fitting], hint="write its whole name, or its id")
    if len(best) > 1:
        raise ambiguous(text, [one.label() for one in best])
    return best[0].item if best else None


def fitting(text: str, candidates: Iterable[Candidate[Item]]) -> list[Item]:
    """Return all that `text` may mean: everything that fits as well as the best does."""
    found = [(match, one) for one in candidates if (match := fit(text, one)) is not None]
    return [one.item for one in _best(text, found)]


def fit(text: str, candidate: Candidate[Item]) -> Match | None:
    """Return the best way in which `text` fits, or None if it does not."""
    written, name = alike(text), alike(candidate.name)
    if not written:
        return None
    if written == candidate.id:
        return Match.ID
    if written == name:
        return Match.WRITTEN
    folded, folded_name = searchable(text), searchable(candidate.name)
    if folded and folded == folded_name:
        return Match.FOLDED
    if name.startswith(written) or (folded and folded_name.startswith(folded)) or _begins_id(text, candidate):
        return Match.BEGINNING
    if folded and all(f" {word}" in folded_name for word in words_of(text)):
        return Match.WORDS
    return None


def alike(name: str) -> str:
    """Return a name as it is compared where accents count: composed (NFC) and without case."""
    return normalize(name).casefold()


def ambiguous(text: str, labels: Iterable[str], *, hint: str = "write more of it, or the id") -> Ambiguous:
    """Return the error that lists what `text` could mean."""
    listed = sorted(labels)
    shown = listed[:CANDIDATES_SHOWN]
    more = len(listed) - len(shown)
    return Ambiguous(
        f"{text!r} could be {', '.join(shown)}" + (f" and {more} more" if more else ""), tuple(shown), hint
    )


# --- inside ----------------------------------------------------------------------------------------------------------


def _best(text: str, fitting: list[tuple[Match, Candidate[Item]]]) -> list[Candidate[Item]]:
    """Return the candidates that fit best, only the preferred ones if there are any, and all whose id begins so."""
    kind = min((match for match, _ in fitting), default=None)
    if kind is Match.ID:
        return [one for match, one in fitting if match is kind]
    by_id = [one for _, one in fitting if _begins_id(text, one)]
    by_name = [one for match, one in fitting if match is kind and one not in by_id]
    return [*([one for one in by_name if one.preferred] or by_name), *by_id]


def _may_be_deleted(text: str, best: list[Candidate[Item]], fitting: list[tuple[Match, Candidate[Item]]]) -> bool:
    """Whether `text` names the best candidate so clearly that an act on it need not be undone."""
    if fit(text, best[0]) in (Match.ID, Match.WRITTEN):
        return True
    return len(fitting) == 1 and _is_as_written(text, best[0])


def _is_as_written(text: str, candidate: Candidate[Item]) -> bool:
    """Whether `text` fits with every accent and sign that it has."""
    written, name = alike(text), alike(candidate.name)
    words = name.split()
    by_words = all(any(word.startswith(part) for word in words) for part in written.split())
    return name.startswith(written) or by_words or _begins_id(text, candidate)


def _begins_id(text: str, candidate: Candidate[Item]) -> bool:
    """Whether the id begins with `text`, which may lack the tag that says what kind of thing it names."""
    tag = next((tag for tag in _ID_TAGS if candidate.id.startswith(tag)), "")
    letters = alike(text).removeprefix(tag)
    return len(letters) >= ID_PREFIX_MIN and candidate.id.removeprefix(tag).startswith(letters)
