"""Answers the owner's requests about backups, for the API and for the page."""

from __future__ import annotations

import trio
from msgspec import Struct

from meshnode.app import backup_state
from meshnode.backup import sealing
from meshnode.backup.contents import Manifest
from meshnode.backup.daily import kept
from meshnode.backup.maker import RECIPIENTS_MAX, BackupMaker
from meshnode.errors import Refused, Usage


class RecordCount(Struct, frozen=True):
    """How many records of one kind there are."""

    kind: str
    count: int


class BackupOrder(Struct, frozen=True):
    """The public keys (`age1...`) that can open the backup; without any, those that are set for this node."""

    to: tuple[str, ...] = ()


class BackupView(Struct, frozen=True):
    """A backup that was made and read back.

    `file` is where it waits to be fetched, for an hour at least; `made` is in UNIX seconds. `identity` says how the identity key is
    in it: "open", "sealed" by its own passphrase, or "elsewhere", on another device.
    """

    file: str
    bytes: int
    made: int
    person: str
    name: str
    device: str
    device_name: str
    identity: str
    records: tuple[RecordCount, ...]


class DailyBackup(Struct, frozen=True):
    """A daily backup that is kept: its path, and its date (YYYY-MM-DD)."""

    file: str
    date: str


class BackupsView(Struct, frozen=True):
    """The state of the backups of a node.

    `keys` are the public keys that they are sealed to, `last` is when the last one was made (UNIX seconds), `failed` why the
    last try failed, and `daily` has the daily ones in `directory`, the newest first. `wanted` says that there is something to lose, and that none was made for 30 days.
    """

    keys: tuple[str, ...]
    last: int | None
    failed: str | None
    wanted: bool
    directory: str
    daily: tuple[DailyBackup, ...]


class BackupKeyOrder(Struct, frozen=True):
    """The public keys (`age1...`) that can open the backups of this node from now on; without any, a new key is made."""

    to: tuple[str, ...] = ()


class BackupKeyView(Struct, frozen=True):
    """The public keys to which backups are sealed now, and the secret key that was made, which the node does not keep."""

    keys: tuple[str, ...]
    secret: str | None


def of(maker: BackupMaker | None) -> BackupMaker:
    """Return the maker of a node's backups. Raises Refused where it keeps nothing on a disk."""
    if maker is None:
        raise Refused("this node keeps nothing on a disk", "there is nothing to back up")
    return maker


async def make(maker: BackupMaker, order: BackupOrder) -> BackupView:
    """Make a backup; errors as BackupMaker.make, and Usage for a key that is none."""
    made = await maker.make(_recipients(order.to) or maker.recipients())
    await maker.store_thread.run(backup_state.note_made, maker.replica)
    return BackupView(str(made.path), made.bytes, *_facts(made.manifest))


def _facts(manifest: Manifest) -> tuple[int, str, str, str, str, str, tuple[RecordCount, ...]]:
    counts = tuple(RecordCount(kind, many) for kind, many in manifest.counts.items())
    return (
        manifest.made,
        manifest.person,
        manifest.name,
        manifest.device,
        manifest.device_name,
        manifest.identity,
        counts,
    )


async def show(maker: BackupMaker | None) -> BackupsView:
    """Return the state of the backups; a node that keeps nothing on a disk has none."""
    if maker is None:
        return BackupsView(keys=(), last=None, failed=None, wanted=False, directory="", daily=())
    found = await maker.store_thread.run(backup_state.state, maker.replica)
    daily = await trio.to_thread.run_sync(kept, maker.directory)
    return BackupsView(
        keys=maker.recipients(),
        last=found.last,
        failed=found.failed,
        wanted=await maker.store_thread.run(backup_state.is_wanted, maker.replica),
        directory=str(maker.directory),
        daily=tuple(DailyBackup(str(path), dated.isoformat()) for path, dated in daily),
    )


def set_key(maker: BackupMaker, order: BackupKeyOrder, instead_of: tuple[str, ...] | None = None) -> BackupKeyView:
    """Seal all later backups to these keys, or to a new one, which is shown this once.

    `instead_of` are the keys that the owner saw when deciding this. Raises Refused where others are set by now.
    """
    if instead_of is not None and instead_of != maker.recipients():
        raise Refused(
            "the key of your backups has changed meanwhile", "if you have not seen its secret, make a new key"
        )
    recipients, secret = _recipients(order.to), None
    if not recipients:
        secret, public = sealing.new_key()
        recipients = (public,)
    maker.set_recipients(recipients)
    return BackupKeyView(recipients, secret)


def _recipients(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(texts) > RECIPIENTS_MAX:
        raise Usage("these are too many keys for a backup (at most {most})", most=RECIPIENTS_MAX)
    return tuple(dict.fromkeys(map(sealing.recipient, texts)))
