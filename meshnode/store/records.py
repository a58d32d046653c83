"""Writes records: decides which versions of a register are kept, and what time does to them.

Which record supersedes which is decided here and nowhere else. Whether a record is valid, wanted and allowed is not:
`put` trusts its caller. A register keeps at most two records, whatever arrives in whatever order: the newest, and where
that is header only, the current one, which is still in use; and those branches that its caller names. Pending records are kept beside their register until they
are proved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

from meshnode.store.database import Database
from meshnode.store.people import People
from meshnode.store.photos import Photos
from meshnode.store.reading import BY_ID, ROW, RecordReader, parsed
from meshnode.store.rows import RecordState, Row, id_key, place_and_tag
from meshnode.store.usage import StoreUsage, UsageTable
from meshnode.store.versions import CURRENT, FIRST_BRANCH, NEWEST, VERSION, Version
from protocol import (
    Body,
    DeviceId,
    Kind,
    Listing,
    PersonId,
    Photo,
    Record,
    RecordId,
    RemoteError,
    limits,
    parse_body,
)
from protocol.steps import Steps

_GRAPH_KINDS = f"{Kind.DEVICE:d}, {Kind.POLICY:d}, {Kind.PROFILE:d}, {Kind.JOIN:d}"
_FIRST_DUE = "ORDER BY due, no LIMIT ?"
_ENDED = f"due <= ? AND NOT (received_from IS NULL AND kind IN ({_GRAPH_KINDS}))"

_INSERT = (
    "INSERT INTO record (id, id_key, author, kind, slot, role, device, version, audience, policy_version, created, expires,"
    " min_valid_version, latest_expiry, state, place, tag, complete, withdrawn, received_from, arrived, due, size, wire)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
)
_TOLD_BY_BODY = (Kind.LISTING, Kind.LETTER)  # kinds whose rows hold something of the body
# Positions among the values of _INSERT.
_AUTHOR, _KIND, _ROLE, _STATE, _PLACE, _COMPLETE, _WITHDRAWN, _SOURCE = 2, 3, 5, 14, 15, 17, 18, 19
_ARRIVED, _DUE, _SIZE = 20, 21, 22


class RecordStore(RecordReader):
    """All records of one store."""

    def __init__(self, database: Database, people: People, photos: Photos) -> None:
        super().__init__(database, people)
        self._photos = photos
        self._to_name: tuple[Photo, ...] = ()  # by the record of which the columns were made last
        self.wrote_own = False
        """Whether a record that this node wrote was stored since this was last set to False."""
        self.letters_moved = True
        """Whether a letter was stored since this was last set to False; True at first: some may be unopened."""
        self._usage = UsageTable(database)
        database.on_rollback.append(self._forget)

    def _forget(self) -> None:
        self.wrote_own = False
        self.letters_moved = True

    # --- storing -----------------------------------------------------------------------------------------------------

    def put(
        self,
        record: Record,
        *,
        state: RecordState,
        received_from: PersonId | None,
        arrived: int,
        body: Body | None = None,
        branches: Collection[RecordId] = (),
    ) -> bool:
        """Store `record` in its register with this state; return whether it is held now.

        `received_from` is None for a record that this node wrote; `arrived` is in UNIX seconds. `body` saves parsing it
        once more.

        A newer record with a body replaces all others of its register. A header only replaces other headers and keeps
        the current record behind it. An older record is kept only where it becomes the current one. A current record
        below the newest one's `min_valid_version` is SUSPENDED, whatever `state` says. PENDING records replace nothing,
        not even their own header. A header only never deletes a body (see `drop_bodies`).

        `branches` are ids of versions, this one perhaps among them, that remain in use beside the newest one: a copy of
        the device wrote them apart, and neither takes back what the other says.
        """
        with self._database.joined():
            new, values = self._columns(record, state, received_from, arrived, body)
            return self._insert_first(values, state) or self._put_known(new, values, state, branches)

    def put_new(
        self,
        record: Record,
        *,
        state: RecordState,
        received_from: PersonId | None,
        arrived: int,
        body: Body | None = None,
    ) -> bool:
        """Do as `put`, in an open transaction, if `record` is the first of its register; else return False."""
        _, values = self._columns(record, state, received_from, arrived, body)
        return self._insert_first(values, state)

    def _insert_first(self, values: list[Any], state: RecordState) -> bool:
        # Nearly all records are the first of their register: for them this one statement is all.
        return state is not RecordState.PENDING and not self.count_pending() and self._insert(values, NEWEST)

    def _columns(
        self, record: Record, state: RecordState, received_from: PersonId | None, arrived: int, body: Body | None
    ) -> tuple[Version, list[Any]]:
        """Return what the decisions need of a record, and its columns in the order of _INSERT, without a role."""
        (
            kind,
            author,
            device,
            slot,
            version,
            audience,
            policy,
            created,
            expires,
            min_valid_version,
            latest_expiry,
            _,
        ) = record.header
        self.wrote_own = self.wrote_own or received_from is None
        source = None if received_from is None else self._persons.number(received_from)
        wire, record_id = record.wire, record.id
        complete, withdrawn = record.body is not None, record.body == b""
        self.letters_moved = self.letters_moved or kind == Kind.LETTER
        if body is None and record.body and kind in _TOLD_BY_BODY:
            body = parse_body(kind, record.body)
        place, tag = place_and_tag(body)
        self._to_name = body.photos if isinstance(body, Listing) else ()
        new = Version(
            0, record_id, self._persons.number(author), kind, slot, None, version, self._devices.number(device),
            min_valid_version, created, expires, latest_expiry, complete, withdrawn, source, arrived, len(wire),
            place is not None,
        )  # fmt: skip
        return new, [
            record_id, id_key(record_id), new.author, kind, slot, None, new.device, version, audience, policy, created,
            expires, min_valid_version, latest_expiry, state, place, tag, complete, withdrawn, source, arrived,
            new.due(state, arrived), new.size, wire,
        ]  # fmt: skip

    def _insert(self, values: list[Any], role: int | None) -> bool:
        values[_ROLE] = role
        if not self._database.run(_INSERT, values):
            return False
        if self._to_name:
            author = values[_AUTHOR] if values[_STATE] == RecordState.LIVE else None
            self._photos.name(self._database.value("SELECT last_insert_rowid()"), self._to_name, author)
        if role is None:
            self._usage.add_pending(values[_SOURCE], 1)
        else:
            whole = values[_COMPLETE] and not values[_WITHDRAWN]
            placed = values[_PLACE] is not None
            self._usage.add(values[_AUTHOR], values[_KIND], values[_SIZE], whole=whole, placed=placed, sign=1)
        return True

    def _put_known(self, new: Version, values: list[Any], state: RecordState, branches: Collection[RecordId]) -> bool:
        """Store a record of which another version, or the same record, may be held already."""
        twin = self._version(new.id)
        if twin is not None:
            waits = twin.role is None
            if (waits and state is RecordState.PENDING) or (not waits and (twin.complete or not new.complete)):
                return True
            if state is RecordState.PENDING:
                return False  # the header is proved and stays; the body is requested again later
            self._delete([twin], promote=False)
        if state is RecordState.PENDING:
            return self._insert(values, None)
        return self._compete(new, values, branches)

    def _compete(self, new: Version, values: list[Any], branches: Collection[RecordId]) -> bool:
        """Store a record as one of those in use in its register, and delete those that it supersedes."""
        known = self._versions("author = ? AND kind = ? AND slot = ? AND role IS NOT NULL", new.register)
        newest, current = self._newest_and_current([*known, new])
        beside = [one for one in (*known, new) if one not in (newest, current) and one.id in branches]
        self._delete([one for one in known if one not in (newest, current, *beside)], promote=False)
        free = self._make_branches([one for one in beside if one is not new])
        if current is not None and current is not new:
            self._make_current(current, newest)
        if new is newest:
            if new.kind == Kind.POLICY and not new.complete and current is None and new.arrived < new.expires:
                # Its body has been waited for since the first header came, however many have followed.
                values[_ARRIVED] = min((one.arrived for one in known), default=new.arrived)
            return self._insert(values, NEWEST)
        if new in beside:
            return self._insert(values, free)
        if new is not current:
            return False
        if new.version < newest.min_valid_version:
            values[_STATE], values[_DUE] = RecordState.SUSPENDED, new.due(RecordState.SUSPENDED, new.arrived)
        return self._insert(values, CURRENT)

    def _make_branches(self, beside: list[Version]) -> int:
        """Give these the roles of branches; return the first role that is free then."""
        taken = {one.role for one in beside if one.role is not None and one.role >= FIRST_BRANCH}
        free = (role for role in count(FIRST_BRANCH) if role not in taken)
        for one in beside:
            if one.role not in taken:
                self._database.run("UPDATE record SET role = ? WHERE no = ?", (next(free), one.no))
        return next(free)

    def _newest_and_current(self, versions: list[Version]) -> tuple[Version, Version | None]:
        """Return the newest version of a register and, if that is header only, the newest that has a body."""
        newest = max(versions, key=self._rank)
        if newest.complete:
            return newest, None
        usable = [version for version in versions if version.complete and not version.withdrawn]
        return newest, max(usable, key=self._rank, default=None)

    def _rank(self, version: Version) -> tuple[int, DeviceId, RecordId]:
        return (version.version, self._devices.key(version.device), version.id)

    def _make_current(self, version: Version, newest: Version) -> None:
        self._database.run("UPDATE record SET role = ? WHERE no = ?", (CURRENT, version.no))
        if version.version < newest.min_valid_version:
            self._set_state(version, RecordState.SUSPENDED, newest.arrived)

    # --- changing ----------------------------------------------------------------------------------------------------

    def set_state(self, ids: Iterable[RecordId], state: RecordState, branches: Collection[RecordId] = ()) -> None:
        """Set the state of these records. A PENDING one is put into its register now, and may be superseded there.

        A PENDING record that becomes HEADER loses its body. `branches` are as for `put`.
        """
        with self._database.joined():
            for record_id in ids:
                version = self._version(record_id)
                if version is None:
                    continue
                if version.role is None and state is not RecordState.PENDING:
                    self._release(version, state, branches)
                else:
                    since = self._database.value(
                        "SELECT max(arrived) FROM record WHERE author = ? AND kind = ? AND slot = ?",
                        version.register,
                    )
                    self._set_state(version, state, since)

    def _set_state(self, version: Version, state: RecordState, since: int) -> None:
        self._database.run(
            "UPDATE record SET state = ?, due = ? WHERE no = ?", (int(state), version.due(state, since), version.no)
        )
        if version.kind == Kind.LISTING:
            self._photos.use(version.no, version.author if state is RecordState.LIVE else None)

    def _release(self, version: Version, state: RecordState, branches: Collection[RecordId]) -> None:
        wire = self._database.value("SELECT wire FROM record WHERE no = ?", (version.no,))
        self._delete([version])
        source = None if version.received_from is None else self._persons.key(version.received_from)
        record = parsed(wire).without_body() if state is RecordState.HEADER else parsed(wire)
        with suppress(RemoteError):  # a record that this version cannot read is of no use
            self.put(record, state=state, received_from=source, arrived=version.arrived, branches=branches)

    def drop_bodies(self, ids: Iterable[RecordId]) -> None:
        """Delete the bodies of these records and keep each newest header, so that no older version comes back."""
        with self._database.joined():
            for record_id in ids:
                version = self._version(record_id)
                if version is None:
                    continue
                if version.role == NEWEST:
                    self._strip(version)
                else:
                    self._delete([version])

    def _strip(self, version: Version) -> None:
        """Delete the body of the newest record of a register."""
        bare = version._replace(complete=version.withdrawn, placed=0)
        wire = self._database.value("SELECT wire FROM record WHERE no = ?", (version.no,))
        wire = parsed(wire).without_body().wire
        self._database.run(
            "UPDATE record SET state = ?, complete = ?, place = NULL, tag = NULL, due = ?, size = ?, wire = ? WHERE no = ?",
            (int(RecordState.HEADER), bare.complete, bare.due(RecordState.HEADER, 0), len(wire), wire, version.no),
        )
        if version.kind == Kind.LISTING:
            self._photos.unname(version.no)
        self._count(version, -1)
        self._count(bare._replace(size=len(wire)), 1)

    # --- deleting ----------------------------------------------------------------------------------------------------

    def delete(self, ids: Iterable[RecordId]) -> int:
        """Delete these records with their headers; return how many there were."""
        with self._database.joined():
            versions = [found for record_id in ids if (found := self._version(record_id)) is not None]
            self._delete(versions)
        return len(versions)

    def ending(self, now: int, most: int) -> list[Row]:
        """Return the rows that `purge` would delete or strip, as they are now."""
        return list(self._rows(self._database.all(f"{ROW} WHERE {_ENDED} {_FIRST_DUE}", (now, most))))

    def purge(self, now: int, most: int = -1) -> list[RecordId]:
        """Delete what has expired at `now` (UNIX seconds, certain); return the ids, also those whose headers stay.

        With `most` it deletes so many at most, those first that have been due for longest.

        It deletes expired records, but keeps the header where an older version may live longer; tombstones some time
        after their `latest_expiry`; and records that were suspended or pending for too long. Certificates, policies,
        profiles and joins that this node wrote stay: the next version is numbered from them.
        """
        with self._database.joined():
            ended = self._versions(f"{_ENDED} {_FIRST_DUE}", (now, most))
            for version in ended:
                if version.leaves_tombstone(now):
                    self._strip(version)
                else:
                    self._delete([version])
        return [version.id for version in ended]

    def _delete(self, versions: list[Version], *, promote: bool = True) -> None:
        """Delete these; with `promote` the current record behind a deleted newest one becomes the newest."""
        for version in versions:
            self._database.run("DELETE FROM record WHERE no = ?", (version.no,))
            self._count(version, -1)
        for version in versions:
            if promote and version.role == NEWEST:
                self._database.run(
                    f"UPDATE record SET role = {NEWEST} WHERE author = ? AND kind = ? AND slot = ? AND role = {CURRENT}",  # noqa: S608
                    version.register,
                )

    def note_fork(self, one: Record, other: Record) -> None:
        """Keep the proof that a device signed two records for one version; the first one for each device is enough.

        Beyond the limit those of the devices known longest are kept, this node's own among them.
        """
        with self._database.joined():
            self._database.run(
                "INSERT INTO fork VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self._devices.number(one.header.device), one.without_body().wire, other.without_body().wire),
            )
            self._database.run(
                "DELETE FROM fork WHERE device IN (SELECT device FROM fork ORDER BY device LIMIT -1 OFFSET ?)",
                (limits.FORKS_MAX,),
            )

    # --- sums --------------------------------------------------------------------------------------------------------

    def count(self, author: PersonId | None = None) -> int:
        """Return how many records of `author`, or in all, are held, headers included.

        Pending records count only in all: it is not proved who wrote them.
        """
        if author is None:
            return int(self._database.value("SELECT count(*) FROM record"))
        return self._usage.author(self._persons.find(author)).records

    def bytes_of(self, author: PersonId | None = None) -> int:
        """Return how many bytes the records that `count` counts have on the wire."""
        if author is None:
            return int(self._database.value("SELECT coalesce(sum(size), 0) FROM record"))
        return self._usage.author(self._persons.find(author)).size

    def usage_of(self, author: PersonId) -> StoreUsage:
        """Return what the records written by this person take up."""
        return self._usage.author(self._persons.find(author))

    def reading_usage(self) -> Steps[None]:
        """Read in steps what the records of everybody take up; later calls are quick."""
        return self._usage.reading()

    def usage_in_all(self) -> StoreUsage:
        """Return what all records take up."""
        return self._usage.in_all()

    def usage_by_author(self) -> Iterator[tuple[PersonId, StoreUsage]]:
        """Yield every author with what their records take up."""
        for number, use in self._usage.authors().items():
            yield self._persons.key(number), use

    def usage_changed(self) -> list[tuple[PersonId, StoreUsage]] | None:
        """Return the authors whose usage has changed since the last call, as it is now; None where that is not known."""
        changed = self._usage.take_changed()
        if changed is None:
            return None
        return [(self._persons.key(number), self._usage.author(number)) for number in sorted(changed)]

    def count_pending(self) -> int:
        """Return how many records are pending."""
        return self._usage.pending_in_all()

    def pending_by_source(self) -> dict[PersonId, int]:
        """Return how many pending records each person has brought."""
        pending = self._usage.pending().items()
        return {self._persons.key(number): count for number, count in pending if number is not None and count}

    @property
    def freed(self) -> int:
        """How often room was made here: while it stays the same, there is no more room than before."""
        return self._usage.freed

    def _count(self, version: Version, sign: int) -> None:
        if version.role is None:
            self._usage.add_pending(version.received_from, sign)
        else:
            whole = bool(version.complete and not version.withdrawn)
            placed = bool(version.placed)
            self._usage.add(version.author, version.kind, version.size, whole=whole, placed=placed, sign=sign)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _versions(self, where: str, values: Iterable[Any]) -> list[Version]:
        found = self._database.all(f"{VERSION} WHERE {where}", tuple(values))
        return [Version._make(row) for row in found]

    def _version(self, record_id: RecordId) -> Version | None:
        found = self._versions(BY_ID, (id_key(record_id), record_id))
        return found[0] if found else None
