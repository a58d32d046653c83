"""Counts how much of the store is used: by author, in all, and by pending records of those who brought them.

The figures are read from the database once and then kept in step with every insert and delete, since ingest asks for
them with each record.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.store.database import Database
from protocol import Kind, limits
from protocol.steps import Steps, complete

_PENDING = "SELECT received_from, count(*) FROM record WHERE state = 2 AND state <> 1 GROUP BY received_from"
_WHOLE = "complete AND NOT withdrawn"
_SUMS = (
    f"count(*), coalesce(sum(size), 0), coalesce(sum({_WHOLE} AND kind <= 4), 0),"
    f" coalesce(sum(CASE WHEN {_WHOLE} AND kind = {Kind.POLICY:d} THEN size END), 0),"
    f" coalesce(sum({_WHOLE} AND kind = {Kind.LETTER:d}), 0),"
    f" coalesce(sum(CASE WHEN {_WHOLE} AND kind = {Kind.LETTER:d} THEN size END), 0),"
    f" coalesce(sum(kind = {Kind.LETTER:d}), 0), coalesce(sum(CASE WHEN kind = {Kind.LETTER:d} THEN size END), 0),"
    f" coalesce(sum({_WHOLE} AND kind = {Kind.DEVICE:d}), 0),"
    f" coalesce(sum({_WHOLE} AND kind = {Kind.LISTING:d}), 0),"
    f" coalesce(sum({_WHOLE} AND kind = {Kind.LISTING:d} AND place IS NOT NULL), 0) FROM record"
)
_BY_AUTHOR = f"SELECT author, {_SUMS} WHERE role IS NOT NULL AND author > ? GROUP BY author ORDER BY author LIMIT ?"
READ_AUTHORS = 1_000  # of one step of reading the figures, some 10 ms
_OF_AUTHOR = f"SELECT {_SUMS} WHERE author = ? AND role IS NOT NULL"


class StoreUsage(Struct):
    """The space that records take up, headers included and pending ones left out. Sizes are in bytes."""

    records: int = 0
    size: int = 0
    graph_records: int = 0
    """Certificates, policies, profiles and joins with bodies: each enlarges the graph in which trust is searched."""
    policies: int = 0
    """The bytes of policies with bodies."""
    letters: int = 0
    """Letters with bodies."""
    letter_bytes: int = 0
    letter_records: int = 0
    """Letters and what is left of those that were withdrawn."""
    letter_size: int = 0
    """The bytes of `letter_records`."""
    certificates: int = 0
    """Certificates with bodies, which are graph records too."""
    listings: int = 0
    """Listings with bodies."""
    placed: int = 0
    """Those of them that have a place of their own."""

    @property
    def resident(self) -> int:
        """The bytes of memory that these take up while the node runs, as measured with `scripts/memory`."""
        graph = self.graph_records * limits.GRAPH_RECORD_MEMORY + self.policies * limits.POLICY_BYTE_MEMORY
        return graph + self.listings * limits.LISTING_MEMORY + self.placed * limits.PLACE_MEMORY

    @property
    def bare(self) -> bool:
        """Whether there are certificates and nothing else: nothing says how their author is connected to anybody."""
        return 0 < self.certificates == self.records

    def copy(self) -> StoreUsage:
        """Return these figures as an object of their own."""
        copied = StoreUsage()
        copied.add_all(self)
        return copied

    def add_all(self, other: StoreUsage, sign: int = 1) -> None:
        """Add what `other` counts, or subtract it with `sign` -1."""
        self.records += sign * other.records
        self.size += sign * other.size
        self.graph_records += sign * other.graph_records
        self.policies += sign * other.policies
        self.letters += sign * other.letters
        self.letter_bytes += sign * other.letter_bytes
        self.letter_records += sign * other.letter_records
        self.letter_size += sign * other.letter_size
        self.certificates += sign * other.certificates
        self.listings += sign * other.listings
        self.placed += sign * other.placed

    @property
    def other_records(self) -> int:
        """All records but letters and what is left of them."""
        return self.records - self.letter_records

    @property
    def other_size(self) -> int:
        """The bytes of `other_records`."""
        return self.size - self.letter_size

    @property
    def letter_tombstone_bytes(self) -> int:
        """The bytes of what is left of letters that were withdrawn."""
        return self.letter_size - self.letter_bytes

    def add(self, kind: int, size: int, *, whole: bool, placed: bool = False, sign: int) -> None:
        """Add a record, or subtract it with `sign` -1; `whole` if it has a body and is not withdrawn.

        `placed` says of a listing that it has a place of its own.
        """
        if whole and kind == Kind.LISTING:
            self.listings += sign
            self.placed += sign * placed
        self.records += sign
        self.size += sign * size
        if whole and kind <= Kind.JOIN:
            self.graph_records += sign
            if kind == Kind.POLICY:
                self.policies += sign * size
            elif kind == Kind.DEVICE:
                self.certificates += sign
        if kind == Kind.LETTER:
            self.letter_records += sign
            self.letter_size += sign * size
            if whole:
                self.letters += sign
                self.letter_bytes += sign * size


class UsageTable:
    """The figures of one store. People are numbers here; `source` is None for records that this node wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_author: dict[int, StoreUsage] | None = None
        self._partly: dict[
            int, StoreUsage
        ] = {}  # of the authors up to the number `_read_to`, while the rest is not read
        self._read_to = 0
        self._in_all = StoreUsage()
        self._pending: dict[int | None, int] | None = None
        self._pending_in_all = 0
        self._changed: set[int] | None = None
        self.freed = 0
        """Grows whenever room was made."""
        database.on_rollback.append(self._forget)

    def _forget(self) -> None:
        self._by_author = self._pending = self._changed = None
        self._partly, self._read_to = {}, 0

    def add(self, author: int, kind: int, size: int, *, whole: bool, placed: bool, sign: int) -> None:
        """Note that a record that is not pending was inserted, or deleted with `sign` -1."""
        self.freed += sign < 0
        if self._by_author is None and author > self._read_to:
            return
        known = self._partly if self._by_author is None else self._by_author
        use = known.get(author)
        if use is None:
            use = known[author] = StoreUsage()
        use.add(kind, size, whole=whole, placed=placed, sign=sign)
        self._in_all.add(kind, size, whole=whole, placed=placed, sign=sign)
        if not use.records:
            del known[author]
        if self._changed is not None:
            self._changed.add(author)

    def add_pending(self, source: int | None, sign: int) -> None:
        """Note that a pending record was inserted, or deleted with `sign` -1."""
        self.freed += sign < 0
        if self._pending is not None:
            self._pending[source] = self._pending.get(source, 0) + sign
            self._pending_in_all += sign

    def authors(self) -> dict[int, StoreUsage]:
        """Return what the records of each author take up. It belongs to this table and changes with the store."""
        complete(self.reading())
        assert self._by_author is not None
        return self._by_author

    def reading(self) -> Steps[None]:
        """Read the figures of all authors from the database, in steps; what is written in between is counted too."""
        while self._by_author is None:
            found = self._database.all(_BY_AUTHOR, (self._read_to, READ_AUTHORS))
            if not self._read_to:
                self._in_all = StoreUsage()
            for author, *sums in found:
                use = self._partly[author] = StoreUsage(*sums)
                self._in_all.add_all(use)
            if found:
                self._read_to = found[-1][0]
                yield
            else:
                self._by_author, self._partly, self._read_to = self._partly, {}, 0

    def author(self, number: int | None) -> StoreUsage:
        """Return what the records written by this person take up."""
        if number is None:
            return StoreUsage()
        if self._by_author is None:  # at start the owner's own records are counted, and nobody else's yet
            return StoreUsage(*self._database.all(_OF_AUTHOR, (number,))[0])
        return self._by_author.get(number, StoreUsage())

    def in_all(self) -> StoreUsage:
        """Return what all records take up."""
        self.authors()
        return self._in_all

    def take_changed(self) -> set[int] | None:
        """Return the authors whose figures have changed since the last call; None where that is not known."""
        changed, self._changed = self._changed, set()
        return changed

    def pending(self) -> dict[int | None, int]:
        """Return how many pending records each person has brought; it changes with the store."""
        if self._pending is None:
            self._pending = dict(self._database.all(_PENDING))
            self._pending_in_all = sum(self._pending.values())
        return self._pending

    def pending_in_all(self) -> int:
        """Return how many records are pending."""
        self.pending()
        return self._pending_in_all
