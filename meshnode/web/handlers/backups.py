"""Shows how it stands with your backups and whether the home is encrypted, makes a backup to save, and makes their key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import trio

from meshnode.backup import cases
from meshnode.errors import MeshnodeError
from meshnode.local.file_stream import FilePieces
from meshnode.web.addresses import Addresses, Asked, LargeDocument, Reply, TemplateReply
from meshnode.web.pages import day_field, plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table


@_addresses.add("GET", "/backups")
async def backups(asked: Asked) -> Reply:
    """Show when the last backup was made, where the daily ones are, and whether the home is encrypted."""
    return await _backups(asked)


@_addresses.add("POST", "/backups")
async def make(asked: Asked) -> Reply:
    """Make a backup, which the browser saves. Nothing of it stays in the home."""
    try:
        made = await cases.make(cases.of(asked.context.backups), cases.BackupOrder())
        file = await trio.to_thread.run_sync(_taken, Path(made.file))
    except MeshnodeError as error:
        return await _backups(asked, error)
    return LargeDocument(f"meshnode-backup-{day_field(made.made)}.age", made.bytes, FilePieces(file))


def _taken(path: Path) -> BinaryIO:
    """Open a file and remove it: what is open can be read to its end, and nothing is left if the browser goes away."""
    file = path.open("rb")
    path.unlink()
    return file


@_addresses.add("POST", "/backups/key")
async def make_key(asked: Asked) -> Reply:
    """Make a key for the backups in place of those that the form was shown with, and show its secret this once.

    The outcome is not kept for the same form: it has the secret. A form that is sent twice is refused instead, as the keys
    are others by then; the store's thread takes one after the other.
    """
    context = asked.context
    shown = tuple(asked.form.get("instead_of", "").split())
    try:
        maker = cases.of(context.backups)
        made = await context.store_thread.run(cases.set_key, maker, cases.BackupKeyOrder(), shown)
    except MeshnodeError as error:
        return await _backups(asked, error)
    return TemplateReply("backup_key.html", {"key": plain(made)})


async def _backups(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    values: dict[str, Any] = {
        "found": plain(await cases.show(context.backups)),
        "encrypted": context.replica.store.encrypted,
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("backups.html", values, 200 if error is None else error.http_status)
