"""Reads the records held: whole ones by register or id, and rows without bodies in scans."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from meshnode.errors import StorageDamaged
from meshnode.store.database import Database
from meshnode.store.people import People
from meshnode.store.rows import RecordState, Row, id_key
from protocol import Kind, PersonId, Record, RecordId, Register, RemoteError

SCAN_ROWS = 2000  # read at a time: no statement stays open while a scan's caller writes
SCAN_BODIES = 200

BY_ID = "id_key = ? AND id = ?"
_WHOLE = f"SELECT wire FROM record WHERE {BY_ID}"  # noqa: S608 - ours, as everywhere here
_BY_IDS = "id_key IN (SELECT value FROM json_each(?))"  # one statement for any number: see _keys
_WIRES = f"SELECT id, wire FROM record WHERE {_BY_IDS}"  # noqa: S608
_KINDS_OF = f"SELECT id, kind FROM record WHERE {_BY_IDS}"  # noqa: S608
_KNOWN = f"SELECT id, complete FROM record WHERE {_BY_IDS}"  # noqa: S608
_IN_GRAPH = "kind < 4"  # as the partial index says it: SQLite compares the words
_GRAPH_STATES = f"SELECT state, id FROM record WHERE {_IN_GRAPH} AND kind IN (1, 2, 3) AND author = ? ORDER BY no"  # noqa: S608
_NOT_LIVE = "state <> 1"
_IN_USE = "role IN (0, 1) AND complete AND NOT withdrawn"
_BRANCHES = "role IS NOT NULL AND complete AND NOT withdrawn"
ROW = (
    "SELECT no, id, kind, author, device, slot, version, audience, policy_version, created, expires, min_valid_version,"
    " state, place, tag, complete, withdrawn FROM record"
)


class RecordReader:
    """The read-only half of `RecordStore`."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._devices = people.devices

    # --- whole records -----------------------------------------------------------------------------------------------

    def newest(self, register: Register) -> Record | None:
        """Return the newest record of a register, perhaps header only; None if only pending ones are held."""
        return self._of_register(register, "role = 0")

    def current(self, register: Register) -> Record | None:
        """Return the newest record of a register that has a body, perhaps suspended; None if that was withdrawn."""
        return self._of_register(register, _IN_USE)

    def in_use(self, register: Register) -> list[Record]:
        """Return the versions of a register that are in use, the newest first; there are several of policies alone.

        Copies of a device wrote them apart: see `branches` of `RecordStore.put`.
        """
        author, kind, slot = register
        found = self._database.all(
            f"SELECT wire FROM record WHERE author = ? AND kind = ? AND slot = ? AND {_BRANCHES} ORDER BY version DESC, id DESC",  # noqa: S608
            (self._persons.find(author), kind, slot),
        )
        return [parsed(wire) for (wire,) in found]

    def _of_register(self, register: Register, which: str) -> Record | None:
        author, kind, slot = register
        wire = self._database.value(
            f"SELECT wire FROM record WHERE author = ? AND kind = ? AND slot = ? AND {which}",  # noqa: S608 - ours
            (self._persons.find(author), kind, slot),
        )
        return None if wire is None else parsed(wire)

    def get(self, record_id: RecordId) -> Record | None:
        """Return the record of this id in any state; None if it is not held."""
        wire = self._database.value(_WHOLE, (id_key(record_id), record_id))
        return None if wire is None else parsed(wire)

    def body_of(self, record_id: RecordId) -> bytes | None:
        """Return the body of the record of this id in any state; None if it is not held, or header only."""
        record = self.get(record_id)
        return None if record is None else record.body

    def get_many(self, ids: Sequence[RecordId]) -> list[Record]:
        """Return those of these records that are held, in the order of `ids`."""
        wires: dict[RecordId, bytes] = dict(self._database.all(_WIRES, _keys(ids)))
        return [parsed(wires[record_id]) for record_id in ids if record_id in wires]

    def known(self, ids: Sequence[RecordId]) -> dict[RecordId, bool]:
        """Return those of these ids that are held, in any state, each with whether the body is held too."""
        return {record_id: complete == 1 for record_id, complete in self._database.all(_KNOWN, _keys(ids))}

    def kinds_of(self, ids: Sequence[RecordId]) -> dict[RecordId, int]:
        """Return the kind of each of these records that is held."""
        return dict(self._database.all(_KINDS_OF, _keys(ids)))

    def bodies(self, kind: Kind, author: PersonId | None = None) -> Iterator[Record]:
        """Yield the current record of every register of `kind`: not withdrawn, not pending, perhaps suspended."""
        where = ["no > ?", f"kind = {int(kind)}", _IN_USE]
        if kind in _GRAPH_KINDS:
            where.append(_IN_GRAPH)
        values = self._by(author, where)
        last = 0
        sql = f"SELECT no, wire FROM record WHERE {' AND '.join(where)} ORDER BY no LIMIT {SCAN_BODIES}"  # noqa: S608
        while found := self._database.all(sql, (last, *values)):
            last = found[-1][0]
            for _, wire in found:
                yield parsed(wire)

    def arrived(self, kind: Kind, since: int) -> list[RecordId]:
        """Return the ids of records of `kind` that came at that time (UNIX seconds) or later."""
        sql = "SELECT id FROM record WHERE kind = ? AND arrived >= ? ORDER BY no"
        return [record_id for (record_id,) in self._database.all(sql, (int(kind), since))]

    def graph_states_of(self, author: PersonId) -> list[tuple[RecordState, RecordId]]:
        """Return the state and id of all certificates, policies and profiles of `author`, header only ones too."""
        found = self._database.all(_GRAPH_STATES, (self._persons.find(author),))
        return [(RecordState(state), record_id) for state, record_id in found]

    # --- scans -------------------------------------------------------------------------------------------------------

    def rows(
        self,
        kinds: Collection[int] | None = None,
        author: PersonId | None = None,
        states: Collection[int] | None = None,
    ) -> Iterator[Row]:
        """Yield the row of every record of one of `kinds`, by `author`, and in one of `states`; None means any.

        In the order of arrival. The caller may write between two rows; what it writes may or may not be yielded too.
        """
        where = ["no > ?"]
        if kinds is not None:
            where.append(_one_of("kind", kinds))
            if _GRAPH_KINDS.issuperset(kinds):
                where.append(_IN_GRAPH)
        if states is not None:
            where.append(_one_of("state", states))
            if RecordState.LIVE not in states:
                where.append(_NOT_LIVE)
        values = self._by(author, where)
        last = 0
        sql = f"{ROW} WHERE {' AND '.join(where)} ORDER BY no LIMIT {SCAN_ROWS}"
        while found := self._database.all(sql, (last, *values)):
            last = found[-1][0]
            yield from self._rows(found)

    def any_ends(self, after: int, until: int, states: Collection[int]) -> bool:
        """Whether a record in one of `states` expires after the first of these times, and by the second. Looks at all of them."""
        where = f"expires > ? AND expires <= ? AND {_one_of('state', states)}"
        return self._database.value(f"SELECT 1 FROM record WHERE {where} LIMIT 1", (after, until)) is not None  # noqa: S608

    def pending_from(self, source: PersonId) -> list[Row]:
        """Return the pending records that this person has brought."""
        where = f"state = {RecordState.PENDING:d} AND {_NOT_LIVE} AND received_from = ?"
        return list(self._rows(self._database.all(f"{ROW} WHERE {where}", (self._persons.find(source),))))

    def withdrawals_waiting(self, register: Register) -> list[Row]:
        """Return the pending records that take back what is in this register."""
        author, kind, slot = register
        where = "author = ? AND kind = ? AND slot = ? AND role IS NULL AND withdrawn"
        return list(self._rows(self._database.all(f"{ROW} WHERE {where}", (self._persons.find(author), kind, slot))))

    def lone_certificates(self, before: int) -> list[Row]:
        """Return others' certificates that came before then (UNIX seconds), if nothing else of their author is held."""
        where = f"kind = {Kind.DEVICE:d} AND {_IN_GRAPH} AND received_from IS NOT NULL AND arrived < ?"
        alone = f"NOT EXISTS (SELECT 1 FROM record o WHERE o.author = record.author AND o.kind <> {Kind.DEVICE:d})"  # noqa: S608
        return list(self._rows(self._database.all(f"{ROW} WHERE {where} AND {alone}", (before,))))

    def unseen_policies(self, before: int) -> list[Row]:
        """Return the headers of policies that came before then (UNIX seconds), of whose registers no body is held."""
        where = (
            f"kind = {Kind.POLICY:d} AND {_IN_GRAPH} AND {_NOT_LIVE} AND state = {RecordState.HEADER:d} AND arrived < ?"
        )
        body = (
            "SELECT 1 FROM record o WHERE o.author = record.author AND o.kind = record.kind AND o.slot = record.slot"
            " AND o.complete AND o.role IS NOT NULL"
        )
        return list(self._rows(self._database.all(f"{ROW} WHERE {where} AND NOT EXISTS ({body})", (before,))))

    def held_of(self, author: PersonId, *, letters: bool) -> list[tuple[Row, int]]:
        """Return the rows of everything by `author` that is not pending, or only of letters, each with its size in bytes."""
        where = f"author = ? AND kind = {Kind.LETTER:d} AND complete" if letters else "author = ? AND role IS NOT NULL"
        found = self._database.all(
            f"{ROW.replace(' FROM', ', size FROM')} WHERE {where}", (self._persons.find(author),)
        )
        rows = self._rows([columns[:-1] for columns in found])
        return [(row, columns[-1]) for row, columns in zip(rows, found, strict=True)]

    def rows_of(self, ids: Sequence[RecordId]) -> list[Row]:
        """Return the rows of those of these records that are held, in the order of `ids`."""
        rows = {row.id: row for row in self._rows(self._database.all(f"{ROW} WHERE {_BY_IDS}", _keys(ids)))}
        return [rows[record_id] for record_id in ids if record_id in rows]

    def _rows(self, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
        person, device = self._persons.key, self._devices.key
        for _, id_, kind, who, what, *middle, whole, withdrawn in found:
            yield Row._make((id_, kind, person(who), device(what), *middle, whole == 1, withdrawn == 1))

    def _by(self, author: PersonId | None, where: list[str]) -> list[int | None]:
        if author is None:
            return []
        where.append("author = ?")
        return [self._persons.find(author)]

    # --- sums --------------------------------------------------------------------------------------------------------

    def authors(self) -> set[PersonId]:
        """Return everybody who has written a record that is held, in any state."""
        return {self._persons.key(author) for (author,) in self._database.all("SELECT DISTINCT author FROM record")}

    def slots_of(self, author: PersonId, kind: Kind) -> list[bytes]:
        """Return the sorted slots of this kind that `author` has here, without withdrawn and pending records."""
        sql = "SELECT slot FROM record WHERE author = ? AND kind = ? AND role = 0 AND NOT withdrawn ORDER BY slot"
        return [slot for (slot,) in self._database.all(sql, (self._persons.find(author), int(kind)))]

    def next_expiry(self, now: int) -> int | None:
        """Return the first time after `now` (UNIX seconds) at which a record expires or a tombstone may be deleted."""
        due: int | None = self._database.value("SELECT min(due) FROM record WHERE due > ?", (now,))
        return due

    def count_due(self, by: int) -> int:
        """Return how many records time has changed by then (UNIX seconds), if it is that late."""
        return int(self._database.value("SELECT count(*) FROM record WHERE due <= ?", (by,)))

    def last_policies(self, after: int, until: int) -> list[tuple[PersonId, int]]:
        """Return the people whose last policy in use expires between these times (UNIX seconds), and when it does."""
        found = self._database.all(
            f"SELECT author, max(expires) AS last FROM record WHERE kind = {Kind.POLICY:d} AND {_IN_GRAPH} AND {_IN_USE}"  # noqa: S608
            " GROUP BY author HAVING last > ? AND last <= ?",
            (after, until),
        )
        return [(self._persons.key(author), last) for author, last in found]

    def forks(self) -> list[tuple[Record, Record]]:
        """Return pairs of records that a device signed for one version: its key was copied, or a backup restored."""
        return [(parsed(one), parsed(other)) for one, other in self._database.all("SELECT one, other FROM fork")]


_GRAPH_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.PROFILE})


def _keys(ids: Sequence[RecordId]) -> tuple[str]:
    """Return the value for _BY_IDS. Records that share only the first bytes with one of them may be found too."""
    return (json.dumps([id_key(record_id) for record_id in ids]),)


def _one_of(column: str, values: Collection[int]) -> str:
    """Return an SQL condition with the numbers in its text: only so can SQLite choose a partial index."""
    return f"{column} IN ({','.join(str(int(value)) for value in sorted(values))})"


def parsed(wire: bytes) -> Record:
    """Return the record stored as `wire`. Raises StorageDamaged if it cannot be parsed: it could when it was stored."""
    try:
        return Record.parse(wire)
    except RemoteError as error:
        raise StorageDamaged("a stored item is damaged", "restart meshnode: it checks the database") from error
