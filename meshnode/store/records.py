"""Writing records: which of a register's versions are kept, and what time does to them.

What supersedes what is decided here and nowhere else. Whether a record is sound, wanted and allowed is not: `put`
believes its caller. A register keeps at most two records, whatever arrives in whatever order: the newest, and behind a
header alone the one still in use. Those that are held stand aside until they are proved.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from meshnode.store.reading import BY_ID, ROW, RecordReader, parsed
from meshnode.store.rows import Row, State, id_key
from protocol import (
    HELD_LIFE,
    SUSPENDED_LIFE,
    TOMBSTONE_GRACE,
    Body,
    DeviceId,
    Kind,
    Listing,
    PersonId,
    Record,
    RecordId,
    parse_body,
)

_NEWEST, _BEHIND = 0, 1  # the role within a register; NULL for what stands aside
_CIRCLE_KINDS = f"{Kind.DEVICE:d}, {Kind.POLICY:d}, {Kind.PROFILE:d}"
_ENDED = f"due <= ? AND NOT (received_from IS NULL AND kind IN ({_CIRCLE_KINDS}))"

_INSERT = (
    "INSERT INTO record (id, id_key, author, kind, slot, role, device, version, audience, policy_version, created, expires,"
    " floor, outlives, state, place, complete, withdrawn, received_from, arrived, due, size, wire)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
)
_COUNT_HELD = "SELECT count(*) FROM record WHERE state = 2 AND state <> 1"  # the second part finds the index
# Where they are among the values of _INSERT.
_AUTHOR, _ROLE, _STATE, _DUE, _SIZE = 2, 5, 14, 20, 21
_VERSION = (
    "SELECT no, id, author, kind, slot, role, version, device, floor, expires, outlives, complete, withdrawn,"
    " received_from, arrived, size FROM record"
)


class _Version(NamedTuple):
    """A stored record as the decisions about it see it; people and devices by number."""

    no: int
    id: RecordId
    author: int
    kind: int
    slot: bytes
    role: int | None
    version: int
    device: int
    floor: int
    expires: int
    outlives: int
    complete: int
    withdrawn: int
    received_from: int | None
    arrived: int
    size: int

    @property
    def register(self) -> tuple[int, int, bytes]:
        return (self.author, self.kind, self.slot)

    def due(self, state: State, since: int) -> int:
        """When the purge must look at it, being in `state` since then."""
        if self.withdrawn or not self.complete:
            return self.outlives + TOMBSTONE_GRACE
        if state is State.SUSPENDED:
            return min(self.expires, since + SUSPENDED_LIFE)
        if state is State.HELD:
            return min(self.expires, since + HELD_LIFE)
        return self.expires

    def leaves_a_header(self, now: int) -> bool:
        """Whether its header must stay when it goes, because an older version may outlive it."""
        return (
            self.role == _NEWEST
            and bool(self.complete and not self.withdrawn)
            and self.expires < self.outlives
            and self.expires <= now < self.outlives + TOMBSTONE_GRACE
        )


class _Use(NamedTuple):
    """How many records an author has here, and their bytes."""

    records: int
    size: int


class Records(RecordReader):
    """All records of one store."""

    def __init__(self, database: Database, people: People) -> None:
        super().__init__(database, people)
        self.wrote_own = False
        """Whether a record of our own hand was put since this was last set to False."""
        self._use: dict[int, _Use] = {}
        self._held: int | None = None
        database.on_rollback.append(self._forget)

    def _forget(self) -> None:
        self._use.clear()
        self._held = None
        self.wrote_own = False

    # --- coming in ---------------------------------------------------------------------------------------------------

    def put(
        self,
        record: Record,
        *,
        state: State,
        received_from: PersonId | None,
        arrived: int,
        body: Body | None = None,
    ) -> bool:
        """Take `record` into its register in this state; returns whether it is held now.

        `received_from` None says that it was written here. `body` spares parsing a listing's body once more.
        A newer complete record replaces all others of its register; a header alone replaces other headers and keeps
        the one in use behind it; an older record is kept only where it becomes the one in use. What is in use below
        the floor of the newest is SUSPENDED, whatever `state` says. HELD records stand aside and replace nothing, not
        even their own header. A header alone never takes a body away (see `drop_bodies`).
        """
        with self._database.joined():
            new, values = self._columns(record, state, received_from, arrived, body)
            return self._insert_first(values, state) or self._put_known(new, values, state)

    def put_new(
        self,
        record: Record,
        *,
        state: State,
        received_from: PersonId | None,
        arrived: int,
        body: Body | None = None,
    ) -> bool:
        """As `put`, inside a transaction, if `record` is the first of its register; else False, and nothing is done."""
        _, values = self._columns(record, state, received_from, arrived, body)
        return self._insert_first(values, state)

    def _insert_first(self, values: list[Any], state: State) -> bool:
        # Nearly all records are the first of their register: for them this one statement is all.
        return state is not State.HELD and not self.count_held() and self._insert(values, _NEWEST)

    def _columns(
        self, record: Record, state: State, received_from: PersonId | None, arrived: int, body: Body | None
    ) -> tuple[_Version, list[Any]]:
        """What the decisions need of a record, and its columns in the order of _INSERT, without a role."""
        (kind, author, device, slot, version, audience, policy, created, expires, floor, outlives, _) = record.header
        self.wrote_own = self.wrote_own or received_from is None
        source = None if received_from is None else self._persons.number(received_from)
        place, wire, record_id = None, record.wire, record.id
        complete, withdrawn = record.body is not None, record.body == b""
        if kind == Kind.LISTING and record.body:
            listing = parse_body(kind, record.body) if body is None else body
            place = listing.place if isinstance(listing, Listing) else None
        new = _Version(
            0, record_id, self._persons.number(author), kind, slot, None, version, self._devices.number(device), floor,
            expires, outlives, complete, withdrawn, source, arrived, len(wire),
        )  # fmt: skip
        return new, [
            record_id, id_key(record_id), new.author, kind, slot, None, new.device, version, audience, policy, created,
            expires, floor, outlives, state, place, complete, withdrawn, source, arrived, new.due(state, arrived),
            new.size, wire,
        ]  # fmt: skip

    def _insert(self, values: list[Any], role: int | None) -> bool:
        values[_ROLE] = role
        if not self._database.run(_INSERT, values):
            return False
        if role is not None:
            self._add_use(values[_AUTHOR], 1, values[_SIZE])
        elif self._held is not None:
            self._held += 1
        return True

    def _put_known(self, new: _Version, values: list[Any], state: State) -> bool:
        """Put a record whose id or register may be here already."""
        twin = self._version(new.id)
        if twin is not None:
            waits = twin.role is None
            if (waits and state is State.HELD) or (not waits and (twin.complete or not new.complete)):
                return True
            if state is State.HELD:
                return False  # the header is proved and guards its register; its body is asked for again later
            self._delete([twin], heir=False)
        if state is State.HELD:
            return self._insert(values, None)
        return self._compete(new, values)

    def _compete(self, new: _Version, values: list[Any]) -> bool:
        """Find the record its place in its register, and take out what it leaves without one."""
        known = self._versions("author = ? AND kind = ? AND slot = ? AND role IS NOT NULL", new.register)
        newest, behind = self._stand([*known, new])
        self._delete([version for version in known if version not in (newest, behind)], heir=False)
        if behind is not None and behind is not new:
            self._move_behind(behind, newest)
        if new is newest:
            return self._insert(values, _NEWEST)
        if new is not behind:
            return False
        if new.version < newest.floor:
            values[_STATE], values[_DUE] = State.SUSPENDED, new.due(State.SUSPENDED, new.arrived)
        return self._insert(values, _BEHIND)

    def _stand(self, versions: list[_Version]) -> tuple[_Version, _Version | None]:
        """Of a register's versions the newest and, if that is a header alone, the newest that has a body."""
        newest = max(versions, key=self._rank)
        if newest.complete:
            return newest, None
        usable = [version for version in versions if version.complete and not version.withdrawn]
        return newest, max(usable, key=self._rank, default=None)

    def _rank(self, version: _Version) -> tuple[int, DeviceId, RecordId]:
        return (version.version, self._devices.key(version.device), version.id)

    def _move_behind(self, version: _Version, newest: _Version) -> None:
        self._database.run("UPDATE record SET role = ? WHERE no = ?", (_BEHIND, version.no))
        if version.version < newest.floor:
            self._set_state(version, State.SUSPENDED, newest.arrived)

    # --- changing ----------------------------------------------------------------------------------------------------

    def set_state(self, ids: Iterable[RecordId], state: State) -> None:
        """Give these records another state. One that was HELD now competes in its register, and may lose there.

        Released as HEADER it leaves its body behind.
        """
        with self._database.joined():
            for record_id in ids:
                version = self._version(record_id)
                if version is None:
                    continue
                if version.role is None and state is not State.HELD:
                    self._release(version, state)
                else:
                    since = self._database.value(
                        "SELECT max(arrived) FROM record WHERE author = ? AND kind = ? AND slot = ?",
                        version.register,
                    )
                    self._set_state(version, state, since)

    def _set_state(self, version: _Version, state: State, since: int) -> None:
        self._database.run(
            "UPDATE record SET state = ?, due = ? WHERE no = ?", (int(state), version.due(state, since), version.no)
        )

    def _release(self, version: _Version, state: State) -> None:
        wire = self._database.value("SELECT wire FROM record WHERE no = ?", (version.no,))
        self._delete([version])
        source = None if version.received_from is None else self._persons.key(version.received_from)
        record = parsed(wire).without_body() if state is State.HEADER else parsed(wire)
        self.put(record, state=state, received_from=source, arrived=version.arrived)

    def drop_bodies(self, ids: Iterable[RecordId]) -> None:
        """Drop what these records say and keep of each register the newest header, so that nothing comes back."""
        with self._database.joined():
            for record_id in ids:
                version = self._version(record_id)
                if version is None:
                    continue
                if version.role == _NEWEST:
                    self._strip(version)
                else:
                    self._delete([version])

    def _strip(self, version: _Version) -> None:
        """Make a header alone of the newest of a register."""
        bare = version._replace(complete=version.withdrawn)
        wire = self._database.value("SELECT wire FROM record WHERE no = ?", (version.no,))
        wire = parsed(wire).without_body().wire
        self._database.run(
            "UPDATE record SET state = ?, complete = ?, place = NULL, due = ?, size = ?, wire = ? WHERE no = ?",
            (int(State.HEADER), bare.complete, bare.due(State.HEADER, 0), len(wire), wire, version.no),
        )
        self._add_use(version.author, 0, len(wire) - version.size)

    # --- going -------------------------------------------------------------------------------------------------------

    def delete(self, ids: Iterable[RecordId]) -> int:
        """Delete these records without a trace; returns how many there were."""
        with self._database.joined():
            versions = [found for record_id in ids if (found := self._version(record_id)) is not None]
            self._delete(versions)
        return len(versions)

    def ending(self, now: int) -> list[Row]:
        """What `purge` would look at, as it is now."""
        return list(self._rows(self._database.all(f"{ROW} WHERE {_ENDED}", (now,))))

    def purge(self, now: int) -> list[RecordId]:
        """Let go of what time has ended, `now` being certain; returns the ids of what is gone, headers kept or not.

        Expired records, of which the header stays where an older version may outlive them; tombstones some time past
        `outlives`; what was suspended or held for too long. What this node wrote about itself (certificate, policy,
        profile) stays: the next version counts on from it.
        """
        with self._database.joined():
            ended = self._versions(_ENDED, (now,))
            for version in ended:
                if version.leaves_a_header(now):
                    self._strip(version)
                else:
                    self._delete([version])
        return [version.id for version in ended]

    def _delete(self, versions: list[_Version], *, heir: bool = True) -> None:
        """Delete; `heir` says that the one behind a deleted newest becomes the newest."""
        for version in versions:
            self._database.run("DELETE FROM record WHERE no = ?", (version.no,))
            if version.role is not None:
                self._add_use(version.author, -1, -version.size)
            elif self._held is not None:
                self._held -= 1
        for version in versions:
            if heir and version.role == _NEWEST:
                self._database.run(
                    "UPDATE record SET role = 0 WHERE author = ? AND kind = ? AND slot = ? AND role = 1",
                    version.register,
                )

    def note_fork(self, one: Record, other: Record) -> None:
        """Keep the proof that a device signed two records for one version; the first for each device is enough."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO fork VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self._devices.number(one.header.device), one.without_body().wire, other.without_body().wire),
            )

    # --- sums --------------------------------------------------------------------------------------------------------

    def count(self, author: PersonId | None = None) -> int:
        """How many records of `author`, or in all, are here, headers included.

        What is held counts only in all: it may bear the name of somebody who had no hand in it.
        """
        if author is None:
            return int(self._database.value("SELECT count(*) FROM record"))
        return self._used_by(self._persons.find(author)).records

    def bytes_of(self, author: PersonId | None = None) -> int:
        """How many bytes the records that `count` counts have on the wire."""
        if author is None:
            return int(self._database.value("SELECT coalesce(sum(size), 0) FROM record"))
        return self._used_by(self._persons.find(author)).size

    def last_stamp(self, author: PersonId, device: DeviceId) -> int:
        """When this device last wrote something that is still here, in UNIX seconds; 0 if nothing is."""
        numbers = (self._persons.find(author), self._devices.find(device))
        found = self._database.value("SELECT max(created) FROM record WHERE author = ? AND device = ?", numbers)
        return found or 0

    def count_held(self, received_from: PersonId | None = None) -> int:
        """How many records wait for a certificate or policy; all of them, or those that came from this person."""
        if received_from is not None:
            source = self._persons.find(received_from)
            return int(self._database.value(f"{_COUNT_HELD} AND received_from = ?", (source,)))
        if self._held is None:
            self._held = int(self._database.value(_COUNT_HELD))
        return self._held

    def _used_by(self, author: int | None) -> _Use:
        if author is None:
            return _Use(0, 0)
        use = self._use.get(author)
        if use is None:
            found = self._database.one(
                "SELECT count(*), coalesce(sum(size), 0) FROM record WHERE author = ? AND role IS NOT NULL", (author,)
            )
            use = self._use[author] = _Use(*found) if found else _Use(0, 0)
        return use

    def _add_use(self, author: int, records: int, size: int) -> None:
        use = self._use.get(author)
        if use is not None:
            self._use[author] = _Use(use.records + records, use.size + size)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _versions(self, where: str, values: Iterable[Any]) -> list[_Version]:
        found = self._database.all(f"{_VERSION} WHERE {where}", tuple(values))
        return [_Version._make(row) for row in found]

    def _version(self, record_id: RecordId) -> _Version | None:
        found = self._versions(BY_ID, (id_key(record_id), record_id))
        return found[0] if found else None
