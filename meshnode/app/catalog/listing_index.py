"""Indexes listings by word, type, category and bucket; sets of listings are sets of bits over their doc ids.

A listing gets a new doc id when it is added, and no doc id is used twice: those of removed listings are left out of every
answer until the index is built again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import compress, islice
from typing import Generic, TypeVar

from meshnode.app.catalog.word_index import DocIds, WordIndex, bits_of, doc_ids_in, flags
from meshnode.app.words import index_words, is_part, is_spaceless, sought_words
from protocol import Listing, PersonId, limits

NOTICE_BOARD = (
    "notice board"  # the kind of the listings that others may put up in public; no type or category begins so
)
_FEW = 64  # up to so many doc ids, looking at them one by one is quicker

BucketT = TypeVar("BucketT")


class ListingIndex(Generic[BucketT]):
    """Indexes listings under doc ids, and knows the bucket of each; a bucket is any hashable value of the caller's."""

    def __init__(self) -> None:
        self._titles, self._texts, self._kinds = WordIndex(), WordIndex(), WordIndex()
        self._new_words: Counter[PersonId] = Counter()  # by author, how many words nobody had used before
        self._words_behind: Counter[PersonId | None] = Counter()  # likewise, by introducer
        self._bucket_of: list[BucketT] = []  # by doc id
        self._live = DocIds()
        self._removed = 0

    def __len__(self) -> int:
        """The number of doc ids ever given out."""
        return len(self._bucket_of)

    # --- adding and removing -------------------------------------------------------------------------------------------

    def add(self, bucket: BucketT, author: PersonId, introducer: PersonId | None, listing: Listing) -> int:
        """Add `listing` of this author, for whom `introducer` answers; returns its doc id.

        New words are left out where the author has added too many, and where all behind the introducer have added more
        than there is room for after them: so there is always room for the words of others. People without an introducer
        share a small part.
        """
        doc_id = len(self._bucket_of)
        self._bucket_of.append(bucket)
        self._live.add(doc_id)
        kinds = (listing.type, listing.category, *([NOTICE_BOARD] if listing.notice_board else []))
        self._kinds.add(doc_id, kinds, limits.INT_MAX)
        left = limits.SEARCH_WORDS_MAX
        for index, text in ((self._titles, listing.title), (self._texts, " ".join((*listing.tags, listing.text)))):
            words = tuple(islice(dict.fromkeys(index_words(text)), left))
            in_all = limits.SEARCH_WORDS_IN_ALL_MAX - len(self._titles) - len(self._texts)
            behind = self._words_behind[introducer]
            if introducer is None:
                left_behind = min(in_all, limits.SEARCH_WORDS_IN_ALL_MAX // limits.STRANGERS_PART - behind)
            else:
                left_behind = (in_all - behind + 1) // 2
            new_max = min(limits.SEARCH_WORDS_FROM_ONE_MAX - self._new_words[author], left_behind)
            new = index.add(doc_id, words, new_max)
            self._new_words[author] += new
            self._words_behind[introducer] += new
            left -= len(words)
        return doc_id

    def remove(self, doc_id: int) -> None:
        """Remove the listing of this doc id."""
        self._live.discard(doc_id)
        self._removed += 1

    @property
    def has_all_titles(self) -> bool:
        """Whether every word of every title is in the index: the caps on words have left none out."""
        return self._titles.has_all

    def is_sparse(self, spare: int) -> bool:
        """Whether more than half of all doc ids, and more than `spare`, are unused: time to build the index again."""
        return self._removed > spare + len(self._bucket_of) // 2

    def is_live(self, doc_id: int) -> bool:
        """Whether the listing of this doc id is still in the index."""
        return bool(int(self._live) >> doc_id & 1)

    def bucket_of(self, doc_id: int) -> BucketT:
        """Return the bucket of this doc id, whose listing may be removed."""
        return self._bucket_of[doc_id]

    # --- asking --------------------------------------------------------------------------------------------------------

    def of_kind(self, *kinds: str, among: int | None = None) -> int:
        """Return the bits of the listings that are of all these types and categories.

        With `among`, these are the listings that may be meant, removed ones too.
        """
        bits = int(self._live) if among is None else among
        for kind in kinds:
            bits &= self._kinds.with_prefix(kind)
        return bits

    def with_word(self, word: str) -> tuple[int, int]:
        """Return the bits of the listings with a word that begins so in the title, and of those with one elsewhere.

        `word` is one of `words_of` a search. Of a run of a script without spaces all pairs of letters must be there.
        """
        in_title = in_text = -1
        for sought in sought_words(word):
            in_title &= self._titles.with_prefix(sought)
            in_text &= self._texts.with_prefix(sought)
        return in_title, in_text

    def with_part(self, word: str) -> int:
        """Return the bits of the listings that have `word` inside a word, in the title or elsewhere; none if it is short."""
        if is_spaceless(word) or not is_part(word):
            return 0
        return self._titles.with_part(word) | self._texts.with_part(word)

    def in_buckets(self, buckets: Collection[BucketT]) -> int:
        """Return the bits of all doc ids in these buckets."""
        return bits_of(map(set(buckets).__contains__, self._bucket_of)) if buckets else 0

    def doc_ids_in_bucket(self, bucket: BucketT) -> list[int]:
        """Return all doc ids in this bucket, removed ones too."""
        return [doc_id for doc_id, one in enumerate(self._bucket_of) if one is bucket]

    def buckets_of(self, bits: int) -> list[BucketT]:
        """Return the buckets in which these doc ids are, each once, in the order of their lowest."""
        if bits.bit_count() > _FEW:
            return list(dict.fromkeys(compress(self._bucket_of, self.flags(bits))))
        return list(dict.fromkeys(self._bucket_of[doc_id] for doc_id in doc_ids_in(bits)))

    def flags(self, bits: int) -> bytes:
        """Return one byte for each doc id: 1 where its bit is set, else 0."""
        return flags(bits, len(self._bucket_of))
