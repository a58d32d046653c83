"""The listings this node may show, by heart: what it takes to find one among a hundred thousand without asking the disk.

Listings about which the one rule must answer alike (same author, same audience, same place, same policy) stand on one
shelf, so that it is asked once a shelf and not once a listing. The catalog is filled from the store in slices, and
kept up by commits: what came and went is noted as it happens and read when somebody looks next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any
from zlib import crc32

from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.word_index import DocIds, words_of
from meshnode.replica.access import Access, AccessKey, access_key
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Row, Seen
from protocol import Kind, Listing, PersonId, Record, RecordId, RemoteError, limits, parse_body
from protocol.trust import Wish

SLICE = 500  # listings read at a time while filling: the desk is free in between
NOTED_MAX = 20_000  # changes noted before it is cheaper to read everything anew

_ID_DOMAIN = b"meshnode listing id v1\0"
_ID_BYTES = 10
_ID_LENGTH = _ID_BYTES * 8 // 5  # letters of five bits each
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0 and 1, which are easily mistaken
_ID_LETTERS_MIN = 4
_BEYOND_KEY = 8 * _ID_BYTES - 63  # bits; enough are left that no two listings share them by chance


def listing_id(author: PersonId, slot: bytes) -> str:
    """The name of a listing for programs and people: the same through all its versions, and nobody else's to take."""
    return _letters(_number(author, slot))


def _number(author: PersonId, slot: bytes) -> int:
    return int.from_bytes(blake2b(_ID_DOMAIN + author + slot, digest_size=_ID_BYTES).digest(), "big")


def _letters(number: int) -> str:
    return "".join(_ID_LETTERS[number >> 5 * place & 31] for place in reversed(range(_ID_LENGTH)))


def _numbers(beginning: str) -> range:
    """Of the ids that begin with these letters."""
    if len(beginning) > _ID_LENGTH or not set(beginning) <= set(_ID_LETTERS):
        return range(0)
    number = 0
    for letter in beginning:
        number = number << 5 | _ID_LETTERS.index(letter)
    rest = 5 * (_ID_LENGTH - len(beginning))
    return range(number << rest, (number + 1) << rest)


def searchable(text: str) -> str:
    """`text` as it is compared: its words without case and accents, each after one space."""
    return "".join(f" {word}" for word in words_of(text))


@dataclass(slots=True, eq=False)
class Entry:
    """One listing in use."""

    record: RecordId
    place: int
    """Where the catalog's words and marks have it."""
    number: int
    """Its id; half as large as the letters."""
    created: int
    expires: int
    title: str
    """Searchable."""

    @property
    def id(self) -> str:
        """The name of the listing (see `listing_id`)."""
        return _letters(self.number)

    @property
    def key(self) -> int:
        """As much of `number` as SQLite takes for a whole number."""
        return self.number >> _BEYOND_KEY

    @property
    def said(self) -> int:
        """What it is called, summed up: under another title it is news once more."""
        return crc32(self.title.encode())

    @property
    def mark(self) -> Seen:
        """By what it is known that the owner was shown it."""
        return Seen(self.key, self.said, self.expires)


@dataclass(slots=True, eq=False)
class Bucket:
    """Listings of one author about which the one rule has one answer; newest first."""

    access_key: AccessKey
    author: PersonId
    audience: int
    place: str | None
    emergency: bool
    entries: list[Entry] = field(default_factory=list)
    soonest: int = limits.FOREVER
    """When the first of them expires."""

    def position(self, created: int, record: RecordId) -> tuple[int, bool]:
        """Where this listing stands, or would stand, and whether it does."""
        at = bisect_left(self.entries, (-created, record), key=newest_first)
        return at, at < len(self.entries) and self.entries[at].record == record

    def drop_expired(self, now: int) -> list[Entry]:
        """Take out what has expired, and return it."""
        if self.soonest > now:
            return []
        expired = [entry for entry in self.entries if entry.expires <= now]
        self.entries = [entry for entry in self.entries if entry.expires > now]
        self.soonest = min((entry.expires for entry in self.entries), default=limits.FOREVER)
        return expired


class Catalog:
    """Every listing in use, own ones too. Used on the desk only."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._buckets: dict[tuple[AccessKey, bool], Bucket] = {}
        self._filling: Iterator[Record] | None = None
        self._came: list[RecordId] = []
        self._went: list[Row] = []
        self.verdicts: dict[Wish, dict[Bucket, Any]] = {}
        """What a search made of each shelf, by its wish; forgotten as soon as trust, blocks or places move."""
        self.generation = 0
        """Grows when all is read anew: places then stand for other listings than before."""
        self.told = 0
        """The bits of places known to have been shown as news; the store knows the rest."""
        self.index: ListingIndex[Bucket]
        """Where the words are."""
        self._begin()
        replica.changes.subscribe(self._note, at_commit=True)

    # --- keeping up ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._buckets.clear()
        self._came.clear()
        self._went.clear()
        self.verdicts.clear()
        self._filling = self._replica.store.records.bodies(Kind.LISTING)
        self.index = ListingIndex()
        self._hidden: dict[int, int | None] = {
            number: None for hidden in self._replica.store.discover.hidden() for number in _numbers(hidden.listing)
        }
        self._gone: dict[int, Seen] = {}
        self._anew = DocIds()
        self._again = DocIds()
        self.generation += 1
        self.told = 0

    def _note(self, change: Change) -> None:
        if change.trust or change.people:
            self.verdicts.clear()
        self._came.extend(row.id for row in change.stored if row.kind == Kind.LISTING)
        self._went.extend(row for row in change.ended if row.kind == Kind.LISTING)
        if len(self._came) + len(self._went) > NOTED_MAX:
            self._begin()

    def fill(self) -> bool:
        """Read one slice of what is not read yet; returns whether there is more to do."""
        if self._filling is None:
            return False
        records = list(islice(self._filling, SLICE))
        self._put_in_bucket(records)
        if len(records) < SLICE:
            self._filling = None
        return self._filling is not None

    def catch_up(self) -> None:
        """Be as new as the store and the clock."""
        if self.index.is_worn(NOTED_MAX):
            self._begin()
        while self.fill():
            pass
        for row in self._went:
            self._remove(row)
        came = list(dict.fromkeys(self._came))
        self._came.clear()
        self._went.clear()
        self._put_in_bucket(self._replica.store.records.get_many(came))
        self._gone.clear()
        now = self._replica.clock.now()
        for bucket in self._buckets.values():
            for entry in bucket.drop_expired(now):
                self.index.vacate(entry.place)

    def _put_in_bucket(self, records: list[Record]) -> None:
        rows = self._replica.store.records.rows_of([record.id for record in records])
        live = {row.id for row in rows if row.kind == Kind.LISTING and row.state == RecordState.LIVE}
        for record in records:
            if record.id not in live or not record.body:
                continue
            try:
                body = parse_body(Kind.LISTING, record.body)
            except RemoteError:
                continue  # made by a later version, or damaged: nothing to show
            assert isinstance(body, Listing)
            self._put(record, body)

    def _put(self, record: Record, body: Listing) -> None:
        header = record.header
        asked = (header.kind, header.author, header.device, header.audience, header.policy_version, body.place)
        key = (asked, body.urgency == "emergency")
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(asked, header.author, header.audience, body.place, key[1])
        at, here = bucket.position(header.created, record.id)
        if here:
            return
        entry = Entry(
            record=record.id,
            place=self.index.put(bucket, header.author, body),
            number=_number(header.author, header.slot),
            created=header.created,
            expires=header.expires,
            title=searchable(body.title),
        )
        if entry.number in self._hidden:
            self._hidden[entry.number] = entry.place
        before = self._gone.pop(entry.number, None)
        (self._anew if before is None or before.said != entry.said else self._again).add(entry.place)
        bucket.entries.insert(at, entry)
        bucket.soonest = min(bucket.soonest, entry.expires)

    def _remove(self, row: Row) -> None:
        for emergency in (False, True):
            bucket = self._buckets.get((access_key(row), emergency))
            if bucket is None:
                continue
            at, here = bucket.position(row.created, row.id)
            if here:
                self.index.vacate(bucket.entries[at].place)
                self._gone[bucket.entries[at].number] = bucket.entries[at].mark
                bucket.entries = bucket.entries[:at] + bucket.entries[at + 1 :]
            if not bucket.entries:
                del self._buckets[bucket.access_key, bucket.emergency]
                for formed in self.verdicts.values():
                    formed.pop(bucket, None)

    def arrivals(self) -> tuple[int, int]:
        """The bits of the places where something new has come since the last call, and of new versions of what was here.

        A version under another title counts as new.
        """
        came = int(self._anew), int(self._again)
        self._anew, self._again = DocIds(), DocIds()
        return came

    # --- the owner's own wish ------------------------------------------------------------------------------------------

    def hide(self, entry: Entry) -> None:
        """Count this listing among the hidden, in all its versions."""
        self._hidden[entry.number] = entry.place

    def unhide(self, listing: str) -> None:
        """Count the listing of this id among them no more."""
        for number in _numbers(listing):
            self._hidden.pop(number, None)

    def has_hidden(self, listing: str) -> bool:
        """Whether the listing of this id is hidden, and in use."""
        places = (self._hidden.get(number) for number in _numbers(listing))
        return any(place is not None and self.index.in_use(place) for place in places)

    def hidden(self) -> int:
        """The bits of the places that the owner hides from himself."""
        return int(DocIds(place for place in self._hidden.values() if place is not None))

    # --- looking: call `catch_up` first --------------------------------------------------------------------------------

    def buckets(self) -> list[Bucket]:
        """All shelves of others."""
        return [bucket for bucket in self._buckets.values() if bucket.author != self._replica.me]

    def consents(self, bucket: Bucket) -> bool:
        """Whether the owner of this node may have what stands there."""
        return self._replica.access.answer(self._replica.me, bucket.access_key) is Access.YES

    def entries_of(self, keys: Collection[int]) -> dict[int, Entry]:
        """The listings in use that have these keys, by key."""
        if not keys:
            return {}
        entries = (entry for bucket in self._buckets.values() for entry in bucket.entries)
        return {key: entry for entry in entries if (key := entry.key) in keys}

    def places_of(self, records: Collection[RecordId]) -> int:
        """The bits of the places of these records, as far as they are in use."""
        wanted = set(records)
        entries = (entry for bucket in self._buckets.values() for entry in bucket.entries)
        return int(DocIds(entry.place for entry in entries if entry.record in wanted)) if wanted else 0

    def own(self) -> list[Entry]:
        """The owner's own listings, newest first."""
        me = self._replica.me
        found = [entry for bucket in self._buckets.values() if bucket.author == me for entry in bucket.entries]
        return sorted(found, key=newest_first)

    def matching(self, text: str, *, own_only: bool) -> list[Entry]:
        """The listings that `text` names: by whole id, else by whole title, else by the beginning of either."""
        self.catch_up()
        me = self._replica.me
        buckets = [bucket for bucket in self._buckets.values() if bucket.author == me]
        if not own_only:
            buckets += [bucket for bucket in self.buckets() if self.consents(bucket)]
        entries = [entry for bucket in buckets for entry in bucket.entries]
        as_id, title = text.strip().casefold(), searchable(text)
        whole = _numbers(as_id) if len(as_id) == _ID_LENGTH else ()
        with_prefix = _numbers(as_id) if len(as_id) >= _ID_LETTERS_MIN else ()
        return (
            [entry for entry in entries if entry.number in whole]
            or [entry for entry in entries if entry.title == title]
            or [entry for entry in entries if entry.title.startswith(title) or entry.number in with_prefix]
        )


def newest_first(entry: Entry) -> tuple[int, RecordId]:
    """The order in which entries stand on a shelf."""
    return (-entry.created, entry.record)
