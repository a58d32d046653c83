"""Answers requests about backups."""

from __future__ import annotations

import trio

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.backup import cases
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/backups")
async def backups(context: LocalContext) -> cases.BackupsView:
    """Show when the last backup was made, which daily ones there are, and who can open them."""
    return await cases.show(context.backups)


@_routes.add("POST", "/v1/backups", status=201, errors=WRITES)
async def make_backup(context: LocalContext, body: cases.BackupOrder) -> cases.BackupView:
    """Make a backup of everything, sealed, and read it back. It waits in the node's home for an hour to be fetched."""
    return await cases.make(cases.of(context.backups), body)


@_routes.add("POST", "/v1/backup-keys", status=201, errors=WRITES)
async def set_backup_key(context: LocalContext, body: cases.BackupKeyOrder) -> cases.BackupKeyView:
    """Set who can open your backups: a new key, whose secret is shown this once, or public keys that you have."""
    return await trio.to_thread.run_sync(cases.set_key, cases.of(context.backups), body)
