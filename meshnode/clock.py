"""Time as this node believes it: never before its own last stamp, and honest about whether it can be trusted.

A Raspberry Pi has no battery for its clock: it boots in 1970, or where it was switched off, and may be set to any date
before it learns the right one. So the wall clock is held against the floor (the last time this node has written, kept
across restarts) and against what people it vouches for say. Nothing is purged and nothing renews itself while
`trusted` is False, and what is written meanwhile bears the floor plus the time that has passed since.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from protocol import PersonId, limits

RELEASED = 1_735_689_600  # 1 January 2025: no node has run before this
SLACK = limits.HOUR  # clocks this far apart agree
LEAP = 45 * limits.DAY  # further ahead of the floor than this needs somebody's word: purging on it could not be undone
FIRST_LEAP = 15 * 365 * limits.DAY  # the same for a node that has never written: so far after RELEASED, dates may lie
PEERS_NEEDED = 3  # of people one vouches for; of three, two honest ones hold the median


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock says and why; times are UNIX seconds."""

    now: int
    trusted: bool
    wall: int
    """What the machine's own clock says."""
    floor: int
    """The last time this node has written; 0 if it never has."""
    peers: int
    """How many people we vouch for have told their time."""
    peers_say: int | None
    """The median of what they told; None if nobody did."""

    @property
    def problem(self) -> tuple[str, str] | None:
        """What is wrong with the time and what to do about it, one line each; None if nothing is."""
        if not self.trusted:
            return self._distrust(), "set this computer's date. Until then nothing is deleted or renewed"
        if self.peers_say is not None and self.peers < PEERS_NEEDED and abs(self.peers_say - self.wall) > limits.DAY:
            return (
                f"this computer's clock says {_date(self.wall)}, people you vouch for say {_date(self.peers_say)}",
                "check this computer's date",
            )
        return None

    def _distrust(self) -> str:
        if self.peers >= PEERS_NEEDED and self.peers_say is not None:
            return f"people you vouch for say it is {_date(self.peers_say)}, but this node wrote on {_date(self.floor)}"
        if self.floor:
            return f"this computer's clock says {_date(self.wall)}, but this node last wrote on {_date(self.floor)}"
        return f"this computer's clock says {_date(self.wall)}, which cannot be right"


class Clock:
    """One node's clock. Reading it is free and may be done from any thread; `remember` and `confirm` write the floor."""

    def __init__(
        self,
        floor: int = 0,
        save_floor: Callable[[int], None] = lambda _floor: None,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """`floor` is what `save_floor` was last given, or the last own stamp if that is later.

        `monotonic` counts seconds from any start and, unlike time.monotonic, also while the machine sleeps.
        """
        self._floor = floor
        self._save_floor = save_floor
        self._wall = wall
        self._monotonic = monotonic
        self._floor_set = monotonic()
        self._heard: dict[PersonId, float] = {}  # their time less our monotonic one

    def now(self) -> int:
        """UNIX seconds, never before the floor."""
        return self.reading().now

    @property
    def trusted(self) -> bool:
        """Whether `now` is good enough to delete by."""
        return self.reading().trusted

    def monotonic(self) -> float:
        """Seconds since some moment, for timers."""
        return self._monotonic()

    def reading(self) -> Reading:
        """The time together with what it rests on."""
        wall, passed = self._wall(), self._monotonic() - self._floor_set
        heard = list(self._heard.values())
        peers_say = median(heard) + self._monotonic() if heard else None
        believed = self._believed(wall, passed, peers_say if len(heard) >= PEERS_NEEDED else None)
        now = max(self._floor, RELEASED) + passed if believed is None else max(believed, self._floor)
        return Reading(
            now=int(now),
            trusted=believed is not None,
            wall=int(wall),
            floor=self._floor,
            peers=len(heard),
            peers_say=None if peers_say is None else int(peers_say),
        )

    def _believed(self, wall: float, passed: float, agreed: float | None) -> float | None:
        """The time, if anybody can be believed about it: enough people first, then a plausible wall clock."""
        earliest = max(self._floor, RELEASED) - SLACK
        if agreed is not None:
            best = wall if abs(wall - agreed) <= SLACK else agreed
            return best if best >= earliest else None
        latest = self._floor + passed + LEAP if self._floor else RELEASED + FIRST_LEAP
        return wall if earliest <= wall <= latest else None

    def heard(self, person: PersonId, wall: int) -> None:
        """Somebody whom we vouch for has just told his time (UNIX seconds)."""
        self._heard[person] = min(max(wall, 0), limits.INT_MAX) - self._monotonic()

    def remember(self) -> None:
        """Raise the floor to now: call it after having written something, and from time to time.

        Not from what nobody believes, or one wrong date would be carried on for ever.
        """
        reading = self.reading()
        if reading.trusted and reading.now > self._floor:
            self._set_floor(reading.now)

    def confirm(self) -> None:
        """The owner says that the machine's date is right, whatever was written or heard before."""
        self._heard.clear()
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
