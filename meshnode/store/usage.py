"""Counts how much of the store is used: per author, per person who brought records, and by pending records.

The figures are read from the database once and then kept in step with every insert and delete, since ingest asks for
them with each record.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.store.database import Database
from protocol import Kind

_PENDING = "SELECT count(*) FROM record WHERE state = 2 AND state <> 1"  # the second part finds the index
_SUMS = (
    "count(*), coalesce(sum(size), 0), coalesce(sum(complete AND NOT withdrawn AND kind <= 4), 0),"
    f" coalesce(sum(CASE WHEN complete AND NOT withdrawn AND kind = {Kind.POLICY:d} THEN size END), 0),"
    f" coalesce(sum(complete AND NOT withdrawn AND kind = {Kind.LETTER:d}), 0),"
    f" coalesce(sum(CASE WHEN complete AND NOT withdrawn AND kind = {Kind.LETTER:d} THEN size END), 0),"
    f" coalesce(sum(kind = {Kind.LETTER:d}), 0), coalesce(sum(CASE WHEN kind = {Kind.LETTER:d} THEN size END), 0) FROM record"
)
_BY_AUTHOR = f"SELECT {_SUMS} WHERE author = ? AND role IS NOT NULL"
_BY_SOURCE = (
    f"SELECT received_from, {_SUMS} WHERE role IS NOT NULL AND received_from IS NOT NULL GROUP BY received_from"
)


@dataclass(slots=True)
class StoreUsage:
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

    def add(self, kind: int, size: int, *, whole: bool, sign: int) -> None:
        """Add a record, or subtract it with `sign` -1; `whole` if it has a body and is not withdrawn."""
        self.records += sign
        self.size += sign * size
        if whole and kind <= Kind.JOIN:
            self.graph_records += sign
            if kind == Kind.POLICY:
                self.policies += sign * size
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
        self._by_author: dict[int, StoreUsage] = {}
        self._by_source: dict[int, StoreUsage] = {}
        self._foreign: StoreUsage | None = None
        self._pending: int | None = None
        self.freed = 0
        """How often something was deleted: while it stays the same, there is no more room than before."""
        database.on_rollback.append(self._forget)

    def _forget(self) -> None:
        self._by_author.clear()
        self._foreign = self._pending = None

    def add(self, author: int, source: int | None, kind: int, size: int, *, whole: bool, sign: int) -> None:
        """Note that a record that is not pending was inserted, or deleted with `sign` -1."""
        self.freed += sign < 0
        known = self._by_author.get(author)
        if known is not None:
            known.add(kind, size, whole=whole, sign=sign)
        if self._foreign is not None and source is not None:
            self._foreign.add(kind, size, whole=whole, sign=sign)
            self._by_source.setdefault(source, StoreUsage()).add(kind, size, whole=whole, sign=sign)

    def add_pending(self, sign: int) -> None:
        """Note that a pending record was inserted, or deleted with `sign` -1."""
        self.freed += sign < 0
        if self._pending is not None:
            self._pending += sign

    def author(self, number: int | None) -> StoreUsage:
        """Return what the records written by this person take up."""
        if number is None:
            return StoreUsage()
        use = self._by_author.get(number)
        if use is None:
            use = self._by_author[number] = StoreUsage(*self._database.all(_BY_AUTHOR, (number,))[0])
        return use

    def source(self, number: int | None) -> StoreUsage:
        """Return what the records take up that this person has brought."""
        return self.sources().get(number, StoreUsage()) if number is not None else StoreUsage()

    def sources(self) -> dict[int, StoreUsage]:
        """Return what the records take up that each person has brought."""
        self.foreign()
        return self._by_source

    def foreign(self) -> StoreUsage:
        """Return what all records take up that this node did not write."""
        if self._foreign is None:
            self._by_source = {number: StoreUsage(*sums) for number, *sums in self._database.all(_BY_SOURCE)}
            uses = self._by_source.values()
            self._foreign = StoreUsage(
                sum(use.records for use in uses),
                sum(use.size for use in uses),
                sum(use.graph_records for use in uses),
                sum(use.policies for use in uses),
                sum(use.letters for use in uses),
                sum(use.letter_bytes for use in uses),
                sum(use.letter_records for use in uses),
                sum(use.letter_size for use in uses),
            )
        return self._foreign

    def pending(self, source: int | None = None) -> int:
        """Return how many records are pending; all of them, or those that this person has brought."""
        if source is not None:
            return int(self._database.value(f"{_PENDING} AND received_from = ?", (source,)))
        if self._pending is None:
            self._pending = int(self._database.value(_PENDING))
        return self._pending
