"""Computes which listings match a search, and which of those the visibility rule and the viewer's wishes let through.

Words and kinds are decided with sets of bits over all listings at once, and so are the answers of the rule, which
`catalog.sight` remembers; nothing is read from disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import reduce
from operator import or_

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.sight import Sight
from meshnode.app.owner.preference import audience_named
from meshnode.app.people.people import per_mille
from meshnode.app.words import has_part, has_word, words_of
from meshnode.errors import Field, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import CATEGORIES, LISTING_TYPES, Audience
from protocol.trust import WEB, Wish

WITHIN_MAX_KM = 40_000  # once around the earth
WORDS_MAX = 200  # letters of all words looked for


class SearchQuery(Struct, frozen=True):
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


class Tier(IntEnum):
    """Where a listing has the words that are looked for. A smaller value is shown first."""

    TITLE = 0
    """All in the title, but for those in the author's name."""
    ELSEWHERE = 1
    """Some in the text, the tags, or only in the author's name."""
    PARTS = 2
    """Some only inside other words."""


class Matches(Struct, frozen=True):
    """Everything that matches a search and whose author consents."""

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

    def buckets(self, tier: Tier) -> list[Bucket]:
        """Return the buckets in which there are matches of this tier."""
        return self.index.buckets_of(self.bits[tier])

    def flags(self, tier: Tier) -> bytes:
        """Return a flag for each doc id: whether it is a match of this tier."""
        return self.index.flags(self.bits[tier])

    def everything(self) -> Iterator[tuple[Entry, Bucket]]:
        """Yield all entries that are shown, each with its bucket."""
        for tier in Tier:
            if self.bits[tier]:
                wanted = self.flags(tier)
                for bucket in self.buckets(tier):
                    yield from ((entry, bucket) for entry in bucket.entries if wanted[entry.doc_id])


def check(query: SearchQuery) -> None:
    """Raise Usage that names the wrong part of the search, if there is one."""
    if query.type is not None and query.type not in LISTING_TYPES:
        raise Usage(
            "{type} is not a type",
            "use one of {words}",
            field=Field.TYPE,
            type=repr(query.type),
            words=", ".join(LISTING_TYPES),
        )
    if query.category is not None and query.category not in CATEGORIES:
        raise Usage(
            "{category} is not a category",
            "use one of {words}",
            field=Field.CATEGORY,
            category=repr(query.category),
            words=", ".join(CATEGORIES),
        )
    if query.within is not None and not 0 <= query.within <= WITHIN_MAX_KM:
        raise Usage("within goes from 0 to {within_max_km} km", field=Field.WITHIN, within_max_km=WITHIN_MAX_KM)
    if query.words is not None and len(query.words) > WORDS_MAX:
        raise Usage(
            "the search is too long", "it can have {words_max} characters", field=Field.WORDS, words_max=WORDS_MAX
        )
    if query.trust is not None:
        per_mille(query.trust)
    _audience(query)


def preparing(catalog: Catalog, query: SearchQuery) -> Steps[None]:
    """Take the steps that `search` would have to take at once; when they are done, little is left to do.

    Raises Usage as `check` does.
    """
    check(query)
    yield from catalog.preparing()
    yield from catalog.sights.preparing(_wish(query))


def state(replica: Replica, catalog: Catalog) -> object:
    """Return what changes with everything that a search depends on."""
    return replica.trust_state.version, catalog.generation, catalog.noted, catalog.hidden.bits()


def search(catalog: Catalog, query: SearchQuery, among: int = -1) -> Matches:
    """Return everything that matches, or what of it has a doc id in the bits `among`. Raises Usage as `check` does."""
    sight = _sight(catalog, query)
    wanted = among & _with_audience(catalog, query)
    found = tuple(bits & wanted for bits in _matching(catalog, query))
    everything, aside = reduce(or_, found), catalog.hidden.bits()
    return Matches(
        tuple(bits & sight.visible & ~aside for bits in found),
        (everything & sight.narrowed & ~aside).bit_count(),
        (everything & sight.visible & aside).bit_count(),
        catalog.index,
    )


def in_view(catalog: Catalog, query: SearchQuery) -> int:
    """Return the bits of everything that the limits of this query let through, whatever its words and kinds."""
    return _sight(catalog, query).visible & _with_audience(catalog, query)


def _sight(catalog: Catalog, query: SearchQuery) -> Sight:
    check(query)
    catalog.catch_up()
    return catalog.sights.of(_wish(query))


def _with_audience(catalog: Catalog, query: SearchQuery) -> int:
    """Return the bits of the listings that have the audience which the query asks for in effect."""
    audience = _audience(query)
    if audience is None:
        return -1
    return catalog.index.in_buckets(
        [bucket for bucket in catalog.buckets() if catalog.sights.audience(bucket) == audience]
    )


def _matching(catalog: Catalog, query: SearchQuery) -> tuple[int, ...]:
    """Return by Tier the bits of the matches, each in the first that fits.

    A match by title has at least one word there, and not only words of the author's name.
    """
    whole = catalog.index.of_kind(*filter(None, (query.type, query.category)))
    words = words_of(query.words or "")
    if not words:
        return whole, 0, 0
    titled = by_author = with_parts = whole
    for word in dict.fromkeys(words):
        authors, authors_in_part = _by_author(catalog, word)
        in_title, in_text = catalog.index.with_word(word)
        titled &= in_title | authors
        whole &= in_title | in_text | authors
        by_author &= authors
        with_parts &= in_title | in_text | authors_in_part | catalog.index.with_part(word)
    titled &= ~by_author
    return titled, whole & ~titled, with_parts & ~whole


def _by_author(catalog: Catalog, word: str) -> tuple[int, int]:
    """Return the bits of the listings whose author's name has this word, and of those that have it as a part or whole."""
    names = {author: name for author in catalog.authors() if word in (name := catalog.sights.author(author).name)}
    having = {author for author, name in names.items() if has_word(name, word)}  # most names have not even its letters
    in_part = {author for author, name in names.items() if has_part(name, word)}
    whole = catalog.doc_ids_by(having)
    return whole, whole if in_part == having else catalog.doc_ids_by(in_part)


def _wish(query: SearchQuery) -> Wish:
    """Return the limits of trust and distance; `catalog.sights` measures from where the owner is."""
    within = float("inf") if query.anywhere else query.within
    return Wish(within_km=within) if query.trust is None else Wish(max(WEB, per_mille(query.trust)), within)


def _audience(query: SearchQuery) -> Audience | None:
    return None if query.audience is None else audience_named(query.audience)
