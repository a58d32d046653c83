"""Observes from outside when a node commits: the kernel reports writes to a database's log (inotify(7))."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

IN_MODIFY = 0x2
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of a name that follows
_READ = 64 * 1024


class Commits:
    """Watches the write-ahead logs of several stores, each under a name."""

    def __init__(self, stores: Mapping[str, Path]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._names: dict[int, str] = {}
        for name, path in stores.items():
            log = os.fsencode(f"{path}-wal")
            self._names[self._checked(self._libc.inotify_add_watch(self._descriptor, log, IN_MODIFY))] = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def quiet(self, seconds: float) -> None:
        """Wait until no store has had a commit for this many seconds."""
        while self._next(seconds):
            pass

    def first_of_each(self, seconds: float) -> dict[str, float]:
        """Return when each store had its first commit from now on, by `time.perf_counter`; without those that had none in time."""
        found: dict[str, float] = {}
        deadline = time.perf_counter() + seconds
        while len(found) < len(self._names) and (left := deadline - time.perf_counter()) > 0:
            names = self._next(left)
            now = time.perf_counter()
            for name in names:
                found.setdefault(name, now)
        return found

    def _next(self, seconds: float) -> set[str]:
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return set()
        events, names, at = os.read(self._descriptor, _READ), set(), 0
        while at < len(events):
            watch, _, _, length = _EVENT.unpack_from(events, at)
            names.add(self._names[watch])
            at += _EVENT.size + length
        return names

    def _checked(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        return result
