"""Computes which listings match a search, and which of those the visibility rule and the viewer's wishes let through.

Words and kinds are decided with sets of bits over all listings at once, trust and distance once for each bucket; nothing
is read from disk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import NamedTuple

from meshnode.app.catalog.catalog import STEP_ASKED, Bucket, Catalog, Entry
from meshnode.app.naming import name_of
from meshnode.app.owner.places import here, preference_of, published
from meshnode.app.owner.preference import audience_named
from meshnode.app.people.people import per_mille
from meshnode.app.words import has_part, has_word, searchable, words_of
from meshnode.errors import Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import CATEGORIES, LISTING_TYPES, Audience, distance_km
from protocol.trust import WEB, Verdict, Wish, as_trust, listing_facts, visible

WISHES_CACHED = 40  # different limits of trust and distance; words, types and categories make no difference
WITHIN_MAX_KM = 40_000  # once around the earth
WORDS_MAX = 200  # letters of all words looked for


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search.

    `words`: each must begin a word of title, text, tags or the author's name, or else be a part of one. `within`: kilometers; without it 50, and
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
    """The answer of the visibility rule about a bucket for one wish of the viewer, and the facts that rank it."""

    visibility: Verdict
    audience: int
    """The audience in effect."""
    trust: float
    """The viewer's in the author."""
    distance: float
    """Kilometers; infinite where it is unknown."""
    author: str
    """The author's name, searchable."""


class Tier(IntEnum):
    """Where a listing has the words that are looked for. A smaller value is shown first."""

    TITLE = 0
    """All in the title, but for those in the author's name."""
    ELSEWHERE = 1
    """Some in the text, the tags, or only in the author's name."""
    PARTS = 2
    """Some only inside other words."""


class Match(NamedTuple):
    """The number of matches in one bucket, by Tier."""

    bucket: Bucket
    verdict: BucketVerdict
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """Everything that matches a search and whose author consents."""

    shown: tuple[Match, ...]
    hidden: int
    """The number of matches that only the viewer's limits of trust and distance hide."""
    set_aside: int
    """The number of matches that the viewer has hidden one by one."""
    flags: tuple[bytes, ...]
    """By Tier, a flag for each doc id."""

    @property
    def total(self) -> int:
        """The number of matches that are shown."""
        return sum(sum(match.counts) for match in self.shown)

    def entries(self, match: Match, tier: Tier) -> Iterator[Entry]:
        """Yield the matches in this bucket that have the words there, newest first."""
        wanted = self.flags[tier]
        return (entry for entry in match.bucket.entries if wanted[entry.doc_id])

    def everything(self) -> Iterator[tuple[Entry, Bucket]]:
        """Yield all entries that are shown, each with its bucket."""
        for match in self.shown:
            for tier in Tier:
                yield from ((entry, match.bucket) for entry in self.entries(match, tier))


def check(query: SearchQuery) -> None:
    """Raise Usage that names the wrong part of the search, if there is one."""
    if query.type is not None and query.type not in LISTING_TYPES:
        raise Usage(f"{query.type!r} is not a type", f"use one of {', '.join(LISTING_TYPES)}")
    if query.category is not None and query.category not in CATEGORIES:
        raise Usage(f"{query.category!r} is not a category", f"use one of {', '.join(CATEGORIES)}")
    if query.within is not None and not 0 <= query.within <= WITHIN_MAX_KM:
        raise Usage(f"within goes from 0 to {WITHIN_MAX_KM} km")
    if query.words is not None and len(query.words) > WORDS_MAX:
        raise Usage("the search is too long", f"it can have {WORDS_MAX} characters")
    if query.trust is not None:
        per_mille(query.trust)
    _audience(query)


def preparing(replica: Replica, catalog: Catalog, query: SearchQuery) -> Steps[None]:
    """Take the steps that `search` would have to take at once; when they are done, little is left to do.

    Raises Usage as `check` does.
    """
    check(query)
    while True:
        yield from catalog.preparing()
        wish = _wish(replica, query)
        verdicts = _known_verdicts(catalog, wish)
        unknown = [bucket for bucket in catalog.buckets() if bucket not in verdicts]
        if len(unknown) <= STEP_ASKED:
            return
        for bucket in unknown[:STEP_ASKED]:
            verdicts[bucket] = _verdict(replica, catalog, bucket, wish)
        yield


def search(replica: Replica, catalog: Catalog, query: SearchQuery, among: int | None = None) -> Matches:
    """Return everything that matches, or what of it has a doc id in the bits `among`. Raises Usage as `check` does."""
    verdicts = list(bucket_verdicts(replica, catalog, query))
    found = _matching(catalog, query, verdicts)
    if among is not None:
        found = tuple(bits & among for bits in found)
    aside = catalog.hidden()
    set_aside = catalog.index.count_by_bucket(reduce(or_, found) & aside)
    found = tuple(bits & ~aside for bits in found)
    counts = [catalog.index.count_by_bucket(bits) for bits in found]
    shown: list[Match] = []
    hidden = hidden_one_by_one = 0
    for bucket, verdict in verdicts:
        match = Match(bucket, verdict, tuple(count[bucket] for count in counts))
        if verdict.visibility is not Verdict.VISIBLE:
            hidden += sum(match.counts)
            continue
        hidden_one_by_one += set_aside[bucket]
        if any(match.counts):
            shown.append(match)
    return Matches(tuple(shown), hidden, hidden_one_by_one, tuple(catalog.index.flags(bits) for bits in found))


def bucket_verdicts(replica: Replica, catalog: Catalog, query: SearchQuery) -> Iterator[tuple[Bucket, BucketVerdict]]:
    """Yield the buckets of the wanted audience that are visible, or hidden only by limits of the query."""
    check(query)
    catalog.catch_up()
    audience = _audience(query)
    for bucket, verdict in _consented(replica, catalog, _wish(replica, query)):
        if audience in (None, verdict.audience):
            yield bucket, verdict


def _matching(catalog: Catalog, query: SearchQuery, verdicts: list[tuple[Bucket, BucketVerdict]]) -> tuple[int, ...]:
    """Return by Tier the bits of the matches, each in the first that fits.

    A match by title has at least one word there, and not only words of the author's name.
    """
    whole = catalog.index.of_kind(*filter(None, (query.type, query.category)))
    words = words_of(query.words or "")
    if not words:
        return whole, 0, 0
    titled = by_author = with_parts = whole
    for word in dict.fromkeys(words):
        authors = _by_author(catalog, verdicts, has_word, word)
        in_title, in_text = catalog.index.with_word(word)
        titled &= in_title | authors
        whole &= in_title | in_text | authors
        by_author &= authors
        authors = _by_author(catalog, verdicts, has_part, word)  # a name that has the word has it as a part too
        with_parts &= in_title | in_text | authors | catalog.index.with_part(word)
    titled &= ~by_author
    return titled, whole & ~titled, with_parts & ~whole


def _by_author(
    catalog: Catalog,
    verdicts: list[tuple[Bucket, BucketVerdict]],
    has: Callable[[str, str], bool],
    word: str,
) -> int:
    """Return the bits of the listings whose author's name has this word."""
    return catalog.index.in_buckets([bucket for bucket, verdict in verdicts if has(verdict.author, word)])


def _consented(replica: Replica, catalog: Catalog, wish: Wish) -> Iterator[tuple[Bucket, BucketVerdict]]:
    cached = _known_verdicts(catalog, wish)
    for bucket in catalog.buckets():
        verdict = cached.get(bucket)
        if verdict is None:
            verdict = cached[bucket] = _verdict(replica, catalog, bucket, wish)
        if verdict.visibility in (Verdict.VISIBLE, Verdict.TOO_LITTLE_REGARD, Verdict.TOO_FAR):
            yield bucket, verdict


def _known_verdicts(catalog: Catalog, wish: Wish) -> dict[Bucket, BucketVerdict]:
    if len(catalog.verdicts) > WISHES_CACHED:
        catalog.verdicts.clear()
    return catalog.verdicts.setdefault(wish, {})


def _verdict(replica: Replica, catalog: Catalog, bucket: Bucket, wish: Wish) -> BucketVerdict:
    facts = listing_facts(
        bucket.audience,
        bucket.place,
        preference=preference_of(replica, bucket.author),
        author_place=replica.trust_state.published_place(bucket.author),
    )
    standing = replica.trust_state.standing(bucket.author, replica.me)
    visibility = Verdict.NO_CONSENT
    if catalog.consents(bucket):
        visibility = visible(facts, standing, viewer_place=published(replica), wish=wish)
    unknown = wish.here is None or facts.place is None
    return BucketVerdict(
        visibility=visibility,
        audience=facts.audience,
        trust=0.0 if standing.regard is None else as_trust(standing.regard),
        distance=math.inf if unknown else distance_km(wish.here or "", facts.place or ""),
        author=searchable(name_of(replica, bucket.author)),
    )


def _wish(replica: Replica, query: SearchQuery) -> Wish:
    within = math.inf if query.anywhere else query.within
    wish = Wish(within_km=within, here=here(replica))
    if query.trust is None:
        return wish
    return Wish(min_regard=max(WEB, per_mille(query.trust)), within_km=within, here=here(replica))


def _audience(query: SearchQuery) -> Audience | None:
    return None if query.audience is None else audience_named(query.audience)
