"""The node's home directory: its files, their permissions, and the lock that lets one daemon run on it.

The home holds the keys, so nobody else may read it: its mode is 0700, that of its files 0600, or the node does not start.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from meshnode.errors import Failed, Forbidden, NotFound, Refused
from meshnode.home_path import CONFIG, SOCKET

if TYPE_CHECKING:
    from meshnode.sealing import HomeKey

_RESTORED = ("restored.json", "store.db", "device.old-", "backup.recipients")  # how names of restored files begin
FORMER_DEVICE = "device.old-{}.key"  # with the keys of a device that this home was before
WRITTEN = 1  # the version of the files with keys: each says which one it is
_WHAT = r"meshnode [a-z ]{1,40}, version ([0-9]{1,9})(?![0-9])"
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


class Home(NamedTuple):
    """The directory of one node. Creating this object touches no file."""

    path: Path
    key: HomeKey | None = None
    """The key under which all in it is encrypted: `encryption.unlocked` gives it. None for one that is not, or is locked."""

    @property
    def identity_key(self) -> Path:
        """The person's identity key. A directory with this file has a node."""
        return self.path / "identity.key"

    @property
    def device_key(self) -> Path:
        """The keys of this device."""
        return self.path / "device.key"

    @property
    def store(self) -> Path:
        """The database."""
        return self.path / "store.db"

    @property
    def store_key(self) -> bytes | None:
        """The key of the database (32 bytes), None where it is not encrypted."""
        return None if self.key is None else self.key.store

    @property
    def encryption(self) -> Path:
        """The file with the key of an encrypted home, sealed under its passphrase; one that is not encrypted has none."""
        return self.path / "encryption.json"

    @property
    def config(self) -> Path:
        """The owner's settings; the file may be missing."""
        return self.path / CONFIG

    @property
    def backup_recipients(self) -> Path:
        """The public keys to which backups are sealed, one a line; the file may be missing."""
        return self.path / "backup.recipients"

    @property
    def backups(self) -> Path:
        """The directory of the daily backups unless the owner has set another one."""
        return self.path / "backups"

    @property
    def backup_copy(self) -> Path:
        """A copy of the database, while a backup is made of it; with SQLite's files, whose names begin with its own."""
        return self.path / ".backup-copy.db"

    @property
    def restored(self) -> Path:
        """Says whose backup was put here without the identity key; it exists until the home joins that person again."""
        return self.path / "restored.json"

    @property
    def socket(self) -> Path:
        """The Unix socket of the local API; it exists while the daemon runs."""
        return self.path / SOCKET

    @property
    def lock_file(self) -> Path:
        """The file that a daemon locks and writes its process id into."""
        return self.path / "lock"

    @property
    def coming_back(self) -> Path:
        """A mark that lasts while a home is made for a person who comes back, until the store says so too."""
        return self.path / ".coming-back"

    @property
    def has_node(self) -> bool:
        """Whether a node was made in this home."""
        return self.identity_key.exists()

    def make(self, *, restored: bool = False) -> None:
        """Make the directory, private to its owner. Refused if it has a node already or holds other files.

        With `restored`, what a backup without the identity key has left there is no obstacle.
        """
        if self.has_node:
            raise Refused("there is already a node in {path}", "choose another directory with --home", path=self.path)
        try:
            self.path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            foreign = [entry.name for entry in self.path.iterdir() if not self._ours(entry)]
            if restored and self.restored.exists():
                foreign = [name for name in foreign if not name.startswith(_RESTORED)]
        except NotADirectoryError:
            raise Refused("{path} is not a directory", "choose another one with --home", path=self.path) from None
        except FileExistsError:
            raise Refused("{path} is not a directory", "choose another one with --home", path=self.path) from None
        except OSError as error:
            raise Failed(
                "{path} cannot be made: {strerror}",
                "choose another one with --home",
                path=self.path,
                strerror=error.strerror,
            ) from error
        if foreign:
            raise Refused("{path} is not empty", "choose another directory with --home", path=self.path)
        # A directory that existed before may be open to others.
        self.path.chmod(DIRECTORY_MODE)

    def _ours(self, entry: Path) -> bool:
        """Whether an entry may exist before `init`: the owner's settings, or files of an `init` that was interrupted."""
        return entry in (self.config, self.lock_file, self.device_key, self.encryption) or entry.name.startswith(".")

    def forget_attempt(self) -> None:
        """Remove what an `init` that was interrupted has left, so that it has no effect on what is put here now.

        Keys of a device that are not encrypted stay: new ones take their place, and a `device join` that was
        interrupted uses them again. Nothing is removed from a home that has a node.
        """
        if self.has_node:
            return
        self.coming_back.unlink(missing_ok=True)
        if self.encryption.exists():
            self.device_key.unlink(missing_ok=True)  # first: nothing opens it without the other
            sync_directory(self.path)
            self.encryption.unlink()

    def check(self) -> None:
        """Raise NotFound if there is no node, and Forbidden if others can open the directory."""
        if not self.has_node:
            raise NotFound("there is no node in {path}", "create one: meshnode init", path=self.path)
        check_private(self.path, self.path.stat(), DIRECTORY_MODE)

    def lock(self) -> HomeLock:
        """Keep other daemons out until the lock is released. Refused if one runs on this home already."""
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise Refused(
                "a meshnode is already running in {path} (process {holder})"
                if holder.isdigit()
                else "a meshnode is already running in {path}",
                "stop that one first",
                path=self.path,
                holder=holder,
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        return HomeLock(descriptor)


class HomeLock:
    """The lock that the daemon of a home holds. The kernel releases it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Release the lock. The file remains: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.release()


def check_private(path: Path, status: os.stat_result, mode: int) -> None:
    """Raise Forbidden, with the command that repairs it, unless `path` belongs to this user and is closed to others."""
    if status.st_uid != os.geteuid():
        raise Forbidden(
            "{path} belongs to another user", "run meshnode as that user, or choose another --home", path=path
        )
    if stat.S_IMODE(status.st_mode) & ~mode:
        raise Forbidden(
            "{path} is open to others and holds your keys",
            "run: chmod {mode:o} {quoted}",
            path=path,
            mode=mode,
            quoted=_quoted(path),
        )


def read_private(path: Path) -> bytes:
    """Return the content of a private file. Forbidden if others may read it, OSError if it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - Path.open cannot refuse a link
        check_private(path, os.fstat(descriptor), FILE_MODE)
        return file.read()


def check_written_before(path: Path, what: object) -> None:
    """Raise Refused where a file says, by its field `what`, that a newer version of this program has written it."""
    if isinstance(what, str) and (found := re.match(_WHAT, what)) is not None and int(found[1]) > WRITTEN:
        raise Refused("{path} was written by a newer meshnode", "update meshnode, then start it again", path=path)


def write_private(path: Path, content: bytes) -> None:
    """Write a private file. After a power cut it has the old content or the new one, never a part."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.rename(path)
    sync_directory(path.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`: the kernel may take less at once."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_directory(path: Path) -> None:
    """Wait until the file names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(path: Path) -> str:
    from shlex import quote

    return quote(str(path))
