"""Discovering what others share: what the one rule and the viewer's own wishes leave, ranked, and how much they hide.

Ranking, in this order: emergencies; titles that match the words before other matches; people you trust more, in steps
of a tenth; nearer (unknown distances last); newer. It is decided shelf by shelf, and only as many listings are sorted
as are shown.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import NamedTuple

from meshnode.app.catalogue import Catalogue, Entry, Shelf, searchable
from meshnode.app.naming import name_of
from meshnode.app.people import per_mille
from meshnode.app.places import here, preference_of, published
from meshnode.app.replica import Replica
from meshnode.app.sharing import audience_named
from meshnode.app.shown import ListingView, place_of, view
from meshnode.errors import Usage
from protocol import (
    CATEGORIES,
    LISTING_TYPES,
    WEB,
    Audience,
    ListingFacts,
    Verdict,
    Wish,
    as_trust,
    distance_km,
    effective_audience,
    visible,
)

SHOWN = 100
SHOWN_MAX = 1000
WISHES_REMEMBERED = 8  # different limits of trust and distance; words, types and categories are none
WITHIN_MAX_KM = 40_000  # once around


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for.

    `words`: each must begin a word of title, text, tags or the author's name. `within`: kilometres; without it 50, and
    listings without a place are shown too; `anywhere` takes any distance. `trust`: the least trust in the author, 0.3
    if not given, 0.1 at least.
    """

    words: str | None = None
    type: str | None = None
    category: str | None = None
    audience: str | None = None
    within: float | None = None
    anywhere: bool = False
    trust: float | None = None
    limit: int = SHOWN


@dataclass(frozen=True, slots=True)
class Discovery:
    """The best results; `total` of them there are, and `hidden` more that only your trust or distance limits hide."""

    results: tuple[ListingView, ...]
    hidden: int
    total: int


class _Rank(NamedTuple):
    """What all matches of one shelf share in the ranking; smaller comes first."""

    calm: bool
    elsewhere: bool  # the words are not in the title
    tenths: int
    distance: float


class _Matches(NamedTuple):
    rank: _Rank
    entries: list[Entry]


class _Opinion(NamedTuple):
    """What a viewer with a wish makes of a shelf, whatever he searches for."""

    verdict: Verdict
    audience: int
    tenths: int  # of trust, the most first
    distance: float  # kilometres; unknown ones are endless
    author: str  # searchable


def discover(replica: Replica, catalogue: Catalogue, search: Search) -> Discovery:
    """Look for what others share. Never waits for the network."""
    wish, audience = _wish(replica, search), _audience(search)
    if not 1 <= search.limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")
    catalogue.catch_up()
    words = tuple(f" {word}" for word in dict.fromkeys(searchable(search.words or "").split()))
    now = replica.clock.now()
    found: list[_Matches] = []
    hidden = 0
    for shelf, opinion in _opinions(replica, catalogue, wish):
        if audience not in (None, opinion.audience):
            continue
        in_title, elsewhere = _matching(
            shelf.in_time(now), search, [word for word in words if word not in opinion.author]
        )
        if words and all(word in opinion.author for word in words):
            in_title, elsewhere = [], in_title
        if opinion.verdict is not Verdict.VISIBLE:
            hidden += len(in_title) + len(elsewhere)
            continue
        for matches, not_in_title in ((in_title, False), (elsewhere, True)):
            if matches:
                rank = _Rank(not shelf.emergency, not_in_title, opinion.tenths, opinion.distance)
                found.append(_Matches(rank, matches))
    best = replica.store.records.get_many([entry.record for entry in islice(_ranked(found), search.limit)])
    return Discovery(
        results=tuple(view(replica, record) for record in best if record.body),
        hidden=hidden,
        total=sum(len(matches.entries) for matches in found),
    )


def _ranked(found: list[_Matches]) -> Iterator[Entry]:
    """All matches, best first; sorted only as far as they are asked for."""
    for _, equals in groupby(sorted(found, key=lambda matches: matches.rank), key=lambda matches: matches.rank):
        yield from heapq.merge(
            *(matches.entries for matches in equals), key=lambda entry: (-entry.created, entry.record)
        )


def _matching(entries: list[Entry], search: Search, words: list[str]) -> tuple[list[Entry], list[Entry]]:
    """The entries that fit: those whose title has all words, and the others; both in the order they came in."""
    if search.type is not None:
        entries = [entry for entry in entries if entry.type == search.type]
    if search.category is not None:
        entries = [entry for entry in entries if entry.category == search.category]
    if not words:
        return entries, []
    for word in words:
        entries = [entry for entry in entries if word in entry.words]
    in_title = [entry for entry in entries if all(entry.words.find(word) < entry.title_end for word in words)]
    if len(in_title) == len(entries):
        return entries, []
    titled = set(map(id, in_title))
    return in_title, [entry for entry in entries if id(entry) not in titled]


def _opinions(replica: Replica, catalogue: Catalogue, wish: Wish) -> Iterator[tuple[Shelf, _Opinion]]:
    """Every shelf of which there is something to say to the owner: what he sees, or hides from himself."""
    if len(catalogue.opinions) > WISHES_REMEMBERED:
        catalogue.opinions.clear()
    formed: dict[Shelf, _Opinion] = catalogue.opinions.setdefault(wish, {})
    for shelf in catalogue.shelves():
        opinion = formed.get(shelf)
        if opinion is None:
            opinion = formed[shelf] = _opinion(replica, catalogue, shelf, wish)
        if opinion.verdict in (Verdict.VISIBLE, Verdict.TOO_LITTLE_REGARD, Verdict.TOO_FAR):
            yield shelf, opinion


def _opinion(replica: Replica, catalogue: Catalogue, shelf: Shelf, wish: Wish) -> _Opinion:
    preference = preference_of(replica, shelf.author)
    facts = ListingFacts(
        audience=effective_audience(shelf.audience, preference),
        place=place_of(replica, shelf.author, shelf.place),
        radius_km=preference.radius_km,
    )
    standing = replica.circle.standing(shelf.author, replica.me)
    verdict = Verdict.NO_CONSENT
    if catalogue.consents(shelf):
        verdict = visible(facts, standing, viewer_place=published(replica), wish=wish)
    unknown = wish.here is None or facts.place is None
    return _Opinion(
        verdict=verdict,
        audience=facts.audience,
        tenths=0 if standing.regard is None else -round(as_trust(standing.regard) * 10),
        distance=math.inf if unknown else distance_km(wish.here or "", facts.place or ""),
        author=searchable(name_of(replica, shelf.author)),
    )


def _wish(replica: Replica, search: Search) -> Wish:
    if search.type is not None and search.type not in LISTING_TYPES:
        raise Usage(f"{search.type!r} is no type", f"one of {', '.join(LISTING_TYPES)}")
    if search.category is not None and search.category not in CATEGORIES:
        raise Usage(f"{search.category!r} is no category", f"one of {', '.join(CATEGORIES)}")
    if search.within is not None and not 0 <= search.within <= WITHIN_MAX_KM:
        raise Usage(f"within goes from 0 to {WITHIN_MAX_KM} km")
    within = math.inf if search.anywhere else search.within
    wish = Wish(within_km=within, here=here(replica))
    if search.trust is None:
        return wish
    return Wish(min_regard=max(WEB, per_mille(search.trust)), within_km=within, here=here(replica))


def _audience(search: Search) -> Audience | None:
    if search.audience is None:
        return None
    return audience_named(search.audience)
