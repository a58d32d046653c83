"""What a search comes to: which listings match it, shelf by shelf, and what the one rule and the wishes say of each.

It is decided with sets of bits over all listings at once, and by shelf where people matter; nothing is read from disk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from meshnode.app.catalog.catalog import Bucket, Catalog, Entry, searchable
from meshnode.app.catalog.word_index import words_of
from meshnode.app.listings.view import place_of
from meshnode.app.naming import name_of
from meshnode.app.owner.places import here, preference_of, published
from meshnode.app.owner.preference import audience_named
from meshnode.app.people.people import per_mille
from meshnode.errors import Usage
from meshnode.replica.replica import Replica
from protocol import CATEGORIES, LISTING_TYPES, Audience, distance_km
from protocol.trust import WEB, ListingFacts, Verdict, Wish, as_trust, effective_audience, visible

WISHES_REMEMBERED = 40  # different limits of trust and distance; words, types and categories are none
WITHIN_MAX_KM = 40_000  # once around
WORDS_MAX = 200  # letters of all words looked for


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to look for.

    `words`: each must begin a word of title, text, tags or the author's name. `within`: kilometers; without it 50, and
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


class BucketVerdict(NamedTuple):
    """What the viewer, with a wish, makes of a shelf, whatever he searches for."""

    verdict: Verdict
    audience: int
    trust: float
    distance: float  # kilometers; unknown ones are endless
    author: str  # searchable


class Match(NamedTuple):
    """What matches on one shelf: how many entries by their titles, and how many otherwise."""

    bucket: Bucket
    opinion: BucketVerdict
    in_title: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Matches:
    """All that matches a search, consented to by its authors; `in_title` and `elsewhere` flag the places of entries."""

    shown: tuple[Match, ...]
    hidden: int
    """How many more only the viewer's limits of trust and distance hide."""
    set_aside: int
    """How many would be shown, had the viewer not hidden them one by one."""
    in_title: bytes
    elsewhere: bytes

    @property
    def total(self) -> int:
        """How many are shown."""
        return sum(match.in_title + match.elsewhere for match in self.shown)

    def entries(self, match: Match, *, elsewhere: bool) -> Iterator[Entry]:
        """What matches on this shelf, newest first: by the titles, or otherwise."""
        wanted = self.elsewhere if elsewhere else self.in_title
        return (entry for entry in match.bucket.entries if wanted[entry.place])

    def everything(self) -> Iterator[tuple[Entry, Bucket]]:
        """All entries that are shown, with the shelves on which they stand."""
        for match in self.shown:
            for elsewhere in (False, True):
                yield from ((entry, match.bucket) for entry in self.entries(match, elsewhere=elsewhere))


def check(sought: SearchQuery) -> None:
    """Usage, saying which part of the search makes no sense, if one does not."""
    if sought.type is not None and sought.type not in LISTING_TYPES:
        raise Usage(f"{sought.type!r} is not a type", f"the types are {', '.join(LISTING_TYPES)}")
    if sought.category is not None and sought.category not in CATEGORIES:
        raise Usage(f"{sought.category!r} is not a category", f"the categories are {', '.join(CATEGORIES)}")
    if sought.within is not None and not 0 <= sought.within <= WITHIN_MAX_KM:
        raise Usage(f"within goes from 0 to {WITHIN_MAX_KM} km")
    if sought.words is not None and len(sought.words) > WORDS_MAX:
        raise Usage("the search is too long", f"it can have {WORDS_MAX} characters")
    if sought.trust is not None:
        per_mille(sought.trust)
    _audience(sought)


def search(replica: Replica, catalog: Catalog, sought: SearchQuery, among: int | None = None) -> Matches:
    """Everything that matches, or what of it stands `among` these places. Usage where the search makes no sense."""
    opinions = list(standpoint(replica, catalog, sought))
    in_title, elsewhere = _matching(catalog, sought, opinions)
    if among is not None:
        in_title, elsewhere = in_title & among, elsewhere & among
    aside = catalog.hidden()
    set_aside = catalog.index.by_bucket((in_title | elsewhere) & aside)
    in_title, elsewhere = in_title & ~aside, elsewhere & ~aside
    titled, others = catalog.index.by_bucket(in_title), catalog.index.by_bucket(elsewhere)
    shown: list[Match] = []
    hidden = hidden_one_by_one = 0
    for bucket, opinion in opinions:
        match = Match(bucket, opinion, titled[bucket], others[bucket])
        if opinion.verdict is not Verdict.VISIBLE:
            hidden += match.in_title + match.elsewhere
            continue
        hidden_one_by_one += set_aside[bucket]
        if match.in_title or match.elsewhere:
            shown.append(match)
    return Matches(
        tuple(shown), hidden, hidden_one_by_one, catalog.index.flags(in_title), catalog.index.flags(elsewhere)
    )


def standpoint(replica: Replica, catalog: Catalog, sought: SearchQuery) -> Iterator[tuple[Bucket, BucketVerdict]]:
    """Every shelf of which there is something to say to who seeks so: what he sees, or hides from himself by limits."""
    check(sought)
    catalog.catch_up()
    audience = _audience(sought)
    for bucket, opinion in _opinions(replica, catalog, _wish(replica, sought)):
        if audience in (None, opinion.audience):
            yield bucket, opinion


def _matching(catalog: Catalog, sought: SearchQuery, opinions: list[tuple[Bucket, BucketVerdict]]) -> tuple[int, int]:
    """The bits of what matches: with all words in the title that are not the author's, and the others."""
    whole = catalog.index.of_kind(*filter(None, (sought.type, sought.category)))
    words = words_of(sought.words or "")
    if not words:
        return whole, 0
    titled = by_author = whole
    for word in dict.fromkeys(words):
        authors = catalog.index.on([bucket for bucket, opinion in opinions if f" {word}" in opinion.author])
        in_title, in_text = catalog.index.with_word(word)
        titled &= in_title | authors
        whole &= in_title | in_text | authors
        by_author &= authors
    titled &= ~by_author
    return titled, whole & ~titled


def _opinions(replica: Replica, catalog: Catalog, wish: Wish) -> Iterator[tuple[Bucket, BucketVerdict]]:
    if len(catalog.verdicts) > WISHES_REMEMBERED:
        catalog.verdicts.clear()
    formed: dict[Bucket, BucketVerdict] = catalog.verdicts.setdefault(wish, {})
    for bucket in catalog.buckets():
        opinion = formed.get(bucket)
        if opinion is None:
            opinion = formed[bucket] = _opinion(replica, catalog, bucket, wish)
        if opinion.verdict in (Verdict.VISIBLE, Verdict.TOO_LITTLE_REGARD, Verdict.TOO_FAR):
            yield bucket, opinion


def _opinion(replica: Replica, catalog: Catalog, bucket: Bucket, wish: Wish) -> BucketVerdict:
    preference = preference_of(replica, bucket.author)
    facts = ListingFacts(
        audience=effective_audience(bucket.audience, preference),
        place=place_of(replica, bucket.author, bucket.place),
        radius_km=preference.radius_km,
    )
    standing = replica.trust_state.standing(bucket.author, replica.me)
    verdict = Verdict.NO_CONSENT
    if catalog.consents(bucket):
        verdict = visible(facts, standing, viewer_place=published(replica), wish=wish)
    unknown = wish.here is None or facts.place is None
    return BucketVerdict(
        verdict=verdict,
        audience=facts.audience,
        trust=0.0 if standing.regard is None else as_trust(standing.regard),
        distance=math.inf if unknown else distance_km(wish.here or "", facts.place or ""),
        author=searchable(name_of(replica, bucket.author)),
    )


def _wish(replica: Replica, sought: SearchQuery) -> Wish:
    within = math.inf if sought.anywhere else sought.within
    wish = Wish(within_km=within, here=here(replica))
    if sought.trust is None:
        return wish
    return Wish(min_regard=max(WEB, per_mille(sought.trust)), within_km=within, here=here(replica))


def _audience(sought: SearchQuery) -> Audience | None:
    return None if sought.audience is None else audience_named(sought.audience)
