"""The three numbers that only ever grow, each a type of its own: versions, stamps (Lamport clocks) and times.

Other people's numbers come from anybody, and ours must be able to follow them. So each has a cap far below INT_MAX, and
none is added to unchecked: a sum is a plain integer, which mypy does not take where one of these types is asked for. The
functions here are the only ones that make the next number; they refuse or stop at the cap (protocol/README.md, "Numbers
that grow").
"""

from __future__ import annotations

from typing import NewType

from protocol.errors import InvalidField
from protocol.limits import DEVICE_LIFE, HEADROOM, STAMP_MAX, TIME_MAX, VERSION_DATE_MAX, VERSION_MAX

Version = NewType("Version", int)
"""The number of a version of a register."""
Stamp = NewType("Stamp", int)
"""A Lamport clock: the number of an edit of a policy, over all devices of its author."""
UnixTime = NewType("UnixTime", int)
"""Seconds since 1970, as a header has them."""


class NoHeadroom(InvalidField):
    """No number can follow: somebody, such as the thief of a device, has written the highest that there is."""


# --- Versions --------------------------------------------------------------------------------------------------------


def version_after(last: int) -> Version:
    """Return the version after `last`, 0 for none. NoHeadroom if none can follow."""
    if last >= VERSION_MAX:
        raise NoHeadroom("version", "has come to its end")
    return Version(last + 1)


def version_at(last: int, now: int) -> Version:
    """Return a version after `last` that is not below the seconds of `now`. NoHeadroom if none can follow."""
    return max(version_after(last), Version(min(now, VERSION_DATE_MAX)))


def leaps(version: int, known: int, latest_expiry: int) -> bool:
    """Whether `version` is higher than its writer can have come to from `known`, the newest version known of a register.

    Versions follow each other one by one, or are the seconds of their time, which every later version names again as its
    latest expiry. So the clock of the writer may be wrong by many years, and that of the reader does not matter.
    """
    return version > max(known, min(latest_expiry, VERSION_DATE_MAX)) + HEADROOM


# --- Stamps ----------------------------------------------------------------------------------------------------------


def stamp_after(last: int) -> Stamp:
    """Return the stamp after `last`, 0 for none. NoHeadroom if none can follow."""
    if last >= STAMP_MAX:
        raise NoHeadroom("stamp", "has come to its end")
    return Stamp(last + 1)


def stamp_leaps(clock: int, known: int) -> bool:
    """Whether `clock` is higher than anybody can have come to by edits since `known`, the highest stamp known; 0: none."""
    return known > 0 and clock > known + HEADROOM


# --- Times -----------------------------------------------------------------------------------------------------------


def signing_time(now: int) -> UnixTime:
    """Return `now` as a record may name it: the longest life from then on still ends before the cap."""
    return UnixTime(min(max(now, 0), TIME_MAX - DEVICE_LIFE))


def time_after(time: int, seconds: int = 0) -> UnixTime:
    """Return the time so many seconds after `time`, at most the latest that a record may name."""
    return UnixTime(min(time + seconds, TIME_MAX))


def rounded_down(time: UnixTime, seconds: int) -> UnixTime:
    """Return the last multiple of so many seconds that is not after `time`."""
    return UnixTime(time - time % seconds)
