"""Makes an empty home the home of a backup, as a new device of the same person.

The files lie in a directory of their own until all of them were checked. The identity key comes last: a home with it has
a node. So a restore that was interrupted can be done again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from meshnode import log as logs
from meshnode.app.devices import copies, lost_device
from meshnode.backup import BackupReader, Manifest
from meshnode.backup.contents import ELSEWHERE, damaged
from meshnode.encryption import is_encrypted, unlocked_keys
from meshnode.errors import Failed, Refused
from meshnode.home import Home, read_private, sync_directory, write_private
from meshnode.node.opening import open_store, opened, private_files
from protocol import DeviceId, PersonId, device_text, person_text

RESTORING = ".restoring"


class Decision(NamedTuple):
    """The owner's decisions about a restore.

    With `old_lost` the device that made the backup is revoked, as soon as contacts have brought back what it wrote since.
    `passphrase` is that of the identity key, if it has one; without it the new device key is taken when the node is started
    with it.
    """

    old_lost: bool
    passphrase: str | None = None


class Restored(Struct, frozen=True):
    """A home that was restored: what was in the backup, and whether it has taken its new device key already."""

    manifest: Manifest
    renewed: bool


def look_into_backup(path: Path, secret: str) -> Manifest:
    """Read a backup to its end, check it, and return what is in it. Nothing is kept. Errors as BackupReader."""
    return BackupReader(path, secret).check()


def clear_up(home: Home) -> None:
    """Remove what a restore that was interrupted has left: it has not put the identity key in place yet."""
    left = home.path / RESTORING
    if not left.is_dir() or home.has_node:
        return
    for one in home.path.iterdir():
        if one.is_file() and one not in (home.config, home.lock_file):
            one.unlink()
    shutil.rmtree(left)


def restore(home: Home, path: Path, secret: str, decide: Callable[[Manifest], Decision]) -> Restored:
    """Make `home` the home of the backup at `path`, which `secret` opens.

    It becomes a new device of the same person: its former device key signs nothing any more. A backup without the identity
    key is put there for `joining.join`, which makes the home a device again, with all that was restored. `decide` is called with what
    is in the backup, once it was checked, and before anything of it is used. Raises Refused, changing nothing, if the home
    has a node or other files, and the errors of BackupReader and Keyring.
    """
    logs.set_up("critical")  # what it does is said to the person who asked for it
    with private_files():
        clear_up(home)
        home.make()
        with home.lock():
            fresh = Home(home.path / RESTORING)
            reader = BackupReader(path, secret)
            manifest = reader.unpack(fresh.path)
            try:
                decision = decide(manifest)
                _prepare(fresh, reader, manifest, decision)
                home.forget_attempt()
                _move_in(fresh.path, home)
            except BaseException:
                clear_up(home)
                raise
            if manifest.identity == ELSEWHERE:
                return Restored(manifest, renewed=False)
            if unlocked_keys(home, decision.passphrase)[1].locked:
                return Restored(manifest, renewed=False)
            with opened(home, decision.passphrase, moved=False):
                return Restored(manifest, renewed=True)


def _prepare(fresh: Home, reader: BackupReader, manifest: Manifest, decision: Decision) -> None:
    """Check that keys and store are of the person whom the manifest names, and note that they are copies."""
    if manifest.identity == ELSEWHERE and is_encrypted(fresh):
        raise Refused(
            "this backup is of an encrypted computer without your identity key",
            "make this computer a new device, with a code from the one that has the key",
        )
    fresh, keyring = unlocked_keys(fresh, decision.passphrase)
    reader.check_store(fresh.path, manifest, fresh.store_key)
    device = keyring.device.device_id
    if person_text(keyring.person) != manifest.person or device_text(device) != manifest.device:
        raise damaged()
    if keyring.elsewhere != (manifest.identity == ELSEWHERE):
        raise damaged()
    with open_store(fresh) as store:
        copies.note_copied_home(store)
        if decision.old_lost and not keyring.elsewhere:
            lost_device.note_lost(store, device)
    if keyring.elsewhere:
        keyring.set_device_aside()
        left = {"person": keyring.person.hex(), "device": device.hex()}
        write_private(fresh.restored, json.dumps(left).encode("ascii"))
        fresh.identity_key.unlink()


def former_device(home: Home, person: PersonId) -> DeviceId | None:
    """Return the device whose backup was put here without the identity key, to be joined to `person`; None if none was.

    Raises Refused if it was the backup of another person, or if the restore was interrupted.
    """
    if (home.path / RESTORING).exists():
        raise Refused("the restore in {path} was interrupted", "restore the backup again", path=home.path)
    try:
        left = json.loads(read_private(home.restored))
        whose, device = bytes.fromhex(left["person"]), DeviceId(bytes.fromhex(left["device"]))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise Failed("{path} is damaged", "restore the backup again", path=home.restored) from None
    if whose != person:
        raise Refused(
            "what was restored in {path} is another person's", "choose another one with --home", path=home.path
        )
    return device


def _move_in(fresh: Path, home: Home) -> None:
    """Move the files into the home, the identity key last; settings that are there already stay as they are."""
    for one in sorted(fresh.iterdir()):
        if one.name != home.identity_key.name and not (one.name == home.config.name and home.config.exists()):
            one.rename(home.path / one.name)
    sync_directory(home.path)
    if (fresh / home.identity_key.name).exists():
        (fresh / home.identity_key.name).rename(home.identity_key)
        sync_directory(home.path)
    shutil.rmtree(fresh)
