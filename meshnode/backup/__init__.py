"""Makes backups of a home, reads them as hostile input, and decides which of the daily ones are kept."""

from __future__ import annotations

from meshnode.backup.contents import Manifest
from meshnode.backup.daily import DailyBackups
from meshnode.backup.maker import BackupMaker
from meshnode.backup.private_copy import copy_private
from meshnode.backup.reading import BackupReader
from meshnode.backup.sealing import new_key, recipient, wants_passphrase, with_passphrase

__all__ = [
    "BackupMaker",
    "BackupReader",
    "DailyBackups",
    "Manifest",
    "copy_private",
    "new_key",
    "recipient",
    "wants_passphrase",
    "with_passphrase",
]
