"""Remembers when the last backup was made, and why one failed, for the owner to see."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import Kind, device_slot, limits

ASKED_AFTER = 30 * limits.DAY  # without a backup, the owner is reminded that there is something to lose
# Names in the store's small values.
_LAST = "last_backup"
_FAILED = "backup_failed"


class BackupState(Struct, frozen=True):
    """When the last backup was made (UNIX seconds; None: never), and why the last try failed, if it did."""

    last: int | None
    failed: str | None


def state(replica: Replica) -> BackupState:
    """Return the state of the owner's backups."""
    last = replica.store.meta.get(_LAST)
    return BackupState(int(last) if last is not None else None, replica.store.meta.get(_FAILED))


def note_made(replica: Replica) -> None:
    """Note that a backup was made and read back now."""
    replica.store.meta.set(_LAST, str(replica.clock.now()))
    replica.store.meta.delete(_FAILED)


def forget_failure(replica: Replica) -> None:
    """Forget that a backup could not be made: what kept it from being made has gone."""
    if replica.store.meta.get(_FAILED) is not None:
        replica.store.meta.delete(_FAILED)


def note_failed(replica: Replica, why: str) -> None:
    """Note why a backup could not be made."""
    replica.store.meta.set(_FAILED, why)


def is_wanted(replica: Replica) -> bool:
    """Whether the owner has something to lose and has made no backup for long, as far as the date is known."""
    if not replica.clock.trusted:
        return False
    last, now = state(replica).last, replica.clock.now()
    if last is None:
        certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
        if certificate is None:
            return False
        last = certificate.header.created
    return now - last > ASKED_AFTER and _has_something(replica)


def _has_something(replica: Replica) -> bool:
    """Whether there is a vouch or a post that would be gone."""
    own = policy.own(replica)
    if own is not None and own.vouches:
        return True
    return any(True for _ in replica.store.records.rows(kinds=(Kind.LISTING,), author=replica.me))
