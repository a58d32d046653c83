"""Says how much this node holds, and through whom what others have sent has come: who fills the room."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.naming import PersonRef, reference
from meshnode.replica.replica import Replica

ACCOUNTS_NAMED = 20  # people through whom most has come; the rest is one number


class ShareOfRoom(Struct, frozen=True):
    """The records of the people whom you know through `person` (null: people for whom nobody you trust answers)."""

    person: PersonRef | None
    records: int
    size: int


class StorageView(Struct, frozen=True):
    """The room that records take up on this node, in number and bytes: your own, and those of others.

    `size_most` is how much others may send; `through` says through whom it came, the largest part first, and `rest` is
    the size of what came through anybody else.
    """

    own_records: int
    own_size: int
    records: int
    size: int
    size_most: int
    through: tuple[ShareOfRoom, ...]
    rest: int


def storage(replica: Replica) -> StorageView:
    """Return what this node holds now."""
    quota = replica.quota
    own, others = replica.store.records.usage_of(replica.me), quota.others()
    quota.accounts.refresh()
    uses = quota.accounts.uses()
    largest = sorted(uses, key=lambda account: (-uses[account].size, account or b""))[:ACCOUNTS_NAMED]
    through = tuple(
        ShareOfRoom(None if account is None else reference(replica, account), uses[account].records, uses[account].size)
        for account in largest
    )
    rest = others.size - sum(one.size for one in through)
    return StorageView(own.records, own.size, others.records, others.size, quota.caps.size, through, max(rest, 0))
