"""Reads the clocks of this machine: the date it shows, the seconds since it started, and whether it is synchronized."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STA_UNSYNC = 0x0040  # in `status` of adjtimex(2): set at start and whenever somebody sets the clock by hand
_TIME_ERROR = 5  # returned by adjtimex(2) while the clock is not synchronized
_STA_NANO = 0x2000  # whether `time.tv_usec` holds nanoseconds
_SAME_SECONDS = 2.0  # the kernel's own time may differ from ours by this, else its word is about another clock


class Machine:
    """The clocks of the machine that this process runs on."""

    def wall(self) -> float:
        """Return the date that the machine shows, in UNIX seconds."""
        return time.time()

    def running(self) -> float:
        """Return the seconds since the machine started, those it slept included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """Return the name of this start of the machine; "" where the system tells none."""
        return _boot_id()

    def synchronized(self) -> bool:
        """Whether the kernel says that the clock is kept right by a time service. False where it cannot be asked."""
        adjtimex = _adjtimex()
        if adjtimex is None:
            return False
        found = _Timex()
        if adjtimex(ctypes.byref(found)) in (-1, _TIME_ERROR) or found.status & _STA_UNSYNC:
            return False
        fraction = found.fraction / (1e9 if found.status & _STA_NANO else 1e6)
        shown: float = found.seconds + fraction
        return abs(shown - self.wall()) <= _SAME_SECONDS


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), named as far as it is used here; `modes` 0 only reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("fraction", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


@cache
def _adjtimex() -> Callable[..., int] | None:
    """Return the C library's adjtimex(2); None on a system without one."""
    try:
        function = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError):
        return None
    function.argtypes = [ctypes.POINTER(_Timex)]
    function.restype = ctypes.c_int
    return function


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
