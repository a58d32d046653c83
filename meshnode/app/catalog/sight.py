"""Remembers what the visibility rule says about every listing in the catalog, for each wish of the owner.

The rule is asked about a listing once, and again only when its author's standing has changed. What it looks at of an
author is gathered once for all listings, and distances are computed once for all wishes; the answers take up one byte
a listing. So neither time nor memory grows with the number of different places, policy versions or saved searches that
others, or the owner, make up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from meshnode.app.catalog.details import Details
from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.word_index import bits_of_bytes
from meshnode.app.naming import name_of
from meshnode.app.owner.places import here, preference_of, published
from meshnode.app.words import searchable_name
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, complete
from protocol import Audience, PersonId, Preference, distance_km
from protocol.trust import (
    WEB,
    Distances,
    Standing,
    Verdict,
    Wish,
    as_trust,
    effective_audience,
    listing_facts,
    visible,
)

STEP_ASKED = 500  # listings about which the rule is asked in one step, some 2 ms
WISHES_CACHED = 40  # different limits of trust and distance; words, types and categories make no difference
AT_ALL = Wish(min_regard=WEB, within_km=float("inf"))
"""The widest wish: everybody in the owner's web, at any distance."""

_NOT_ASKED, _NOT_SHOWN, _SHOWN, _NARROWED = range(4)
_CODES = {Verdict.VISIBLE: _SHOWN, Verdict.TOO_LITTLE_REGARD: _NARROWED, Verdict.TOO_FAR: _NARROWED}


def within_regard(replica: Replica, author: PersonId) -> bool:
    """Whether there could be listings of `author` that the rule shows to the owner of this node at the widest wish."""
    facts = listing_facts(Audience.NETWORK_WIDE, None, preference=preference_of(replica, author), author_place=None)
    return visible(facts, replica.trust_state.standing(author, replica.me), wish=AT_ALL) is Verdict.VISIBLE


class AuthorFacts(NamedTuple):
    """The facts of an author at which the rule looks, and those that rank the listings."""

    standing: Standing
    preference: Preference
    distances: Distances
    """Of the place that the author publishes."""
    trust: float
    """The owner's trust in the author."""
    name: str
    """Searchable."""
    within_regard: bool
    km: float
    """From the owner to the place that the author publishes; infinite where either is unknown."""


class Viewpoint(NamedTuple):
    """Where the owner is: the place that they publish, and the one from which they measure."""

    published: str | None
    here: str | None


class Sight:
    """The answers for one wish. `Sights.of` brings it up to date."""

    def __init__(self, wish: Wish, buckets: Iterable[Bucket], done: int) -> None:
        self.wish = wish
        self.stale = dict.fromkeys(buckets)
        """The buckets about all of whose listings the rule is to be asked."""
        self.done = done
        """The first doc id about which the rule was never asked, unless its bucket is stale."""
        self.codes = bytearray(done)
        self._bits: tuple[int, int] | None = None

    def answer(self, doc_id: int, code: int) -> None:
        """Note the answer about this listing."""
        self.codes[doc_id] = code
        self._bits = None

    @property
    def visible(self) -> int:
        """The bits of the listings that are visible."""
        return self._both()[0]

    @property
    def narrowed(self) -> int:
        """The bits of the listings that only the wish hides."""
        return self._both()[1]

    def _both(self) -> tuple[int, int]:
        if self._bits is None:
            self._bits = bits_of_bytes(self.codes, _SHOWN), bits_of_bytes(self.codes, _NARROWED)
        return self._bits


class Held(Struct, frozen=True):
    """The parts of the catalog about which the rule is asked."""

    index: ListingIndex[Bucket]
    details: Details
    buckets: Callable[[], Collection[Bucket]]
    """Returns the buckets of all other authors."""


class Sights:
    """The sights of the owner of this node. Used in the store thread."""

    def __init__(self, replica: Replica, held: Held) -> None:
        self._replica = replica
        self._held = held
        self._sights: dict[Wish, Sight] = {}
        self._authors: dict[PersonId, AuthorFacts] = {}
        self._viewpoint = Viewpoint(None, None)

    def forget(self, author: PersonId, buckets: Collection[Bucket]) -> None:
        """Ask again about this author, whose listings are in these buckets."""
        self._authors.pop(author, None)
        for sight in self._sights.values():
            sight.stale.update(dict.fromkeys(buckets))

    def forget_all(self) -> None:
        """Ask again about everybody."""
        self._sights.clear()
        self._authors.clear()

    def behind(self, wish: Wish) -> bool:
        """Whether the rule is to be asked about many listings for this wish. Any thread may ask."""
        sight = self._sights.get(wish)
        return sight is None or len(sight.stale) + len(self._held.index) - sight.done > STEP_ASKED

    def of(self, wish: Wish) -> Sight:
        """Return the answers for this wish, with nothing left to ask."""
        return complete(self.preparing(wish))

    def preparing(self, wish: Wish) -> Steps[Sight]:
        """Ask the rule in steps; when they are done, nothing is left to ask until something changes."""
        while True:
            viewpoint = Viewpoint(published(self._replica), here(self._replica))
            if viewpoint != self._viewpoint:
                self.forget_all()
                self._viewpoint = viewpoint
            sight = self._sights.get(wish)
            if sight is None:
                if len(self._sights) >= WISHES_CACHED:
                    del self._sights[next(iter(self._sights))]
                sight = self._sights[wish] = Sight(wish, self._held.buckets(), len(self._held.index))
            if self._ask_some(sight):
                return sight
            yield

    def author(self, author: PersonId) -> AuthorFacts:
        """Return what the rule looks at of this author, and what ranks their listings."""
        known = self._authors.get(author)
        if known is None:
            replica = self._replica
            standing = replica.trust_state.standing(author, replica.me)
            distances = self._distances_of(author)
            known = self._authors[author] = AuthorFacts(
                standing=standing,
                preference=preference_of(replica, author),
                distances=distances,
                trust=0.0 if standing.regard is None else as_trust(standing.regard),
                name=searchable_name(name_of(replica, author)),
                within_regard=within_regard(replica, author),
                km=math.inf if distances.here is None else distances.here,
            )
        return known

    def audience(self, bucket: Bucket) -> int:
        """Return the audience of these listings that is in effect."""
        return effective_audience(bucket.audience, self.author(bucket.author).preference)

    def kms(self, entries: Sequence[Entry]) -> list[float]:
        """Return the kilometers from the owner to listings that have a place of their own; infinite where the owner has none."""
        here = self._viewpoint.here
        if here is None:
            return [math.inf] * len(entries)
        return self._held.details.kms([entry.doc_id for entry in entries], here)

    def _distances_of(self, author: PersonId) -> Distances:
        place = self._replica.trust_state.published_place(author)
        if place is None:
            return Distances(None, None)
        return Distances(*(None if origin is None else distance_km(place, origin) for origin in self._viewpoint))

    # --- asking --------------------------------------------------------------------------------------------------------

    def _ask_some(self, sight: Sight) -> bool:
        """Ask about STEP_ASKED listings, or those of one bucket more; return whether none are left."""
        asked = 0
        while sight.stale:
            bucket = next(iter(sight.stale))
            del sight.stale[bucket]
            asked += self._ask(sight, bucket, [entry.doc_id for entry in bucket.entries if entry.doc_id < sight.done])
            if asked >= STEP_ASKED:
                return False
        index = self._held.index
        while sight.done < len(index):
            some = range(sight.done, min(len(index), sight.done + STEP_ASKED - asked))
            sight.codes.extend(bytes(len(some)))
            for doc_id in some:
                self._ask(sight, index.bucket_of(doc_id), (doc_id,))
            sight.done = some.stop
            if sight.done < len(index):
                return False
        return True

    def _ask(self, sight: Sight, bucket: Bucket, doc_ids: Collection[int]) -> int:
        """Ask the rule about these listings of `bucket`; return how many they are."""
        author, details = self.author(bucket.author), self._held.details
        if not author.within_regard or bucket.author == self._replica.me:
            for doc_id in doc_ids:
                sight.answer(doc_id, _NOT_SHOWN)
            return len(doc_ids)
        newest = self._replica.access.newest_shown(bucket.author, bucket.device)
        public, private = self._viewpoint
        without_place: int | None = None
        for doc_id in doc_ids:
            if details.policy_version(doc_id) > newest:
                code = _NOT_SHOWN
            elif details.has_place(doc_id):
                here_km = details.km(doc_id, private)
                distances = Distances(here_km if public == private else details.km(doc_id, public), here_km)
                code = self._code(sight.wish, bucket, author, distances)
            elif without_place is None:
                code = without_place = self._code(sight.wish, bucket, author, author.distances)
            else:
                code = without_place
            sight.answer(doc_id, code)
        return len(doc_ids)

    def _code(self, wish: Wish, bucket: Bucket, author: AuthorFacts, distances: Distances) -> int:
        facts = listing_facts(
            bucket.audience, None, preference=author.preference, author_place=None, distances=distances
        )
        return _CODES.get(visible(facts, author.standing, wish=wish), _NOT_SHOWN)
