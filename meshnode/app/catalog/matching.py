"""Finds the listings that a typed text may mean, by id, title or any words, for `picking.pick` to choose from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import reduce
from itertools import chain, islice
from operator import and_, or_

from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.catalog.ids import numbers_of
from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.picking import ID_PREFIX_MIN
from meshnode.app.words import has_word, is_part, is_spaceless, searchable, words_of
from protocol import PersonId

MATCHING_MAX = 50  # listings that fit a text by mere words and are read from the store, to say which they are


def numbers_meant(text: str) -> range:
    """Return the numbers of the ids that `text` begins, where it is long enough to be meant as one."""
    as_id = text.strip().casefold()
    return numbers_of(as_id) if len(as_id) >= ID_PREFIX_MIN else range(0)


class Meaning:
    """Finds what a text means among the listings in some buckets; of these only those in the bits `among`.

    `name_of` returns the searchable name of an author, and `doc_ids_by` the bits of the listings of some authors.
    """

    def __init__(
        self,
        index: ListingIndex[Bucket],
        buckets: Collection[Bucket],
        among: int,
        name_of: Callable[[PersonId], str],
        doc_ids_by: Callable[[Collection[PersonId]], int],
    ) -> None:
        self._index = index
        self._buckets = buckets
        self._among = among
        self._name_of = name_of
        self._doc_ids_by = doc_ids_by

    def all_ways(self, text: str) -> list[Entry]:
        """Return what fits in any way."""
        return list(chain.from_iterable(self._by_words(text)))

    def best_way(self, text: str) -> list[Entry]:
        """Return what fits in the best way in which anything does.

        Of those that have not the whole title, MATCHING_MAX at most, since a word of a hundred thousand would be too
        much to read.
        """
        return next(filter(None, self._by_words(text)), [])

    def _by_words(self, text: str) -> Iterator[list[Entry]]:
        """Yield the listings that fit `text` in each of the ways of `picking.MatchKind`, best first."""
        title, words = searchable(text), words_of(text)
        titled = self._titled(words)
        yield [entry for entry in titled if entry.title == title]
        yield [entry for entry in titled if entry.title.startswith(title)][:MATCHING_MAX]
        yield list(
            islice((entry for entry in titled if all(has_word(entry.title, word) for word in words)), MATCHING_MAX)
        )
        yield self._with_words(words)[:MATCHING_MAX]

    def _titled(self, words: list[str]) -> list[Entry]:
        """Return the listings that have all words in the title: perhaps as parts, unless the index has all titles."""
        if not words or not self._index.has_all_titles:
            titled = self._entries_in(self._among)
            for word in words:  # one after the other, as few titles have even the letters of one
                titled = [entry for entry in titled if word in entry.title]
            return titled
        return self._entries_in(reduce(and_, (self._index.with_word(word)[0] for word in words)))

    def _entries_in(self, bits: int) -> list[Entry]:
        """Return the listings that have these doc ids, in the order of the buckets."""
        bits &= self._among
        wanted, having = self._index.flags(bits), set(self._index.buckets_of(bits))
        some = (one.entries for one in self._buckets if one in having)
        return [entry for entries in some for entry in entries if wanted[entry.doc_id]]

    def _with_words(self, words: list[str]) -> list[Entry]:
        """Return the listings that have all words anywhere, else those that have them as parts."""
        names = {author: self._name_of(author) for author in {one.author for one in self._buckets}}
        found = parts = self._among

        def by(authors: set[PersonId]) -> int:
            if 2 * len(authors) > len(names):  # a word that most names have: looking for the few others is quicker
                return self._among & ~self._doc_ids_by(names.keys() - authors)
            return self._doc_ids_by(authors)

        for word in words:
            anywhere = or_(*self._index.with_word(word))
            having = {author: name for author, name in names.items() if word in name}  # most have not its letters
            begun = word if is_spaceless(word) else f" {word}"
            whole = {author for author, name in having.items() if begun in name}
            part = set(having) if is_part(word) else whole
            found &= anywhere | (of_whole := by(whole))
            parts &= anywhere | (of_whole if part == whole else by(part)) | self._index.with_part(word)
        return self._entries_in(found or parts)


def entries_in(buckets: Iterable[Bucket]) -> Iterator[Entry]:
    """Yield the entries of these buckets."""
    return (entry for bucket in buckets for entry in bucket.entries)
