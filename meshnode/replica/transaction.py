"""Commits what belongs together in one transaction, keeps memory in step with it, and then publishes the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from meshnode.replica.changes import Change, Changes
from meshnode.replica.reevaluate import Reevaluator
from meshnode.replica.trust_state import TrustState
from meshnode.store import Row, Store
from protocol import PersonId, RecordId
from protocol.session import Base


class UnitOfWork:
    """The changes that the open transaction has made so far."""

    def __init__(self) -> None:
        self._stored: dict[RecordId, Row | None] = {}  # None: the row is read at the commit
        self._ended: dict[RecordId, Row] = {}
        self._people: set[PersonId] = set()
        self._trust = False
        self._exchanges: set[PersonId] = set()
        self._evicted: dict[RecordId, int] = {}
        self._bases: dict[RecordId, Base] = {}

    def note(
        self,
        *,
        stored: Iterable[RecordId] = (),
        rows: Mapping[RecordId, Row] | None = None,
        ended: Iterable[Row] = (),
        people: Collection[PersonId] = (),
        trust: bool = False,
        exchanges: Collection[PersonId] = (),
        evicted: Mapping[RecordId, int] = MappingProxyType({}),
        bases: Mapping[RecordId, Base] = MappingProxyType({}),
    ) -> None:
        """Add to the change that is published after the commit; the arguments are those of `Change`.

        `rows` has the rows of those stored records of which they are known, so that they are not read again. A record that came and ended in one transaction has ended; one that ended and then came again is stored.
        """
        for record_id in stored:
            self._ended.pop(record_id, None)
            self._stored[record_id] = None if rows is None else rows.get(record_id)
        for row in ended:
            self._stored.pop(row.id, None)
            self._ended.setdefault(row.id, row)
        self._people.update(people)
        self._trust = self._trust or trust
        self._exchanges.update(exchanges)
        self._evicted.update(evicted)
        self._bases.update(bases)

    def change(self, store: Store) -> Change:
        """Return the change as it is now; reads those rows of stored records that are not known with one statement."""
        unknown = [record_id for record_id, row in self._stored.items() if row is None]
        read = {row.id: row for row in store.records.rows_of(unknown)} if unknown else {}
        rows = (row or read.get(record_id) for record_id, row in self._stored.items())
        return Change(
            tuple(row for row in rows if row is not None),
            tuple(self._ended.values()),
            frozenset(self._people),
            self._trust,
            frozenset(self._exchanges),
            {record_id: size for record_id, size in self._evicted.items() if record_id in self._ended},
            bases={record_id: base for record_id, base in self._bases.items() if record_id in self._stored},
        )


class Transactions:
    """Opens the transactions of one node; at most one is open at a time. Used in the store thread only."""

    def __init__(self, store: Store, trust_state: TrustState, reevaluator: Reevaluator, changes: Changes) -> None:
        self._store = store
        self._trust_state = trust_state
        self._reevaluator = reevaluator
        self._changes = changes
        self._open: UnitOfWork | None = None
        self._failed = False

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """Commit everything that is written in the block when it ends, or nothing if it raises.

        A block inside another one joins it: the outermost block commits, and an exception that leaves any of them
        undoes the whole transaction. If the caller of an inner block swallows that exception, the outermost block
        raises RuntimeError instead of committing a part.

        After a rollback the trust state and the reevaluator are as they were before the block. The change is published
        when the commit is on the disk, so nothing is passed on or acknowledged before. Raises StorageFull or
        StorageFailed where the disk does not take the commit.
        """
        if self._open is not None:
            try:
                yield self._open
            except BaseException:
                self._failed = True
                raise
            return
        before = self._trust_state.version
        unit = self._open = UnitOfWork()
        self._failed = False
        try:
            with self._store.transaction():
                yield unit
                if self._failed:
                    raise RuntimeError("a part of this transaction failed: all of it is undone")
                change = unit.change(self._store)
        except BaseException:
            self._trust_state.restore(self._store, before)
            self._reevaluator.begin()
            raise
        finally:
            self._open = None
        self._changes.publish(change)
