"""Describes one listing in memory, and the bucket of listings that only their places tell apart for the rule."""

from __future__ import annotations

from bisect import bisect_left
from zlib import crc32

from msgspec import Struct, field

from meshnode.app.catalog.ids import key_of, letters
from meshnode.store import Seen
from protocol import DeviceId, Listing, PersonId, RecordId, limits


class Entry(Struct, eq=False):
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
        return letters(self.number)

    @property
    def key(self) -> int:
        """The number by which the store knows the listing."""
        return key_of(self.number)

    @property
    def title_hash(self) -> int:
        """A checksum of the title: under another title the listing is news again."""
        return crc32(self.title.encode())

    @property
    def as_seen(self) -> Seen:
        """The note that the store keeps of it once the owner was shown it."""
        return Seen(self.key, self.title_hash, self.expires)


BucketKey = tuple[DeviceId, int, bool]
"""The device that wrote the listings of a bucket, their audience, and whether they are emergencies."""


class Bucket(Struct, eq=False):
    """Listings of one author, newest first, that the rule tells apart by their own places and policy versions alone.

    Places and policy versions are left out on purpose: an author can make each listing differ in them, and then a
    bucket of its own would cost much memory and time for each.
    """

    author: PersonId
    key: BucketKey
    entries: list[Entry] = field(default_factory=list)
    next_expiry: int = limits.FOREVER
    """The time at which the first of them expires (UNIX seconds)."""

    @property
    def device(self) -> DeviceId:
        """The device that wrote them."""
        return self.key[0]

    @property
    def audience(self) -> int:
        """Their audience as it was signed."""
        return self.key[1]

    @property
    def emergency(self) -> bool:
        """Whether they are emergencies."""
        return self.key[2]

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


def newest_first(entry: Entry) -> tuple[int, RecordId]:
    """Return the sort key by which entries are ordered in a bucket."""
    return (-entry.created, entry.record)


def available_until(expires: int, body: Listing) -> int:
    """Return until when a listing is in use, whatever its author signed; times are in UNIX seconds."""
    return expires if body.available_until is None else min(expires, body.available_until)
