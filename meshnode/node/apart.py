"""Answers one request of the local API for a node that does not run."""

from __future__ import annotations

from pathlib import Path

import trio

from meshnode import log as logs
from meshnode.backup import BackupMaker
from meshnode.config import Config
from meshnode.errors import Usage
from meshnode.home import Home
from meshnode.node.failures import cause_of
from meshnode.node.memory import keep_memory_private
from meshnode.node.opening import opened, private_files
from meshnode.store.store_thread import StoreThread


def answer_apart(
    home: Home, method: str, path: str, query: str, body: bytes | None, *, passphrase: str | None = None
) -> tuple[int, bytes]:
    """Answer one request of the local API for a node that does not run: status and JSON.

    Nothing else is done with what is in the store: no upkeep, and no first records. Raises Refused if a node runs in
    `home`, and the errors of keyring, home and store as `run`.
    """
    from meshnode.api import direct  # it takes a tenth of a second, which a start must not take twice

    keep_memory_private()
    logs.set_up("critical")  # what fails beside the request is for the doctor to show
    home.check()
    with private_files(), home.lock(), opened(home, passphrase, moved=False, begin=False) as replica:
        try:
            thread = StoreThread(replica.changes.held)
            backups = BackupMaker(home, _backups(home), replica, thread)
            return trio.run(direct.answer, thread, replica, backups, method, path, query, body)
        except BaseExceptionGroup as group:
            raise cause_of(group) from group


def _backups(home: Home) -> Path:
    """Return the directory of the daily backups. A wrong setting keeps nobody from revoking a device, say."""
    try:
        return Config.load(home.path).backups
    except Usage:
        return home.backups
