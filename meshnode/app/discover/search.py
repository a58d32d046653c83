"""Computes which listings match a search, and which of those the visibility rule and the viewer's wishes let through.

Words and kinds are decided with sets of bits over all listings at once, trust and distance once for each bucket; nothing
is read from disk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import NamedTuple

from meshnode.app.catalog.catalog import STEP_ASKED, Bucket, Catalog, Entry
from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.naming import name_of
from meshnode.app.owner.places import here, preference_of, published
from meshnode.app.owner.preference import audience_named
from meshnode.app.people.people import per_mille
from meshnode.app.words import has_part, has_word, searchable_name, words_of
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


@dataclass(frozen=True, slots=True)
class Matches:
    """Everything that matches a search and whose author consents."""

    verdicts: Mapping[Bucket, BucketVerdict]
    bits: tuple[int, ...]
    """By Tier, the bits of the matches that are shown."""
    hidden: int
    """The number of matches that only the viewer's limits of trust and distance hide."""
    set_aside: int
    """The number of matches that the viewer has hidden one by one."""
    index: ListingIndex[Bucket]

    @property
    def total(self) -> int:
        """The number of matches that are shown."""
        return sum(bits.bit_count() for bits in self.bits)

    def has(self, doc_id: int) -> bool:
        """Whether the listing of this doc id is a match that is shown."""
        return any(bits >> doc_id & 1 for bits in self.bits)

    def buckets(self, tier: Tier) -> list[tuple[Bucket, BucketVerdict]]:
        """Return the buckets in which there are matches of this tier."""
        return [(bucket, self.verdicts[bucket]) for bucket in self.index.buckets_of(self.bits[tier])]

    def flags(self, tier: Tier) -> bytes:
        """Return a flag for each doc id: whether it is a match of this tier."""
        return self.index.flags(self.bits[tier])

    def everything(self) -> Iterator[tuple[Entry, Bucket]]:
        """Yield all entries that are shown, each with its bucket."""
        for tier in Tier:
            if self.bits[tier]:
                wanted = self.flags(tier)
                for bucket, _ in self.buckets(tier):
                    yield from ((entry, bucket) for entry in bucket.entries if wanted[entry.doc_id])


class _Sight:
    """The verdicts for one wish of the viewer, and the bits of the listings in the buckets on which they are alike."""

    def __init__(self) -> None:
        self.verdicts: dict[Bucket, BucketVerdict] = {}
        self._revision = -1
        self.consented: list[tuple[Bucket, BucketVerdict]] = []
        """The buckets that are visible, or hidden only by the wish."""
        self.visible = self.narrowed = 0
        """The bits of the listings that are visible, and of those that only the wish hides."""

    def refresh(self, replica: Replica, catalog: Catalog, wish: Wish) -> None:
        """Ask the rule about buckets that have no verdict, and sort all of them again if anything has changed."""
        if self._revision == catalog.revision:
            return
        self.consented = []
        visible, narrowed = [], []
        for bucket in catalog.buckets():
            verdict = self.verdicts.get(bucket)
            if verdict is None:
                verdict = self.verdicts[bucket] = _verdict(replica, catalog, bucket, wish)
            if verdict.visibility is Verdict.VISIBLE:
                visible.append(bucket)
            elif verdict.visibility in (Verdict.TOO_LITTLE_REGARD, Verdict.TOO_FAR):
                narrowed.append(bucket)
            else:
                continue
            self.consented.append((bucket, verdict))
        self.visible, self.narrowed = catalog.index.in_buckets(visible), catalog.index.in_buckets(narrowed)
        self._revision = catalog.revision


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
        verdicts = _sight_of(catalog, wish).verdicts
        unknown = [bucket for bucket in catalog.buckets() if bucket not in verdicts]
        for bucket in unknown[:STEP_ASKED]:
            verdicts[bucket] = _verdict(replica, catalog, bucket, wish)
        if len(unknown) <= STEP_ASKED:
            _sight(replica, catalog, query)
            return
        yield


def search(replica: Replica, catalog: Catalog, query: SearchQuery, among: int = -1) -> Matches:
    """Return everything that matches, or what of it has a doc id in the bits `among`. Raises Usage as `check` does."""
    sight = _sight(replica, catalog, query)
    wanted = among & _with_audience(catalog, sight, query)
    found = tuple(bits & wanted for bits in _matching(catalog, query, sight.consented))
    everything, aside = reduce(or_, found), catalog.hidden()
    return Matches(
        sight.verdicts,
        tuple(bits & sight.visible & ~aside for bits in found),
        (everything & sight.narrowed & ~aside).bit_count(),
        (everything & sight.visible & aside).bit_count(),
        catalog.index,
    )


def in_view(replica: Replica, catalog: Catalog, query: SearchQuery) -> int:
    """Return the bits of everything that the limits of this query let through, whatever its words and kinds."""
    sight = _sight(replica, catalog, query)
    return sight.visible & _with_audience(catalog, sight, query)


def _sight(replica: Replica, catalog: Catalog, query: SearchQuery) -> _Sight:
    check(query)
    catalog.catch_up()
    wish = _wish(replica, query)
    sight = _sight_of(catalog, wish)
    sight.refresh(replica, catalog, wish)
    return sight


def _sight_of(catalog: Catalog, wish: Wish) -> _Sight:
    if len(catalog.sights) > WISHES_CACHED:
        catalog.sights.clear()
    known = catalog.sights.get(wish)
    if known is None:
        known = catalog.sights[wish] = _Sight()
    assert isinstance(known, _Sight)
    return known


def _with_audience(catalog: Catalog, sight: _Sight, query: SearchQuery) -> int:
    """Return the bits of the listings that have the audience which the query asks for in effect."""
    audience = _audience(query)
    if audience is None:
        return -1
    return catalog.index.in_buckets([bucket for bucket, verdict in sight.consented if verdict.audience == audience])


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
    # Most names do not have its letters at all, which is found out quickly.
    authors = ((bucket, verdict.author) for bucket, verdict in verdicts if word in verdict.author)
    return catalog.index.in_buckets([bucket for bucket, author in authors if has(author, word)])


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
        author=searchable_name(name_of(replica, bucket.author)),
    )


def _wish(replica: Replica, query: SearchQuery) -> Wish:
    within = math.inf if query.anywhere else query.within
    wish = Wish(within_km=within, here=here(replica))
    if query.trust is None:
        return wish
    return Wish(min_regard=max(WEB, per_mille(query.trust)), within_km=within, here=here(replica))


def _audience(query: SearchQuery) -> Audience | None:
    return None if query.audience is None else audience_named(query.audience)
