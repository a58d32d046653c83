"""Encrypts a home, changes its passphrase, or decrypts it: in place, while no node runs, and safe at every moment.

Every change makes new files under a new key beside the old ones, syncs them, and then replaces `encryption.json`: from that
moment on the new passphrase holds. Only then do the new files take the places of the old ones, which are overwritten
before. A power cut ahead of that moment leaves the home as it was; after it, the next start ends the change.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshnode.encryption import header, read_header, unlocked, unlocked_keys, write_header
from meshnode.erasure import overwrite
from meshnode.errors import Refused, of_system
from meshnode.home import Home, sync_directory, write_private
from meshnode.keyring import Keyring
from meshnode.sealing import HomeKey
from meshnode.store.copying import copy, meta_of, set_meta
from meshnode.store.file_mark import mark_of

HOME_MARK = "home_mark"  # the name of the mark of the file that holds the store, in the store's small values

_DRAFT = ".rekeyed"  # after the name of a file: what is to take its place
_PRIVATE_UMASK = 0o077


def change_passphrase(home: Home, former: str | None, new: str | None) -> None:
    """Encrypt everything in `home` under a new key, sealed under the passphrase `new`; None decrypts it.

    `former` is the passphrase so far, if there is one. Raises Forbidden if it is wrong or missing, Refused where a node runs,
    where files lie there that cannot be encrypted, or where `new` is empty, and the errors of keyring and store. Then
    nothing is changed.
    """
    home.check()
    with home.lock(), _system_errors():
        settle(home)
        if damaged := sorted(path.name for path in home.path.glob("store.damaged-*")):
            raise Refused(
                "{file} is a damaged database, which is not encrypted again",
                "move it away or delete it",
                file=damaged[0],
            )
        home, keyring = unlocked_keys(home, former)
        key = None if new is None else HomeKey(secrets.token_bytes(32))
        content = None if key is None or new is None else header(key, new, secrets.token_bytes)
        before = os.umask(_PRIVATE_UMASK)
        try:
            _write_drafts(home, keyring, key)
        except BaseException:
            _remove_drafts(home)
            raise
        finally:
            os.umask(before)
        if content is not None:
            write_header(home, content, "in")
        else:
            write_header(home, read_header(home) or {}, "out")
        settle(home)


def check_passphrase(home: Home, passphrase: str | None) -> None:
    """Raise Forbidden unless this is the passphrase of an encrypted home."""
    unlocked(home, passphrase)


def settle(home: Home) -> None:
    """End a change that was interrupted: undo it where it did not hold yet, and finish it where it did.

    Needs no passphrase. The lock of the home must be held.
    """
    stored = read_header(home)
    moving = None if stored is None else stored.get("moving")
    if stored is None or moving is None:
        _remove_drafts(home)
        return
    for draft in sorted(home.path.glob(f"*{_DRAFT}")):
        _replace(draft)
    sync_directory(home.path)
    if moving == "in":
        write_header(home, stored)
    else:
        home.encryption.unlink()
        sync_directory(home.path)


def _write_drafts(home: Home, keyring: Keyring, key: HomeKey | None) -> None:
    _remove_drafts(home)
    for name, content in keyring.files_under(key, entropy=secrets.token_bytes).items():
        write_private(home.path / (name + _DRAFT), content)
    if home.store.exists():
        _copy_store(home, key)
    sync_directory(home.path)


def _copy_store(home: Home, key: HomeKey | None) -> None:
    draft = _draft_of(home.store)
    target_key = None if key is None else key.store
    copy(home.store, draft, key=home.store_key, target_key=target_key)
    draft.chmod(0o600)
    mark, new_mark = mark_of(home.store), mark_of(draft)
    # The new file is no copy of the home, but the home itself; one that was copied before stays a copy.
    if new_mark is not None and mark == meta_of(home.store, home.store_key, HOME_MARK):
        set_meta(draft, target_key, HOME_MARK, new_mark)


def _draft_of(path: Path) -> Path:
    return path.with_name(path.name + _DRAFT)


def _replace(draft: Path) -> None:
    """Let a draft take the place of its file, which is overwritten first, as are the journals that belong to it."""
    path = draft.with_name(draft.name.removesuffix(_DRAFT))
    for beside in (path.with_name(path.name + end) for end in ("-wal", "-journal", "-shm")):
        overwrite(beside)
        beside.unlink(missing_ok=True)
    sync_directory(path.parent)  # a journal of the old file must never meet the new one
    overwrite(path)
    draft.rename(path)


def _remove_drafts(home: Home) -> None:
    """Remove what is left of a change that did not hold, of a backup, and of files that were being written when the power failed."""
    left = [*home.path.glob(f"*{_DRAFT}*"), *home.path.glob(".*.new"), *home.path.glob(f"{home.backup_copy.name}*")]
    for path in left:
        overwrite(path)
        path.unlink(missing_ok=True)
    if left:
        sync_directory(home.path)


@contextmanager
def _system_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise of_system(error) from error
