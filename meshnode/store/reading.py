"""Reading the records held: whole ones by register or id, and scans that see no body."""

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
_KNOWN = f"SELECT id, complete FROM record WHERE {_BY_IDS}"  # noqa: S608
_IN_GRAPH = "kind < 4"  # as the partial index says it: SQLite compares the words
_GRAPH_RECORDS = f"SELECT state, wire FROM record WHERE {_IN_GRAPH} AND kind IN (1, 2, 3) AND author = ? ORDER BY no"  # noqa: S608
_APART = "state <> 1"
_IN_USE = "role IS NOT NULL AND complete AND NOT withdrawn"
ROW = (
    "SELECT no, id, kind, author, device, slot, version, audience, policy_version, created, expires, floor, state, place,"
    " tag, complete FROM record"
)


class RecordReader:
    """What is held, to read."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._devices = people.devices

    # --- whole records -----------------------------------------------------------------------------------------------

    def head(self, register: Register) -> Record | None:
        """The newest record known of a register, maybe its header alone; what is held does not count."""
        return self._of_register(register, "role = 0")

    def used(self, register: Register) -> Record | None:
        """The newest record of a register that has a body; None where that was withdrawn. It may be suspended."""
        return self._of_register(register, _IN_USE)

    def _of_register(self, register: Register, which: str) -> Record | None:
        author, kind, slot = register
        wire = self._database.value(
            f"SELECT wire FROM record WHERE author = ? AND kind = ? AND slot = ? AND {which}",  # noqa: S608 - ours
            (self._persons.find(author), kind, slot),
        )
        return None if wire is None else parsed(wire)

    def get(self, record_id: RecordId) -> Record | None:
        """The record of this id, whatever its state; None if it is not held."""
        wire = self._database.value(_WHOLE, (id_key(record_id), record_id))
        return None if wire is None else parsed(wire)

    def get_many(self, ids: Sequence[RecordId]) -> list[Record]:
        """The records of these ids that are held, in the order asked for."""
        wires: dict[RecordId, bytes] = dict(self._database.all(_WIRES, _keys(ids)))
        return [parsed(wires[record_id]) for record_id in ids if record_id in wires]

    def known(self, ids: Sequence[RecordId]) -> dict[RecordId, bool]:
        """Which of these ids are held, whatever their state, and whether with their bodies."""
        return {record_id: complete == 1 for record_id, complete in self._database.all(_KNOWN, _keys(ids))}

    def bodies(self, kind: Kind, author: PersonId | None = None) -> Iterator[Record]:
        """The record in use of every register of `kind`: complete, not withdrawn, not held; it may be suspended."""
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
        """What of `kind` is here that came at that time (UNIX seconds) or later."""
        sql = "SELECT id FROM record WHERE kind = ? AND arrived >= ? ORDER BY no"
        return [record_id for (record_id,) in self._database.all(sql, (int(kind), since))]

    def graph_records_of(self, author: PersonId) -> list[tuple[RecordState, Record]]:
        """All certificates, policies and profiles of `author`, whatever their state, headers alone too."""
        found = self._database.all(_GRAPH_RECORDS, (self._persons.find(author),))
        return [(RecordState(state), parsed(wire)) for state, wire in found]

    # --- scans -------------------------------------------------------------------------------------------------------

    def rows(
        self,
        kinds: Collection[int] | None = None,
        author: PersonId | None = None,
        states: Collection[int] | None = None,
    ) -> Iterator[Row]:
        """Every record held that is of one of `kinds`, by `author` and in one of `states`, without its body.

        In the order of arrival. Between two rows the caller may write; what he puts then may or may not come too.
        """
        where = ["no > ?"]
        if kinds is not None:
            where.append(_one_of("kind", kinds))
            if _GRAPH_KINDS.issuperset(kinds):
                where.append(_IN_GRAPH)
        if states is not None:
            where.append(_one_of("state", states))
            if RecordState.LIVE not in states:
                where.append(_APART)
        values = self._by(author, where)
        last = 0
        sql = f"{ROW} WHERE {' AND '.join(where)} ORDER BY no LIMIT {SCAN_ROWS}"
        while found := self._database.all(sql, (last, *values)):
            last = found[-1][0]
            yield from self._rows(found)

    def strays(self, before: int) -> list[Row]:
        """Others' certificates and strikes that came before then (UNIX seconds), nothing else of their authors being here."""
        where = f"kind = {Kind.DEVICE:d} AND {_IN_GRAPH} AND received_from IS NOT NULL AND arrived < ?"
        alone = f"NOT EXISTS (SELECT 1 FROM record o WHERE o.author = record.author AND o.kind <> {Kind.DEVICE:d})"  # noqa: S608
        return list(self._rows(self._database.all(f"{ROW} WHERE {where} AND {alone}", (before,))))

    def brought_by(self, source: PersonId) -> list[Row]:
        """What this person has brought, whoever wrote it; headers left out."""
        where = "received_from = ? AND complete"
        return list(self._rows(self._database.all(f"{ROW} WHERE {where}", (self._persons.find(source),))))

    def rows_of(self, ids: Sequence[RecordId]) -> list[Row]:
        """The rows of these ids that are held, in the order asked for."""
        rows = {row.id: row for row in self._rows(self._database.all(f"{ROW} WHERE {_BY_IDS}", _keys(ids)))}
        return [rows[record_id] for record_id in ids if record_id in rows]

    def _rows(self, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
        person, device = self._persons.key, self._devices.key
        for _, id_, kind, who, what, *middle, whole in found:
            yield Row._make((id_, kind, person(who), device(what), *middle, whole == 1))

    def _by(self, author: PersonId | None, where: list[str]) -> list[int | None]:
        if author is None:
            return []
        where.append("author = ?")
        return [self._persons.find(author)]

    # --- sums --------------------------------------------------------------------------------------------------------

    def slots_of(self, author: PersonId, kind: Kind) -> list[bytes]:
        """The slots of one kind that `author` has here and has not withdrawn, in order; what is held does not count."""
        sql = "SELECT slot FROM record WHERE author = ? AND kind = ? AND role = 0 AND NOT withdrawn ORDER BY slot"
        return [slot for (slot,) in self._database.all(sql, (self._persons.find(author), int(kind)))]

    def next_expiry(self, now: int) -> int | None:
        """The first time after `now` (UNIX seconds) at which a record expires or a tombstone may go."""
        due: int | None = self._database.value("SELECT min(due) FROM record WHERE due > ?", (now,))
        return due

    def forks(self) -> list[tuple[Record, Record]]:
        """Proofs that a device signed two records for one version: its key was copied, or an old backup was used."""
        return [(parsed(one), parsed(other)) for one, other in self._database.all("SELECT one, other FROM fork")]


_GRAPH_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.PROFILE})


def _keys(ids: Sequence[RecordId]) -> tuple[str]:
    """The value for _BY_IDS. What only shares the first bytes with one of them may be found too."""
    return (json.dumps([id_key(record_id) for record_id in ids]),)


def _one_of(column: str, values: Collection[int]) -> str:
    """An SQL condition; its numbers stand in the text, for without them SQLite cannot choose a partial index."""
    return f"{column} IN ({','.join(str(int(value)) for value in sorted(values))})"


def parsed(wire: bytes) -> Record:
    """The record stored as `wire`. StorageDamaged if that is none: it was one when it was put."""
    try:
        return Record.parse(wire)
    except RemoteError as error:
        raise StorageDamaged("a stored record is damaged", "restart meshnode: it checks the database") from error
