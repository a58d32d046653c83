"""Keeps the memory of this process, with the keys in it, out of core dumps and away from other programs of its owner."""

from __future__ import annotations

import ctypes
import resource

_PR_SET_DUMPABLE = 4  # prctl(2); with 0 no core is dumped, and only root may look into the memory (ptrace(2))


def keep_memory_private() -> None:
    """Forbid core dumps and debuggers to this process. The programs that it starts leave no core dumps either.

    Where the kernel does not know one of the two, the other one still holds.
    """
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
