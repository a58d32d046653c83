"""Homes on a disk, opened in this process: what a daemon has of a node, without network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshnode import node
from meshnode.backup import BackupMaker, new_key
from meshnode.home import Home
from meshnode.node.opening import opened, private_files
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from protocol import Audience, Preference


def new_home(path: Path, name: str = "Alice", *, passphrase: str | None = None) -> Home:
    """Make a home with a new person's node."""
    home = Home(path)
    preference = Preference(Audience.TRUSTED_NETWORK)
    node.create_node(home, name=name, place=None, preference=preference, passphrase=passphrase)
    return home


@contextmanager
def running(home: Home, passphrase: str | None = None) -> Iterator[Replica]:
    """Open a home as its daemon does."""
    with private_files(), home.lock(), opened(home, passphrase, moved=False) as replica:
        yield replica


def maker_of(home: Home, replica: Replica, directory: Path | None = None) -> BackupMaker:
    """Return the maker of the backups of an open home."""
    return BackupMaker(home, directory or home.backups, replica, StoreThread(replica.changes.held))


async def backed_up(home: Home, to: Path, passphrase: str | None = None) -> str:
    """Make a backup of a home at `to`; return the secret key that opens it."""
    secret, public = new_key()
    with running(home, passphrase) as replica:
        made = await maker_of(home, replica).make([public])
        made.path.rename(to)
    return secret
