"""Tells the time, never earlier than the node's own last timestamp, and whether that time can be trusted.

A Raspberry Pi has no battery for its clock: it boots in 1970, or at the moment it was switched off, and may be set to any
date before it learns the right one. So the wall clock is compared with the floor (the last time at which this node wrote,
kept across restarts) and with the clocks of people it vouches for. While the time is not trusted nothing is deleted or
renewed, and new records carry the floor plus the time that has passed since.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from protocol import PersonId, limits

RELEASED = 1_735_689_600  # 1 January 2025: no node ran earlier
SLACK = limits.HOUR  # clocks this far apart agree
LEAP = 45 * limits.DAY  # a wall clock further ahead of the floor needs confirmation: deletions cannot be undone
FIRST_LEAP = 15 * 365 * limits.DAY  # the same for a node that has never written, counted from RELEASED
PEERS_NEEDED = 3  # people we vouch for; among three, two honest ones decide the median


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The time, whether it is trusted, and what that is based on. Times are UNIX seconds."""

    now: int
    trusted: bool
    wall: int
    """The time of the machine's own clock."""
    floor: int
    """The last time at which this node wrote; 0 if it never has."""
    peers: int
    """How many people we vouch for have sent their time."""
    peers_say: int | None
    """The median of their times; None if nobody sent one."""

    @property
    def problem(self) -> tuple[str, str] | None:
        """What is wrong with the time and what to do about it, one line each; None if nothing is wrong."""
        if not self.trusted:
            return self._why_untrusted(), "set this computer's date. Until then nothing is deleted or renewed"
        if self.peers_say is not None and self.peers < PEERS_NEEDED and abs(self.peers_say - self.wall) > limits.DAY:
            return (
                f"This computer's clock says {_date(self.wall)}, people you trust say {_date(self.peers_say)}",
                "check this computer's date",
            )
        return None

    def _why_untrusted(self) -> str:
        if self.peers >= PEERS_NEEDED and self.peers_say is not None:
            return f"People you trust say it is {_date(self.peers_say)}, but this node wrote on {_date(self.floor)}"
        if self.floor:
            return f"This computer's clock says {_date(self.wall)}, but this node last wrote on {_date(self.floor)}"
        return f"This computer's clock says {_date(self.wall)}, which cannot be right"


class Clock:
    """The clock of one node. Reading it costs little and may be done from any thread; `remember` and `confirm` write."""

    def __init__(
        self,
        floor: int = 0,
        save_floor: Callable[[int], None] = lambda _floor: None,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """`floor` is the last value given to `save_floor`, or the node's last timestamp if that is later.

        `monotonic` counts seconds from any start and, unlike time.monotonic, also counts while the machine sleeps.
        """
        self._floor = floor
        self._save_floor = save_floor
        self._wall = wall
        self._monotonic = monotonic
        self._floor_set = monotonic()
        self._offsets: dict[PersonId, float] = {}  # a person's time minus our monotonic time

    def now(self) -> int:
        """UNIX seconds, never before the floor."""
        return self.reading().now

    @property
    def trusted(self) -> bool:
        """Whether `now` may be used to delete by."""
        return self.reading().trusted

    def monotonic(self) -> float:
        """Seconds from any start, for timers."""
        return self._monotonic()

    def reading(self) -> ClockReading:
        """Return the time together with what it is based on."""
        wall, passed = self._wall(), self._monotonic() - self._floor_set
        offsets = list(self._offsets.values())
        peers_say = median(offsets) + self._monotonic() if offsets else None
        believed = self._believed(wall, passed, peers_say if len(offsets) >= PEERS_NEEDED else None)
        now = max(self._floor, RELEASED) + passed if believed is None else max(believed, self._floor)
        return ClockReading(
            now=int(now),
            trusted=believed is not None,
            wall=int(wall),
            floor=self._floor,
            peers=len(offsets),
            peers_say=None if peers_say is None else int(peers_say),
        )

    def _believed(self, wall: float, passed: float, agreed: float | None) -> float | None:
        """Return the time by enough people, else by a plausible wall clock; None if neither can be believed."""
        earliest = max(self._floor, RELEASED) - SLACK
        if agreed is not None:
            best = wall if abs(wall - agreed) <= SLACK else agreed
            return best if best >= earliest else None
        latest = self._floor + passed + LEAP if self._floor else RELEASED + FIRST_LEAP
        return wall if earliest <= wall <= latest else None

    def heard(self, person: PersonId, wall: int) -> None:
        """Take note of the time (UNIX seconds) that a person we vouch for has just sent."""
        self._offsets[person] = min(max(wall, 0), limits.INT_MAX) - self._monotonic()

    def remember(self) -> None:
        """Raise the floor to now if the time is trusted. To be called after writing, and from time to time.

        A floor taken from an untrusted clock would carry one wrong date on forever.
        """
        reading = self.reading()
        if reading.trusted and reading.now > self._floor:
            self._set_floor(reading.now)

    def confirm(self) -> None:
        """Take the machine's date as right on the owner's word, whatever was written or received before."""
        self._offsets.clear()
        self._set_floor(int(self._wall()))

    def _set_floor(self, floor: int) -> None:
        self._floor = floor
        self._floor_set = self._monotonic()
        self._save_floor(floor)


def _date(when: int) -> str:
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return "a date beyond all calendars"
