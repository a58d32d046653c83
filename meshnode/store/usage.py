"""How much of the store is used and by whom: per author, per person who brought it, and what waits.

The figures are read from the database once and then kept in step with every insert and delete, since the door asks for
them with each record.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.store.database import Database
from protocol import Kind

_HELD = "SELECT count(*) FROM record WHERE state = 2 AND state <> 1"  # the second part finds the index
_SUMS = (
    "count(*), coalesce(sum(size), 0), coalesce(sum(complete AND NOT withdrawn AND kind <= 4), 0),"
    f" coalesce(sum(CASE WHEN complete AND NOT withdrawn AND kind = {Kind.POLICY:d} THEN size END), 0),"
    f" coalesce(sum(complete AND NOT withdrawn AND kind = {Kind.LETTER:d}), 0),"
    f" coalesce(sum(CASE WHEN complete AND NOT withdrawn AND kind = {Kind.LETTER:d} THEN size END), 0) FROM record"
)
_BY_AUTHOR = f"SELECT {_SUMS} WHERE author = ? AND role IS NOT NULL"
_BY_SOURCE = (
    f"SELECT received_from, {_SUMS} WHERE role IS NOT NULL AND received_from IS NOT NULL GROUP BY received_from"
)


@dataclass(slots=True)
class StoreUsage:
    """What somebody takes up, headers included; what waits counts for nobody. Sizes in bytes."""

    records: int = 0
    size: int = 0
    graph_records: int = 0
    """Whole certificates, policies, profiles and joins: each makes the web larger in which trust is searched."""
    policies: int = 0
    """The bytes of whole policies."""
    letters: int = 0
    """Letters that lie about."""
    letter_bytes: int = 0

    def add(self, kind: int, size: int, *, whole: bool, sign: int) -> None:
        """A record came, or with `sign` -1 went; `whole` says that it is neither a header alone nor withdrawn."""
        self.records += sign
        self.size += sign * size
        if whole and kind <= Kind.JOIN:
            self.graph_records += sign
            if kind == Kind.POLICY:
                self.policies += sign * size
        if whole and kind == Kind.LETTER:
            self.letters += sign
            self.letter_bytes += sign * size


class UsageTable:
    """The figures of one store. People are numbers here, `source` None for our own hand."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_author: dict[int, StoreUsage] = {}
        self._by_source: dict[int, StoreUsage] = {}
        self._foreign: StoreUsage | None = None
        self._held: int | None = None
        database.on_rollback.append(self._forget)

    def _forget(self) -> None:
        self._by_author.clear()
        self._foreign = self._held = None

    def add(self, author: int, source: int | None, kind: int, size: int, *, whole: bool, sign: int) -> None:
        """A record that does not wait was inserted, or with `sign` -1 deleted."""
        known = self._by_author.get(author)
        if known is not None:
            known.add(kind, size, whole=whole, sign=sign)
        if self._foreign is not None and source is not None:
            self._foreign.add(kind, size, whole=whole, sign=sign)
            self._by_source.setdefault(source, StoreUsage()).add(kind, size, whole=whole, sign=sign)

    def add_pending(self, sign: int) -> None:
        """A record that waits was inserted, or with `sign` -1 deleted."""
        if self._held is not None:
            self._held += sign

    def author(self, number: int | None) -> StoreUsage:
        """What the records of this person take up, whoever brought them."""
        if number is None:
            return StoreUsage()
        use = self._by_author.get(number)
        if use is None:
            use = self._by_author[number] = StoreUsage(*self._database.all(_BY_AUTHOR, (number,))[0])
        return use

    def source(self, number: int | None) -> StoreUsage:
        """What this person has brought, whoever wrote it."""
        return self.sources().get(number, StoreUsage()) if number is not None else StoreUsage()

    def sources(self) -> dict[int, StoreUsage]:
        """What each person has brought."""
        self.foreign()
        return self._by_source

    def foreign(self) -> StoreUsage:
        """All that was not written here."""
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
            )
        return self._foreign

    def held(self, source: int | None = None) -> int:
        """How many records wait; all of them, or those that this person brought."""
        if source is not None:
            return int(self._database.value(f"{_HELD} AND received_from = ?", (source,)))
        if self._held is None:
            self._held = int(self._database.value(_HELD))
        return self._held
