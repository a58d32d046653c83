"""Keeps in memory the listings this node may show, so that a search through a hundred thousand reads no disk.

Listings on which the visibility rule must give one answer (same author, audience, place and policy) share a bucket, so
that the rule is asked once for each bucket, and again only when its author's standing has changed. The catalog is filled
from the store in small steps and follows its commits: what they add and remove is noted at once, and read before the
next search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from hashlib import blake2b
from itertools import chain, islice
from operator import and_, or_
from typing import Any, Protocol
from zlib import crc32

from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.word_index import DocIds
from meshnode.app.picking import ID_PREFIX_MIN
from meshnode.app.words import has_word, is_part, is_spaceless, searchable, searchable_name, words_of
from meshnode.replica.access import Access, AccessKey, access_key
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.slices import Steps
from meshnode.store import RecordState, Row, Seen
from protocol import Kind, Listing, PersonId, Record, RecordId, RemoteError, limits, parse_body
from protocol.trust import Wish

STEP = 50  # listings read in one step, some 5 ms; between two steps the store thread may do other work
STEP_ENDED = 500  # likewise, of those that are no longer in use
STEP_ASKED = 500  # likewise, buckets about which the rule is asked
MATCHING_MAX = 50  # listings that fit a text by mere words and are read from the store, to say which they are
NOTED_MAX = 20_000  # changes noted before it is cheaper to read everything again

_ID_DOMAIN = b"meshnode listing id v1\0"
_ID_BYTES = 10
_ID_LENGTH = _ID_BYTES * 8 // 5  # letters of five bits each
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which are easily mistaken
_BITS_BEYOND_KEY = 8 * _ID_BYTES - 63  # of an id; the 63 that are left do not collide by chance


def listing_id(author: PersonId, slot: bytes) -> str:
    """Return the id of a listing, for programs and people: all its versions share it, and nobody else can take it."""
    return _letters(_number(author, slot))


def listing_key(author: PersonId, slot: bytes) -> int:
    """Return the number by which the store knows a listing: see `Entry.key`."""
    return _number(author, slot) >> _BITS_BEYOND_KEY


def _number(author: PersonId, slot: bytes) -> int:
    return int.from_bytes(blake2b(_ID_DOMAIN + author + slot, digest_size=_ID_BYTES).digest(), "big")


def _letters(number: int) -> str:
    return "".join(_ID_LETTERS[number >> 5 * digit & 31] for digit in reversed(range(_ID_LENGTH)))


def _numbers(prefix: str) -> range:
    """Return the numbers of all ids that begin with these letters."""
    if len(prefix) > _ID_LENGTH or not set(prefix) <= set(_ID_LETTERS):
        return range(0)
    number = 0
    for letter in prefix:
        number = number << 5 | _ID_LETTERS.index(letter)
    rest = 5 * (_ID_LENGTH - len(prefix))
    return range(number << rest, (number + 1) << rest)


@dataclass(slots=True, eq=False)
class Entry:
    """One listing in use."""

    record: RecordId
    doc_id: int
    """Its number in the catalog's index."""
    number: int
    """Its id as a number, which takes half the memory of the letters."""
    created: int
    expires: int
    """UNIX seconds; no later than it is available, whatever its author signed."""
    title: str
    """Searchable."""

    @property
    def id(self) -> str:
        """The id of the listing (see `listing_id`)."""
        return _letters(self.number)

    @property
    def key(self) -> int:
        """The first 63 bits of `number`: as much as SQLite takes for an integer."""
        return self.number >> _BITS_BEYOND_KEY

    @property
    def title_hash(self) -> int:
        """A checksum of the title: under another title the listing is news again."""
        return crc32(self.title.encode())

    @property
    def as_seen(self) -> Seen:
        """The note that the store keeps of it once the owner was shown it."""
        return Seen(self.key, self.title_hash, self.expires)


@dataclass(slots=True, eq=False)
class Bucket:
    """Listings of one author on which the visibility rule gives one answer, newest first."""

    access_key: AccessKey
    author: PersonId
    audience: int
    place: str | None
    emergency: bool
    entries: list[Entry] = field(default_factory=list)
    next_expiry: int = limits.FOREVER
    """The time at which the first of them expires (UNIX seconds)."""
    consent: bool | None = None
    """Whether the owner of this node may have them; None where it is to be decided."""

    def index_of(self, created: int, record: RecordId) -> tuple[int, bool]:
        """Return the index of this listing among the entries, and whether it is there; else the index to put it at."""
        at = bisect_left(self.entries, (-created, record), key=newest_first)
        return at, at < len(self.entries) and self.entries[at].record == record

    def drop_expired(self, now: int) -> list[Entry]:
        """Take out the entries that have expired, and return them."""
        if self.next_expiry > now:
            return []
        expired = [entry for entry in self.entries if entry.expires <= now]
        self.entries = [entry for entry in self.entries if entry.expires > now]
        self.next_expiry = min((entry.expires for entry in self.entries), default=limits.FOREVER)
        return expired


class Sight(Protocol):
    """Holds the verdicts of a search for one wish of the viewer."""

    @property
    def verdicts(self) -> dict[Bucket, Any]:
        """The verdict on each bucket that was asked about."""


class Catalog:
    """Knows every listing in use, own ones too.

    Runs in the store thread only. Call `catch_up` before asking anything of it.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._buckets: dict[tuple[AccessKey, bool], Bucket] = {}
        self._filling: Iterator[Record] | None = None
        self._stored: list[RecordId] = []  # noted since the last `catch_up`
        self._ended: list[Row] = []
        self.sights: dict[Wish, Sight] = {}
        """A search's verdicts on each bucket, by its wish; `catch_up` forgets those on authors whose standing has changed."""
        self.revision = 0
        """Grows whenever a listing comes or a verdict is forgotten."""
        self._tracker = StandingTracker(replica.trust_state, replica.me, regard=True)
        self._ended_by = 0  # the time by which listings that had ended were dropped last
        self.generation = 0
        """Grows when everything is read again: from then on doc ids number other listings than before."""
        self.noted = 0
        """Grows with every commit that changes listings in use."""
        self.seen = self.unseen = 0
        """The bits of doc ids known to have been shown as news, and known not to; of the rest the store knows."""
        self.index: ListingIndex[Bucket]
        """Finds listings by their words and kinds."""
        self._begin()
        replica.changes.subscribe(self._note, at_commit=True)

    # --- following the store -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._buckets.clear()
        self._stored.clear()
        self._ended.clear()
        self.sights.clear()
        self.revision += 1
        self._filling = self._replica.store.records.bodies(Kind.LISTING)
        self.index = ListingIndex()
        self._hidden: dict[int, int | None] = {  # by number of a listing's id, its doc id while it is in use
            number: None for hidden in self._replica.store.discover.hidden() for number in _numbers(hidden.listing)
        }
        self._next_expiry = limits.FOREVER
        self._renewed_listings: list[Seen] = []
        self._renamed: set[PersonId] = set()  # people who may have another name now
        self._decided = False  # whether the rule was asked about nearly all buckets
        self._replaced: dict[int, Entry] = {}  # by number, what left in this `catch_up`; a newer version may follow
        self._new = DocIds()
        self._updated: dict[int, int] = {}  # by doc id of a newer version, that of the one before
        self.generation += 1
        self.seen = self.unseen = 0

    def _note(self, change: Change) -> None:
        self._renamed |= change.people
        before = len(self._stored) + len(self._ended)
        self._stored.extend(row.id for row in change.stored if row.kind == Kind.LISTING)
        self._ended.extend(row for row in change.ended if row.kind == Kind.LISTING)
        self.noted += len(self._stored) + len(self._ended) - before
        if len(self._stored) + len(self._ended) > NOTED_MAX:
            self._begin()

    @property
    def is_behind(self) -> bool:
        """Whether much is still to be read or decided. Any thread may ask."""
        return self._filling is not None or self._has_noted_many() or not self._decided

    def _has_noted_many(self) -> bool:
        return len(self._stored) + len(self._ended) > STEP

    def preparing(self) -> Steps[None]:
        """Take the steps that a search would have to take at once; when they are done, little is left to do."""
        for search in (self._replica.trust_state.reach_to, self._replica.trust_state.regard_from):
            search(self._replica.me)
            yield
        while True:
            while self._filling is not None or self._has_noted_many():
                self._read_some()
                yield
            self.catch_up()
            undecided = [bucket for bucket in self.buckets() if bucket.consent is None]
            if len(undecided) <= STEP_ASKED:
                self._decided = True
                return
            for bucket in undecided[:STEP_ASKED]:
                self.consents(bucket)
            yield

    def catch_up(self) -> None:
        """Read what the store has and the catalog has not, and drop what has ended or expired."""
        clock_went_back = self._replica.clock.ended_by() < self._ended_by
        if self.index.is_sparse(NOTED_MAX) or clock_went_back:
            self._begin()  # what had ended by a wrong clock is read again
        self._ended_by = self._replica.clock.ended_by()
        while self._filling is not None or self._stored or self._ended:
            self._read_some()
        self._replaced.clear()
        now = self._replica.clock.ended_by()
        if self._next_expiry <= now:
            for bucket in self._buckets.values():
                for entry in bucket.drop_expired(now):
                    self.index.remove(entry.doc_id)
            self._next_expiry = min((bucket.next_expiry for bucket in self._buckets.values()), default=limits.FOREVER)
        self._forget_verdicts()

    def _read_some(self) -> None:
        """Take one step: read a few listings, of those that are held, then of those that came and went since."""
        if self._filling is not None:
            records = list(islice(self._filling, STEP))
            self._add_records(records)
            if len(records) < STEP:
                self._filling = None
            return
        if self._ended:
            gone, self._ended = self._ended[:STEP_ENDED], self._ended[STEP_ENDED:]
            for row in gone:
                self._remove(row)
            return
        some, self._stored = self._stored[:STEP], self._stored[STEP:]
        self._add_records(self._replica.store.records.get_many(list(dict.fromkeys(some))))

    def _forget_verdicts(self) -> None:
        """Forget the verdicts on the listings of authors whose standing has changed."""
        moved = self._tracker.since_last()
        renamed, self._renamed = self._renamed, set()
        if moved is None:
            self.sights.clear()
            self.revision += 1
            self._decided = False
            for bucket in self._buckets.values():
                bucket.consent = None
        elif moved or renamed:
            for bucket in self._buckets.values():
                if bucket.author in moved or bucket.author in renamed:
                    self._forget_bucket(bucket)

    def _forget_bucket(self, bucket: Bucket) -> None:
        bucket.consent = None
        self.revision += 1
        for sight in self.sights.values():
            sight.verdicts.pop(bucket, None)

    def _add_records(self, records: list[Record]) -> None:
        rows = self._replica.store.records.rows_of([record.id for record in records])
        live = {row.id for row in rows if row.kind == Kind.LISTING and row.state == RecordState.LIVE}
        for record in records:
            if record.id not in live or not record.body:
                continue
            try:
                body = parse_body(Kind.LISTING, record.body)
            except RemoteError:
                continue  # written by a later version, or damaged: there is nothing to show
            assert isinstance(body, Listing)
            self._add(record, body)

    def _add(self, record: Record, body: Listing) -> None:
        header = record.header
        asked = (header.kind, header.author, header.device, header.audience, header.policy_version, body.place)
        key = (asked, body.urgency == "emergency")
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(asked, header.author, header.audience, body.place, key[1])
        at, is_there = bucket.index_of(header.created, record.id)
        if is_there:
            return
        entry = Entry(
            record=record.id,
            doc_id=self.index.add(bucket, header.author, self._replica.introducers.introducer(header.author), body),
            number=_number(header.author, header.slot),
            created=header.created,
            expires=header.expires if body.available_until is None else min(header.expires, body.available_until),
            title=searchable(body.title),
        )
        if entry.number in self._hidden:
            self._hidden[entry.number] = entry.doc_id
        before = self._replaced.pop(entry.number, None)
        if before is None or before.title_hash != entry.title_hash:
            self._new.add(entry.doc_id)
        else:
            self._updated[entry.doc_id] = self._updated.pop(before.doc_id, before.doc_id)
        bucket.entries.insert(at, entry)
        bucket.next_expiry = min(bucket.next_expiry, entry.expires)
        self._next_expiry = min(self._next_expiry, entry.expires)
        self.revision += 1

    def _remove(self, row: Row) -> None:
        for emergency in (False, True):
            bucket = self._buckets.get((access_key(row), emergency))
            if bucket is None:
                continue
            at, is_there = bucket.index_of(row.created, row.id)
            if is_there:
                self.index.remove(bucket.entries[at].doc_id)
                self._replaced[bucket.entries[at].number] = bucket.entries[at]
                bucket.entries = bucket.entries[:at] + bucket.entries[at + 1 :]
            if not bucket.entries:
                del self._buckets[bucket.access_key, bucket.emergency]
                self._forget_bucket(bucket)

    def arrivals(self) -> tuple[int, dict[int, int]]:
        """Return the bits of the listings that are new since the last call, and the new versions of known ones.

        Of the latter it has by doc id that of the version before. A version under another title counts as new.
        """
        arrived = int(self._new), self._updated
        self._new, self._updated = DocIds(), {}
        return arrived

    # --- what the owner was shown --------------------------------------------------------------------------------------

    def classify(self, doc_ids: Collection[int], *, seen: bool) -> None:
        """Note whether these were shown as news."""
        bits = int(DocIds(doc_ids))
        self.seen = self.seen | bits if seen else self.seen & ~bits
        self.unseen = self.unseen & ~bits if seen else self.unseen | bits

    def note_renewed(self, renewed: Iterable[Seen]) -> None:
        """Remember that these listings, which were shown before, last longer now; the store is to be told."""
        self._renewed_listings.extend(renewed)

    def take_renewed(self) -> list[Seen]:
        """Return what `note_renewed` has remembered, and forget it."""
        renewed, self._renewed_listings = self._renewed_listings, []
        return renewed

    # --- what the owner hides ------------------------------------------------------------------------------------------

    def hide(self, entry: Entry) -> None:
        """Count this listing, in all its versions, among the hidden."""
        self._hidden[entry.number] = entry.doc_id

    def unhide(self, listing: str) -> None:
        """Take the listing of this id out of the hidden."""
        for number in _numbers(listing):
            self._hidden.pop(number, None)

    def has_hidden(self, listing: str) -> bool:
        """Whether the listing of this id is hidden, and in use."""
        doc_ids = (self._hidden.get(number) for number in _numbers(listing))
        return any(doc_id is not None and self.index.is_live(doc_id) for doc_id in doc_ids)

    def hidden(self) -> int:
        """Return the bits of the listings that the owner hides."""
        return int(DocIds(doc_id for doc_id in self._hidden.values() if doc_id is not None))

    # --- asking --------------------------------------------------------------------------------------------------------

    def buckets(self) -> list[Bucket]:
        """Return all buckets of other authors."""
        return [bucket for bucket in self._buckets.values() if bucket.author != self._replica.me]

    def consents(self, bucket: Bucket) -> bool:
        """Whether the owner of this node may have the listings of this bucket."""
        if bucket.consent is None:
            bucket.consent = self._replica.access.decide(self._replica.me, bucket.access_key) is Access.ALLOW
        return bucket.consent

    def entries_of(self, keys: Collection[int]) -> dict[int, Entry]:
        """Return by key the listings in use that have one of these keys."""
        if not keys:
            return {}
        return {key: entry for entry in _entries(self._buckets.values()) if (key := entry.key) in keys}

    def doc_ids_of(self, records: Collection[RecordId]) -> int:
        """Return the bits of those of these records that are in use."""
        wanted = set(records)
        return (
            int(DocIds(one.doc_id for one in _entries(self._buckets.values()) if one.record in wanted)) if wanted else 0
        )

    def entry_of(self, record: RecordId) -> Entry:
        """Return the listing in use that has this record. Raises LookupError if there is none."""
        found = next((entry for entry in _entries(self._buckets.values()) if entry.record == record), None)
        if found is None:
            raise LookupError("no listing in use has this record")
        return found

    def own(self) -> list[Entry]:
        """Return the owner's own listings, newest first."""
        me = self._replica.me
        found = [entry for bucket in self._buckets.values() if bucket.author == me for entry in bucket.entries]
        return sorted(found, key=newest_first)

    def matching(self, text: str, *, own_only: bool, name_of: Callable[[PersonId], str]) -> list[Entry]:
        """Return the listings that `text` may mean, for `picking.pick` to choose from. `name_of` names an author.

        Of the owner's own, with `own_only`, what fits in any way. Among everybody's only what fits best. Of those that
        have not the whole title, MATCHING_MAX at most, since a word of a hundred thousand would be too much to read.
        """
        self.catch_up()
        me = self._replica.me
        buckets = [bucket for bucket in self._buckets.values() if bucket.author == me]
        if not own_only:
            buckets += [bucket for bucket in self.buckets() if self.consents(bucket)]
        as_id = text.strip().casefold()
        with_prefix = _numbers(as_id) if len(as_id) >= ID_PREFIX_MIN else ()
        by_id = [entry for entry in _entries(buckets) if entry.number in with_prefix] if with_prefix else []
        if by_id and len(as_id) == _ID_LENGTH:
            return by_id
        by_words = self._by_words(buckets, text, name_of)
        chosen = chain.from_iterable(by_words) if own_only else next(filter(None, by_words), [])
        return list(dict.fromkeys((*by_id, *chosen)))

    def _by_words(self, buckets: list[Bucket], text: str, name_of: Callable[[PersonId], str]) -> Iterator[list[Entry]]:
        """Yield the listings in these buckets that fit `text` in each of the ways of `picking.MatchKind`, best first."""
        title, words = searchable(text), words_of(text)
        titled = self._titled(buckets, words)
        yield [entry for entry in titled if entry.title == title]
        yield [entry for entry in titled if entry.title.startswith(title)][:MATCHING_MAX]
        yield list(
            islice((entry for entry in titled if all(has_word(entry.title, word) for word in words)), MATCHING_MAX)
        )
        yield self._with_words(buckets, words, name_of)[:MATCHING_MAX]

    def _titled(self, buckets: list[Bucket], words: list[str]) -> list[Entry]:
        """Return the listings in these buckets that can have all words in the title: as the index says, if it has all."""
        if not words or not self.index.has_all_titles:
            return list(_entries(buckets))
        return self._entries_in(reduce(and_, (self.index.with_word(word)[0] for word in words)), buckets)

    def _entries_in(self, bits: int, buckets: list[Bucket]) -> list[Entry]:
        """Return the listings in these buckets that have these doc ids, in the order of the buckets."""
        wanted, having = self.index.flags(bits), set(self.index.buckets_of(bits))
        return [entry for entry in _entries([one for one in buckets if one in having]) if wanted[entry.doc_id]]

    def _with_words(self, buckets: list[Bucket], words: list[str], name_of: Callable[[PersonId], str]) -> list[Entry]:
        """Return the listings in these buckets that have all words anywhere, else those that have them as parts."""
        names = {author: searchable_name(name_of(author)) for author in {bucket.author for bucket in buckets}}
        everything = found = parts = self.index.in_buckets(buckets)

        def by(authors: set[PersonId]) -> int:
            some = [one for one in buckets if one.author in authors] if authors else []
            return everything if len(some) == len(buckets) else self.index.in_buckets(some)

        for word in words:
            anywhere = or_(*self.index.with_word(word))
            having = {author: name for author, name in names.items() if word in name}  # most have not its letters
            begun = word if is_spaceless(word) else f" {word}"
            whole = {author for author, name in having.items() if begun in name}
            part = set(having) if is_part(word) else whole
            found &= anywhere | (of_whole := by(whole))
            parts &= anywhere | (of_whole if part == whole else by(part)) | self.index.with_part(word)
        return self._entries_in(found or parts, buckets)


def _entries(buckets: Iterable[Bucket]) -> Iterator[Entry]:
    return (entry for bucket in buckets for entry in bucket.entries)


def newest_first(entry: Entry) -> tuple[int, RecordId]:
    """Return the sort key by which entries are ordered in a bucket."""
    return (-entry.created, entry.record)
