"""Makes a backup of a home while its node runs: a copy of the store in small steps, sealed together with the keys."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from meshnode import __version__
from meshnode.app.devices.device_list import name_of as name_of_device
from meshnode.app.naming import name_of
from meshnode.backup import contents, sealing
from meshnode.backup.contents import CHUNK, STORE, Manifest, Unpacker, hashed
from meshnode.backup.reading import named_counts
from meshnode.errors import Failed, Refused, StorageFailed, StorageFull, of_system
from meshnode.home import FORMER_DEVICE, Home, read_private, sync_directory, write_private
from meshnode.keyring import Keyring
from meshnode.slices import advance
from meshnode.store.snapshot import remove
from protocol import device_text, limits, person_text

if TYPE_CHECKING:
    from meshnode.replica.replica import Replica, StoreRunner

MADE = ".backup-{}.age"  # a backup that nobody has fetched yet
FETCHED_WITHIN = 3600  # seconds within which a backup is to be fetched; then `remove_unfetched` removes it
RECIPIENTS_MAX = 16  # a household, and a friend or two


class MadeBackup(Struct, frozen=True):
    """A backup that was made and read back: where it is, how long it is, and what is in it."""

    path: Path
    bytes: int
    manifest: Manifest


class BackupMaker:
    """Makes backups of one home, one at a time.

    `directory` is where the daily ones are kept.
    """

    def __init__(self, home: Home, directory: Path, replica: Replica, store_thread: StoreRunner) -> None:
        self.home = home
        self.directory = directory
        self.replica = replica
        self.store_thread = store_thread
        self._one_at_a_time = trio.Lock()
        self._made: dict[Path, float] = {}  # those that this process has made, and when (trio's time)

    def recipients(self) -> tuple[str, ...]:
        """Return the public keys to which backups are sealed unless others are named. Raises Failed for an unsound file."""
        try:
            lines = read_private(self.home.backup_recipients).decode("ascii").splitlines()
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise Failed("{path} cannot be read", path=self.home.backup_recipients) from error
        return tuple(sealing.recipient(line) for line in lines if line.strip() and not line.startswith("#"))[
            :RECIPIENTS_MAX
        ]

    def set_recipients(self, recipients: Sequence[str]) -> None:
        """Seal backups to these public keys from now on."""
        write_private(self.home.backup_recipients, "".join(f"{one}\n" for one in recipients).encode("ascii"))

    async def make(self, recipients: Sequence[str]) -> MadeBackup:
        """Make a backup in the home, sealed to `recipients`, and read it back; return where it is.

        Others use the store in between. The caller takes it from there within an hour, and notes that it was made
        (`backup_state`). Raises Refused without a recipient, and StorageFull or Failed where it could not be written or read
        back.
        """
        if not recipients:
            raise Refused("there is no key for your backups", "make one first")
        path = self.home.path / MADE.format(secrets.token_hex(8))
        async with self._one_at_a_time:
            try:
                with self._copy() as copy:
                    await self._snapshot(copy)
                    facts = await self.store_thread.run(self._facts)
                    manifest = await trio.to_thread.run_sync(self._write, copy, path, facts, recipients)
            except StorageFailed as error:
                # Of the copy, or of the store: then the next use of the store says so again, and ends the node.
                path.unlink(missing_ok=True)
                raise Failed(error.message, error.hint) from error
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            self._made[path] = trio.current_time()
        return MadeBackup(path, path.stat().st_size, manifest)

    async def remove_unfetched(self) -> None:
        """Remove backups that nobody has fetched within the hour, and those that an earlier process has left."""
        async with self._one_at_a_time:  # one that is being written is not among those that were made
            self._remove_unfetched()

    def _remove_unfetched(self) -> None:
        latest = trio.current_time() - FETCHED_WITHIN
        self._made = {path: made for path, made in self._made.items() if made > latest and path.exists()}
        for left in self.home.path.glob(MADE.format("*")):
            if left not in self._made:
                left.unlink(missing_ok=True)

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        """Yield the path for a copy of the store, which is removed at the end."""
        self._remove_unfetched()
        copy = self.home.backup_copy
        try:
            yield copy
        finally:
            remove(copy)

    async def _snapshot(self, copy: Path) -> None:
        store = self.replica.store
        if store.path is None:
            raise Refused("this node keeps nothing on a disk", "there is nothing to back up")
        disk = store.disk()
        if disk is not None and disk[0] < 2 * store.path.stat().st_size + limits.DISK_FREE_LEAST:
            raise StorageFull("the disk is full", "a backup needs room for two copies of your data: free some space")
        steps = store.snapshot(copy)
        try:
            while await self.store_thread.run(advance, steps, 0.0) is None:
                pass
        finally:
            with trio.CancelScope(shield=True):
                await self.store_thread.run(steps.close)

    def _facts(self) -> tuple[int, str, str, str, str]:
        replica = self.replica
        return (
            replica.clock.now(),
            person_text(replica.me),
            name_of(replica, replica.me),
            device_text(replica.device),
            name_of_device(replica, replica.device),
        )

    def _write(
        self, copy: Path, path: Path, facts: tuple[int, str, str, str, str], recipients: Sequence[str]
    ) -> Manifest:
        """Seal the copy with the other files of the home, and read the result back. Runs in a thread of its own."""
        made, person, name, device, device_name = facts
        found = self.replica.store.look_into(copy)
        paths = {one.name: one for one in self._small_files()} | {STORE: copy}
        manifest = Manifest(
            made=made,
            program=__version__,
            schema=found.schema,
            person=person,
            name=name,
            device=device,
            device_name=device_name,
            identity=self._identity_state(),
            counts=named_counts(found.counts),
            files={name: hashed(one) for name, one in paths.items()},
        )
        proof, proof_recipient = (
            sealing.new_key()
        )  # forgotten when the file was read back: nobody else can open it by it
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb", buffering=CHUNK) as file:  # noqa: PTH123 - the mode must be right from the first byte
                sealing.seal(contents.archive(manifest, paths), file, [*recipients, proof_recipient])
                file.flush()
                os.fsync(file.fileno())
            sync_directory(path.parent)
        except OSError as error:
            raise of_system(error) from error
        unpacker = Unpacker(None)
        sealing.open_sealed(path, proof, unpacker)
        if unpacker.finish() != manifest:
            raise contents.damaged()
        return manifest

    def _identity_state(self) -> str:
        if self.replica.elsewhere:
            return contents.ELSEWHERE
        sealed = self.home.encryption.exists() or Keyring.open(self.home).locked
        return contents.SEALED if sealed else contents.OPEN

    def _small_files(self) -> Iterator[Path]:
        home = self.home
        yield home.identity_key
        yield home.device_key
        yield from sorted(home.path.glob(FORMER_DEVICE.format("*")))[: contents.FILES_MAX // 2]
        for path in (home.encryption, home.config, home.backup_recipients):
            if path.is_file():
                yield path
