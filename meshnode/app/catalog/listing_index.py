"""Which listings have a word, a type or a category, and on which shelf each stands: sets of bits over numbered places.

A place is given to a listing when it comes, and to no other later: places taken out of use are left out of every answer
until all is read anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import compress, islice
from typing import Generic, TypeVar

from meshnode.app.catalog.word_index import DocIds, WordIndex, bits_of, doc_ids_in, flags
from meshnode.app.words import words_of
from protocol import Listing, PersonId, limits

_FEW = 64  # places that are sooner looked at one by one

BucketId = TypeVar("BucketId")


class ListingIndex(Generic[BucketId]):
    """Listings by place."""

    def __init__(self) -> None:
        self._titles, self._texts, self._kinds = WordIndex(), WordIndex(), WordIndex()
        self._words_of: Counter[PersonId] = Counter()  # how many words each was the first to use
        self._shelf_at: list[BucketId] = []  # by place
        self._live = DocIds()
        self._vacated = 0

    # --- coming and going ----------------------------------------------------------------------------------------------

    def put(self, bucket: BucketId, author: PersonId, listing: Listing) -> int:
        """Give `listing` a place; returns it."""
        place = len(self._shelf_at)
        self._shelf_at.append(bucket)
        self._live.add(place)
        self._kinds.add(place, (listing.type, listing.category), limits.INT_MAX)
        left = limits.SEARCH_WORDS_MAX
        for index, text in ((self._titles, listing.title), (self._texts, " ".join((listing.text, *listing.tags)))):
            words = tuple(islice(dict.fromkeys(words_of(text)), left))
            in_all = limits.SEARCH_WORDS_IN_ALL_MAX - len(self._titles) - len(self._texts)
            new_max = min(limits.SEARCH_WORDS_FROM_ONE_MAX - self._words_of[author], in_all)
            self._words_of[author] += index.add(place, words, new_max)
            left -= len(words)
        return place

    def vacate(self, place: int) -> None:
        """The listing there is in use no more."""
        self._live.discard(place)
        self._vacated += 1

    def is_worn(self, spare: int) -> bool:
        """Whether more than half of all places, and more than `spare`, were vacated: time to read all anew."""
        return self._vacated > spare + len(self._shelf_at) // 2

    def in_use(self, place: int) -> bool:
        """Whether the listing there is in use."""
        return bool(int(self._live) >> place & 1)

    # --- asking --------------------------------------------------------------------------------------------------------

    def of_kind(self, *kinds: str) -> int:
        """The bits of the places in use that are of all these types and categories."""
        bits = int(self._live)
        for kind in kinds:
            bits &= self._kinds.with_prefix(kind)
        return bits

    def with_word(self, beginning: str) -> tuple[int, int]:
        """The bits of the places that have a word which begins so: in the title, and in text or tags."""
        return self._titles.with_prefix(beginning), self._texts.with_prefix(beginning)

    def on(self, buckets: Collection[BucketId]) -> int:
        """The bits of all places on these shelves."""
        return bits_of(map(set(buckets).__contains__, self._shelf_at)) if buckets else 0

    def by_bucket(self, bits: int) -> Counter[BucketId]:
        """How many of these places each shelf has."""
        if bits.bit_count() > _FEW:
            return Counter(compress(self._shelf_at, self.flags(bits)))
        return Counter(self._shelf_at[place] for place in doc_ids_in(bits))

    def flags(self, bits: int) -> bytes:
        """One byte for each place: 1 where its bit is set, else 0."""
        return flags(bits, len(self._shelf_at))
