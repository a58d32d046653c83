"""Holds what comes of one batch of records: the outcome for its sender, and the changes that its transaction makes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from meshnode.replica.access_keys import AccessKey
from meshnode.replica.changes import Superseding
from meshnode.replica.quota import Charge
from meshnode.replica.refused_record import UNREADABLE, NotTaken, RefusedRecord
from meshnode.store import Row
from protocol import Code, Kind, PersonId, Record, RecordId
from protocol.session import Base

_TRUST_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.JOIN})
GRAPH_RECORD_KINDS = _TRUST_KINDS | {Kind.PROFILE}


class IngestResult(Struct):
    """The outcome for the records of one batch.

    `kept` are the ids that are held now, also those that were held before. `refused` are ids that this node does not
    want, without anybody being at fault. `faults` are records that no honest node passes on, each with its code.
    `newer` are the newest records of registers of which the sender showed an older version, to be sent back as headers
    where the sender may not have the body. `later` are those that are not taken now, each with a reason that can change:
    they are to be asked for again then. `stored` are ids that came or were put to use.
    """

    kept: list[RecordId] = field(default_factory=list)
    refused: list[RecordId] = field(default_factory=list)
    faults: list[tuple[Record, Code]] = field(default_factory=list)
    newer: list[Superseding] = field(default_factory=list)
    later: list[RefusedRecord] = field(default_factory=list)
    stored: list[RecordId] = field(default_factory=list)

    def add(self, other: IngestResult) -> None:
        """Add the outcome of another part of the same batch."""
        self.kept += other.kept
        self.refused += other.refused
        self.faults += other.faults
        self.newer += other.newer
        self.later += other.later
        self.stored += other.stored


class Batch(Struct):
    """The outcome of a batch so far, and the changes that its transaction has made."""

    outcome: IngestResult
    source: PersonId | None
    now: int
    ended_by: int  # the time to judge by what has ended; 0 in doubt, when nothing has
    disk_is_full: bool
    known: set[tuple[RecordId, bool]] = field(default_factory=set)
    rows: dict[RecordId, Row] = field(default_factory=dict)  # of stored records, as far as they are known
    ended: list[Row] = field(default_factory=list)
    keys: set[AccessKey] = field(default_factory=set)
    people: set[PersonId] = field(default_factory=set)
    bases: dict[RecordId, Base] = field(default_factory=dict)  # of stored records the older version
    evicted: dict[RecordId, int] = field(default_factory=dict)  # the sizes of records that made way
    made_way: set[PersonId] = field(
        default_factory=set
    )  # their certificates may be gone, and the trust state not know it
    unread: set[PersonId] = field(default_factory=set)  # of these, those whom the trust state must still read again
    trust: bool = False
    withdrawals: list[Row] = field(default_factory=list)  # pending ones of which something has come that they take back

    def set_aside(self, record: Record, code: Code) -> None:
        """Refuse a record that broke a rule. One from a newer version is nobody's fault: the sender may understand it."""
        if code is Code.UNKNOWN_KIND:
            self.refuse_unreadable(record)
        else:
            self.outcome.faults.append((record, code))

    def refuse_unreadable(self, record: Record) -> None:
        """Refuse a record that a later version of this program may be able to read: the sender is not at fault."""
        self.outcome.refused.append(record.id)
        self.refuse_for_now(record, UNREADABLE, None)

    def refuse_for_now(
        self, record: Record, reason: NotTaken, key: AccessKey | None, charge: Charge | None = None
    ) -> None:
        """Note that the record is refused for a reason that can change; `charge` is what it would take up."""
        charge = charge or Charge(record.header.author, record.header.kind, 0)
        self.outcome.later.append(RefusedRecord.of(record, reason, key, charge))

    def note_stored(self, record: Record) -> None:
        """Note that the record came, or was put to use."""
        self.outcome.kept.append(record.id)
        self.outcome.stored.append(record.id)
        kind = record.header.kind
        if kind in GRAPH_RECORD_KINDS:
            self.people.add(record.header.author)
            self.unread.add(record.header.author)
            self.trust = self.trust or kind in _TRUST_KINDS

    def note_gone(self, gone: Iterable[tuple[Row, int]]) -> None:
        """Note that these records have made way, each given with its size in bytes."""
        for row, size in gone:
            self.ended.append(row)
            self.evicted[row.id] = size
            self.made_way.add(row.author)
            if row.kind in GRAPH_RECORD_KINDS:
                self.people.add(row.author)
                self.unread.add(row.author)
                self.trust = True
