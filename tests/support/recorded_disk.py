"""Records what a store writes to its disk and when it syncs, and makes the disks that a power cut may leave.

A disk keeps what was synced. Of what was written since then it keeps any part: no sector, all of them, or some, and one
of them may be torn, the new bytes before some point and the old ones after it. The name of a new file may be lost until
its directory was synced. Nothing else happens to a disk here: bytes that nobody wrote stay as they were.
"""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import apsw

PROJECT = Path(__file__).resolve().parents[2]
SECTOR = 512  # bytes that a disk writes at once
JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL  # SQLite syncs their directory with their first sync

Kept = Literal["nothing", "all", "some", "lied"]
"""What a disk keeps of what was not synced. One that `lied` has also lost what it had said to have synced last."""


class Step(NamedTuple):
    """One thing that was asked of the disk, or `note`: something that the caller has said at that time."""

    what: Literal["create", "delete", "rename", "write", "truncate", "sync", "sync names", "note"]
    file: str = ""
    at: int = 0
    data: bytes = b""
    note: Any = None


class DiskRecorder(apsw.VFS):
    """SQLite's file system, recorded. It becomes the process's default, below the checksums: make it before a store."""

    def __init__(self) -> None:
        super().__init__("recorded", "unix", makedefault=True)
        self.steps: list[Step] = []

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        assert name is not None, "the store makes no temporary files"
        path = Path(name if isinstance(name, str) else name.filename())
        created = not path.exists()
        journal = created and bool(flags[0] & JOURNALS)
        file = _RecordedFile(self.steps, path.name, name, flags, journal=journal)
        if created:
            self.steps.append(Step("create", path.name))
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's
        super().xDelete(filename, syncdir)
        self.steps.append(Step("delete", Path(filename).name))
        if syncdir:
            self.steps.append(Step("sync names"))


class _RecordedFile(apsw.VFSFile):
    def __init__(
        self, steps: list[Step], file: str, name: str | apsw.URIFilename, flags: list[int], *, journal: bool
    ) -> None:
        super().__init__("unix", name, flags)
        self._steps = steps
        self._file = file
        self._names_unsynced = journal

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._steps.append(Step("write", self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._steps.append(Step("truncate", self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._steps.append(Step("sync", self._file))
        if self._names_unsynced:
            self._names_unsynced = False
            self._steps.append(Step("sync names"))


class RecordedSystem(ModuleType):
    """The module `os`, with what a module writes by it recorded: put it in the place of that module's `os`."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__("os")
        self._steps = steps
        self._names: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        created = bool(flags & os.O_CREAT) and not path.exists()
        descriptor = os.open(path, flags, mode)
        self._names[descriptor] = "" if flags & os.O_DIRECTORY else path.name
        if created:
            self._steps.append(Step("create", path.name))
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        written = os.write(descriptor, data)
        self._steps.append(Step("write", self._names[descriptor], at, bytes(data[:written])))
        return written

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        written = os.pwrite(descriptor, data, offset)
        self._steps.append(Step("write", self._names[descriptor], offset, data))
        return written

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        name = self._names[descriptor]
        self._steps.append(Step("sync", name) if name else Step("sync names"))

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
        del self._names[descriptor]


def record_names(steps: list[Step]) -> None:
    """Record renamed and removed files too, for the rest of this process: what `pathlib` does."""
    rename, unlink = Path.rename, Path.unlink

    def recorded_rename(self: Path, target: Path) -> Path:
        steps.append(Step("rename", self.name, note=target.name))
        return rename(self, target)

    def recorded_unlink(self: Path, missing_ok: bool = False) -> None:
        if self.exists():
            steps.append(Step("delete", self.name))
        unlink(self, missing_ok)

    Path.rename, Path.unlink = recorded_rename, recorded_unlink  # type: ignore[method-assign,assignment]


class _File:
    """What is on the disk of a file, and what was written to it since its last sync."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.before = b""
        """What was synced before the last sync."""
        self.since: list[Step] = []

    def sync(self) -> None:
        self.before = bytes(self.synced)
        for step in self.since:
            _apply(self.synced, step)
        self.since.clear()

    def after_cut(self, kept: Kept, chance: random.Random) -> bytes:
        """Return the content that the file may have after a power cut now."""
        content = bytearray(self.synced)
        if kept == "lied":
            return self.before
        share = {"nothing": 0.0, "all": 1.0, "some": chance.random()}[kept]
        for step in self.since:
            if step.what == "truncate":
                if chance.random() < share:
                    _apply(content, step)
                continue
            for sector in _sectors(step):
                if chance.random() < share:
                    torn = kept == "some" and chance.random() < 0.1
                    _apply(content, _torn(sector, chance) if torn else sector)
        return bytes(content)


class Disk:
    """The disk at one time: follow the steps in order, and cut the power wherever it shall be cut."""

    def __init__(self) -> None:
        self._named: dict[str, _File] = {}
        self._synced_names: dict[str, _File] = {}
        self._names_since: list[dict[str, _File | None]] = []

    def follow(self, step: Step) -> None:
        """Let the next thing happen to the disk."""
        match step.what:
            case "create":
                self._named[step.file] = _File()
                self._names_since.append({step.file: self._named[step.file]})
            case "delete":
                del self._named[step.file]
                self._names_since.append({step.file: None})
            case "rename":
                self._named[step.note] = self._named.pop(step.file)
                self._names_since.append({step.file: None, step.note: self._named[step.note]})
            case "sync names":
                self._synced_names = dict(self._named)
                self._names_since.clear()
            case "sync":
                self._named[step.file].sync()
            case "write" | "truncate":
                self._named[step.file].since.append(step)

    def cut(self, directory: Path, kept: Kept, chance: random.Random) -> None:
        """Put the files that a power cut may leave into the empty `directory`. A disk lies about write-ahead logs only."""
        unsynced = len(self._names_since)
        last = {"all": unsynced, "some": chance.randint(0, unsynced)}.get(kept, 0)
        names: dict[str, _File | None] = dict(self._synced_names)
        for change in self._names_since[:last]:
            names |= change
        for name, file in sorted(names.items()):
            if file is not None:
                honest = kept == "lied" and not name.endswith("-wal")
                (directory / name).write_bytes(file.after_cut("nothing" if honest else kept, chance))


def _apply(content: bytearray, step: Step) -> None:
    if step.what == "truncate":
        del content[step.at :]
        content.extend(bytes(step.at - len(content)))
        return
    content.extend(bytes(max(0, step.at - len(content))))
    content[step.at : step.at + len(step.data)] = step.data


def _sectors(step: Step) -> Iterator[Step]:
    """Yield the parts of a write that are in one sector each."""
    start, end = step.at, step.at + len(step.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield step._replace(at=start, data=step.data[start - step.at : stop - step.at])
        start = stop


def _torn(sector: Step, chance: random.Random) -> Step:
    return sector._replace(data=sector.data[: chance.randrange(len(sector.data))])


def recorded_run(code: str, directory: Path, *words: str, seconds: float) -> list[Step]:
    """Run this piece of Python in a process of its own, with the directory and the words, and return what it has written.

    A process has one default file system, so the recorder must not be that of the tests.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory), *words],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    steps: list[Step] = pickle.loads((directory / "steps").read_bytes())  # noqa: S301 - our own
    return steps


def write_steps(directory: Path, steps: list[Step]) -> None:
    """Write down what happened to the disk, for `recorded_run`."""
    (directory / "steps").write_bytes(pickle.dumps(list(steps)))
