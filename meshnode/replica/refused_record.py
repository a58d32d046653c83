"""Names the reasons for which a record is not taken now, and holds what of it is needed to ask for it again."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.replica.access import access_key
from meshnode.replica.access_keys import AccessKey
from meshnode.replica.quota import Charge, Shortage
from meshnode.store import Row
from protocol import Record, RecordId
from protocol.wire import Item

NOT_ALLOWED, LOST, APART, EXPIRED = "not allowed", "lost", "apart", "expired"
PAUSED, UNREADABLE, UNDECIDED = "paused", "unreadable", "undecided"
"""Reasons beside a Shortage: the owner may not have it, or not any longer; it is a certificate or policy of somebody who
is connected with nobody here; it has expired by this node's clock; it follows other versions of a policy too soon; a
later version of this program may be able to read it; or it cannot be decided about yet, and cannot wait, since its header
is in its register already."""

NotTaken = Shortage | str


class RefusedRecord(NamedTuple):
    """A record that is not taken now: what of it is needed to know when to ask for it again.

    `key` is that of the access decision, None where it was not looked at; `expires` is in UNIX seconds. `near` are the
    surroundings of the author, of one who is apart, and `since` is when they were looked at, in monotonic seconds.
    """

    item: Item
    kind: int
    reason: NotTaken
    key: AccessKey | None
    charge: Charge
    expires: int
    near: int = 0
    since: float = 0.0

    @classmethod
    def of(cls, record: Record, reason: NotTaken, key: AccessKey | None, charge: Charge) -> RefusedRecord:
        """Return the refusal of `record` for this reason."""
        header = record.header
        return cls((header.created, record.id), header.kind, reason, key, charge, header.expires)

    @property
    def id(self) -> RecordId:
        """The id of the record."""
        return self.item[1]


def evicted(row: Row, size: int) -> RefusedRecord:
    """Return the refusal of a record of `size` bytes that was held here and made way for others."""
    charge = Charge(row.author, row.kind, size)
    return RefusedRecord((row.created, row.id), row.kind, Shortage.INTRODUCER, access_key(row), charge, row.expires)


def lost(row: Row) -> RefusedRecord:
    """Return the refusal of a record that was held here and may not be any longer."""
    charge = Charge(row.author, row.kind, 0)
    return RefusedRecord((row.created, row.id), row.kind, LOST, access_key(row), charge, row.expires)
