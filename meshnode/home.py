"""The node's home directory: what lies where in it, who may look into it, and that only one daemon lives there.

The home holds the keys, so nobody else may read it: 0700 for itself, 0600 for what is in it, or nothing starts.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from meshnode.errors import Failed, Forbidden, NotFound, Refused

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Home:
    """One node's directory. Nothing is touched before it is asked for."""

    path: Path

    @property
    def identity_key(self) -> Path:
        """The person's identity. Where this is, a node is."""
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
    def config(self) -> Path:
        """What the owner has set; it need not exist."""
        return self.path / "config.toml"

    @property
    def socket(self) -> Path:
        """The local API's Unix socket, there while the daemon runs."""
        return self.path / "api.sock"

    @property
    def lock_file(self) -> Path:
        """Locked, and naming the process, while a daemon runs."""
        return self.path / "lock"

    @property
    def has_node(self) -> bool:
        """Whether `init` was here."""
        return self.identity_key.exists()

    def make(self) -> None:
        """Make the directory, for its owner alone. Refused if there is a node already or something else lives there."""
        if self.has_node:
            raise Refused(f"there is already a node in {self.path}", "choose another directory with --home")
        try:
            self.path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            strangers = [entry.name for entry in self.path.iterdir() if not self._ours(entry)]
        except NotADirectoryError:
            raise Refused(f"{self.path} is not a directory", "choose another one with --home") from None
        except FileExistsError:
            raise Refused(f"{self.path} is not a directory", "choose another one with --home") from None
        except OSError as error:
            raise Failed(f"{self.path} cannot be made: {error.strerror}", "choose another one with --home") from error
        if strangers:
            raise Refused(f"{self.path} is not empty", "choose another directory with --home")
        # An empty directory that was made for us need not have been made well.
        self.path.chmod(DIRECTORY_MODE)

    def _ours(self, entry: Path) -> bool:
        """Whether an entry may be there before `init`: the owner's settings, or what an init cut short has left."""
        return entry in (self.config, self.lock_file, self.device_key) or entry.name.startswith(".")

    def check(self) -> None:
        """NotFound without a node, Forbidden unless the directory is its owner's alone."""
        if not self.has_node:
            raise NotFound(f"there is no node in {self.path}", "create one: meshnode init")
        check_private(self.path, self.path.stat(), DIRECTORY_MODE)

    def lock(self) -> HomeLock:
        """Keep every other daemon out until the lock is released. Refused while one is here."""
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise Refused(f"a meshnode is already running in {self.path}{who}", "stop that one first") from None
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return HomeLock(descriptor)


class HomeLock:
    """The one daemon's hold on its home. The kernel releases it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others in. The file stays: removing it would let two processes lock two files of one name."""
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
    """Forbidden, with the command that mends it, unless `path` is this user's and open to nobody else."""
    if status.st_uid != os.geteuid():
        raise Forbidden(f"{path} belongs to another user", "run meshnode as that user, or choose another --home")
    if stat.S_IMODE(status.st_mode) & ~mode:
        raise Forbidden(f"{path} is open to others and holds your keys", f"run: chmod {mode:o} {_quoted(path)}")


def read_private(path: Path) -> bytes:
    """The content of a file that nobody else may read, or Forbidden. OSError where it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - Path.open cannot refuse a link
        check_private(path, os.fstat(descriptor), FILE_MODE)
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone: after a power cut it has the old content or the new one, whole."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - the mode must be right from the first byte on
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(path: Path) -> str:
    from shlex import quote

    return quote(str(path))
