"""Reads what a watch looks for: a saved search, or the offers that fit a need of the owner's.

An offer fits a need of the same category with which it has a word in common. A word that a tenth of all listings have says
nothing, and neither does one of one or two letters, in a script that has spaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.catalog.ids import listing_id
from meshnode.app.discover.search import SearchQuery, search
from meshnode.app.listings.view import body_of
from meshnode.app.naming import name_of
from meshnode.app.words import has_part, is_spaceless, searchable, words_of
from meshnode.replica.replica import Replica
from meshnode.store import Watch
from protocol import Record

LETTERS_MIN = 3  # of a word that two listings may have in common; shorter ones are mostly grammar
COMMON_SHARE = 10  # a word that one in so many listings has says nothing about a thing
COMMON_FROM = 50  # listings; among fewer, no share of them tells anything
NEEDS_MAX = 64  # needs looked after, the latest first: each costs about as much as a saved search


class Saved(Struct, frozen=True):
    """A watch as it is evaluated: its number, its search, and for a need of the owner's its id, title and words."""

    no: int
    query: SearchQuery
    need: str | None = None
    title: str = ""
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, watch: Watch) -> Saved:
        """Return what a stored watch looks for."""
        values = json.loads(watch.search)
        if "need" not in values:
            return cls(watch.no, SearchQuery(**values))
        query = SearchQuery(type="offer", category=values["category"])
        return cls(watch.no, query, values["need"], values["title"], tuple(values["words"]))

    def find(self, replica: Replica, catalog: Catalog, among: int) -> list[tuple[Entry, Bucket]]:
        """Return the listings with a doc id in the bits `among` that match and are shown."""
        if self.need is not None:
            among &= self._fitting(catalog)
        return list(search(catalog, self.query, among).everything()) if among else []

    def matched(self, replica: Replica, catalog: Catalog, doc_id: int) -> bool:
        """Whether the listing of this doc id, which may be out of use by now, has the words and is of the kind."""
        index, bit = catalog.index, 1 << doc_id
        if not bit & index.of_kind(*filter(None, (self.query.type, self.query.category)), among=bit):
            return False
        if self.need is not None:
            return bool(bit & self._fitting(catalog))
        author = searchable(name_of(replica, index.bucket_of(doc_id).author))
        return all(
            bit & (reduce(or_, index.with_word(word)) | index.with_part(word)) or has_part(author, word)
            for word in words_of(self.query.words or "")
        )

    def _fitting(self, catalog: Catalog) -> int:
        """Return the bits of the listings that have a word in common with the need."""
        index, fitting = catalog.index, 0
        live = index.of_kind()
        for word in self.words:
            bits = reduce(or_, index.with_word(word))
            count, total = (bits & live).bit_count(), live.bit_count()
            if total < COMMON_FROM or count * COMMON_SHARE <= total:
                fitting |= bits
        return fitting


def follow_needs(replica: Replica, watches: list[Watch], needs: Mapping[str, Record]) -> list[int]:
    """Keep a watch for each of these needs of the owner's, by id, and for no other; return the numbers of new ones."""
    discover, now, begun = replica.store.discover, replica.clock.now(), []
    kept = {saved.need: watch for watch in watches if (saved := Saved.of(watch)).need is not None}
    for need, watch in kept.items():
        if need not in needs:
            discover.remove_watch(watch.no)
    for need, record in needs.items():
        wanted = _search_for(need, record)
        if need not in kept:
            begun.append(discover.add_watch(wanted, now).no)
        elif kept[need].search != wanted:
            discover.change_watch(kept[need].no, wanted)
    return begun


def own_needs(replica: Replica, catalog: Catalog) -> dict[str, Record]:
    """Return the owner's open needs by id, the latest NEEDS_MAX."""
    bits = catalog.index.of_kind("need")
    entries = [entry for entry in catalog.own() if bits >> entry.doc_id & 1][:NEEDS_MAX]
    records = replica.store.records.get_many([entry.record for entry in entries])
    return {listing_id(replica.me, record.header.slot): record for record in records if record.body}


def _search_for(need: str, record: Record) -> str:
    body = body_of(record)
    words = dict.fromkeys(word for text in (body.title, *body.tags) for word in words_of(text))
    telling = [word for word in words if len(word) >= LETTERS_MIN or is_spaceless(word)]
    return json.dumps({"need": need, "title": body.title, "category": body.category, "words": telling})
