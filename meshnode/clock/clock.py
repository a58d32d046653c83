"""Gathers the evidence about the date, remembers it over a restart, and tells listeners when the belief changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from meshnode.clock.belief import APART, LEAP, SLACK, Basis, Belief, Evidence, Voice, against, agree, decide, speaking
from meshnode.clock.machine import Machine
from meshnode.clock.memory import ClockMemory
from protocol import PersonId, limits

log = logging.getLogger(__name__)

HEARD_LIFE = limits.DAY  # a person's time is as old as it was heard: machines and people may have changed since
HEARD_MAX = 2_000  # people whose time is remembered: a community computer meets hundreds a day
DEVICE_SPEAKS_SECONDS = limits.HOUR  # of several devices of a person the best one, as long as it is heard
STEP = limits.HOUR  # a belief that moves by more against the running time is another one
SAVE_SECONDS = limits.MINUTE  # the date last known is written no more often than this
FRESH_SECONDS = 1.0  # what was decided holds so long while no clock is set and nobody speaks: reading is cheap


class ClockReading(Struct, frozen=True):
    """The time that the node goes by, and what that is based on. Times are UNIX seconds."""

    now: int
    trusted: bool
    """Whether the date is beyond doubt. In doubt nothing expires, is renewed or deleted."""
    stratum: int
    """How far this is from a source that is known to be right; told to peers. See protocol/wire/stratum.py."""
    basis: Basis
    wall: int
    """The time of the machine's own clock."""
    floor: int
    """The last date that was known; 0 if none ever was."""
    purge_before: int
    """The time to delete by, never later than `now`: what has expired by it may go. It does not move in doubt."""
    voices: tuple[Voice, ...]
    """The people for whom the owner vouches who have told the time within a day, with their time now."""
    running: int | None
    """The date last known and the time that has run since; None if the machine has started again in between."""
    synchronized: bool
    """Whether the kernel says that the machine's clock is synchronized."""

    @property
    def against(self) -> tuple[Voice, ...]:
        """The people whose time differs by a day from the machine's clock, if they are most of those who know it."""
        return against(self.voices, self.wall)

    @property
    def elsewhere(self) -> tuple[Voice, ...]:
        """The people whose time differs by a day from the one that this node goes by."""
        return tuple(voice for voice in speaking(self.voices) if not agree(voice.time, self.now))


class WrongDates(NamedTuple):
    """Dates, in UNIX seconds, that the node went by and that have turned out wrong."""

    earliest: int
    latest: int
    last: int
    """The one that it went by at the end: what had expired by then had ended for its owner."""


class _Heard(NamedTuple):
    offset: float  # a person's time less the running time of this machine
    stratum: int
    at: float  # the running time when it was heard
    counts: bool  # whether the owner vouches for the person


Listener = Callable[[ClockReading], None]


class Clock:
    """The clock of one node.

    Reading it costs little and may be done from any thread. Everything that changes it (`heard`, `remember`, `confirm`,
    `set_date`, `look`) belongs to the store thread, and so do the calls of listeners.
    """

    def __init__(
        self,
        memory: ClockMemory | None = None,
        save: Callable[[ClockMemory], None] = lambda _memory: None,
        *,
        machine: Machine | None = None,
    ) -> None:
        """`memory` is what was last given to `save`; `machine` has the clocks to read."""
        self._machine = machine if machine is not None else Machine()
        self._memory = memory if memory is not None else ClockMemory()
        if self._memory.boot_id != self._machine.boot_id() or self._memory.written_at > self._machine.running():
            # The machine has started again: running times from before mean nothing.
            self._memory = replace(self._memory, boot_id="", offset=None, wall_offset=None, owner_offset=None)
        self._save = save
        self._saved = self._memory
        self._floor_read = self._machine.running()
        self._heard: dict[PersonId, _Heard] = {}
        self._listeners: list[Listener] = []
        self._generation = 0
        self._known: tuple[int, float] | None = None  # stratum and offset of the belief that listeners know
        self._misdated: list[WrongDates] = []
        self._decided: tuple[Belief, float, int] | None = None  # when, and how far both clocks were apart
        self.look()

    # --- reading -----------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Return the time in UNIX seconds that the node goes by."""
        return int(self._belief().now)

    @property
    def trusted(self) -> bool:
        """Whether the date is beyond doubt."""
        return self._belief().basis is not Basis.NOTHING

    @property
    def stratum(self) -> int:
        """How far the time is from a source that is known to be right."""
        return self._belief().stratum

    def told(self) -> tuple[int, int]:
        """Return what peers are told: the time and its stratum; in doubt, what the machine's clock shows."""
        belief = self._belief()
        time = self._machine.wall() if belief.basis is Basis.NOTHING else belief.now
        return min(max(int(time), 0), limits.TIME_MAX), belief.stratum

    def ended_by(self) -> int:
        """Return the time to judge by what has ended: `now`, but 0 in doubt, when nothing has ended."""
        return self.now() if self.trusted else 0

    def latest_in_doubt(self) -> int | None:
        """Return the latest of the dates that may be right while the date is in doubt; None where it is not."""
        if self.trusted:
            return None
        reading = self.reading()
        return int(max(reading.now, reading.wall, *(voice.time for voice in speaking(reading.voices))))

    def purge_before(self) -> int:
        """Return the time to delete by: what has expired by it may go."""
        return int(self._belief().purge_before)

    @property
    def generation(self) -> int:
        """A number that grows when the belief changes: who has judged by the time then judges again."""
        return self._generation

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary start, for timers."""
        return self._machine.running()

    def reading(self) -> ClockReading:
        """Return the time together with what it is based on."""
        evidence = self._evidence()
        belief = decide(evidence)
        return ClockReading(
            now=int(belief.now),
            trusted=belief.basis is not Basis.NOTHING,
            stratum=belief.stratum,
            basis=belief.basis,
            wall=int(evidence.wall),
            floor=self._memory.floor,
            purge_before=int(belief.purge_before),
            voices=evidence.voices,
            running=None if evidence.running is None else int(evidence.running),
            synchronized=evidence.synchronized,
        )

    def met(self) -> tuple[Voice, ...]:
        """Return everybody who has told the time within a day, vouched for or not, with their time now."""
        running = self._machine.running()
        heard = tuple(self._heard.items())
        return tuple(
            Voice(person, one.offset + running, one.stratum) for person, one in heard if running - one.at <= HEARD_LIFE
        )

    # --- what changes it -----------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` whenever the belief has changed, from now on; return the function that ends it.

        The belief changes when its stratum does, and when it moves by more than an hour against the running time: so peers
        are told at once how far the time may be relied on.
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def heard(self, person: PersonId, wall: int, level: int, *, counts: bool = True) -> None:
        """Take note of the time (UNIX seconds) and stratum that a person has just told.

        It `counts` if the owner vouches for them. Of several devices of a person the one with the lowest stratum speaks
        for them.
        """
        running = self._machine.running()
        before = self._heard.get(person)
        if before is not None and before.stratum < level and running - before.at < DEVICE_SPEAKS_SECONDS:
            return
        if before is None and len(self._heard) >= HEARD_MAX:
            del self._heard[min(self._heard, key=lambda one: (self._heard[one].counts, self._heard[one].at))]
        self._heard[person] = _Heard(wall - running, level, running, counts)
        self.look()

    def count_only(self, vouched: Callable[[PersonId], bool]) -> None:
        """Let only the times of these people count from now on: those for whom the owner vouches."""
        for person, heard in tuple(self._heard.items()):
            if heard.counts and not vouched(person):
                self._heard[person] = heard._replace(counts=False)
        self.look()

    def misdated(self) -> tuple[WrongDates, ...]:
        """Return the dates that the node went by and that have turned out wrong, each span once."""
        spans, self._misdated = tuple(self._misdated), []
        return spans

    def confirm(self) -> None:
        """Take the machine's date as right on the owner's word, whatever was known before."""
        self._set(self._machine.wall())

    def set_date(self, when: int) -> None:
        """Go by this date (UNIX seconds) on the owner's word, until the machine starts again."""
        self._set(float(when))

    def look(self) -> None:
        """Look at all evidence again, and tell the listeners if it leads to another belief.

        To be called now and then: nobody tells when the machine's clock is set.
        """
        self._decided = None
        running, belief = self._machine.running(), self._belief()
        trusted, offset = belief.basis is not Basis.NOTHING, belief.now - running
        known = self._known
        self._follow(belief, None if known is None else offset - known[1])
        if trusted:
            self._anchor(belief, running)
        self._known = (belief.stratum, offset)
        if known is None or (known[0] == belief.stratum and abs(known[1] - offset) <= STEP):
            return
        self._generation += 1
        self._store()
        log.info("the time this node goes by has changed", extra={"basis": belief.basis.value, "now": int(belief.now)})
        reading = self.reading()
        for listener in tuple(self._listeners):
            listener(reading)

    def remember(self) -> None:
        """Keep the date for the next start, if it is known. To be called after writing, and from time to time."""
        self.look()
        saved, memory = self._saved, self._memory
        moved = max(abs(memory.floor - saved.floor), abs(memory.unsure_until - saved.unsure_until))
        is_news = (memory.boot_id, memory.doubted) != (saved.boot_id, saved.doubted)
        if is_news or moved >= SAVE_SECONDS or (memory.unsure_since is None) != (saved.unsure_since is None):
            self._store()

    def _set(self, when: float) -> None:
        running = self._machine.running()
        self._memory = replace(self._memory, owner_offset=when - running, boot_id=self._machine.boot_id())
        self.look()
        self._store()

    def _follow(self, belief: Belief, step: float | None) -> None:
        """Keep account of the times that the node goes by without two witnesses.

        `step` is by how much the belief has moved against the running time; None after a start.
        """
        memory, now = self._memory, int(belief.now)
        trusted = belief.basis is not Basis.NOTHING
        if memory.unsure_since is not None and trusted:
            if step is None:
                was_wrong = memory.doubted or not memory.floor - APART <= now <= memory.floor + LEAP
            else:
                was_wrong = abs(step) > APART
            if was_wrong:
                last = memory.unsure_last + 2 * SAVE_SECONDS if step is None else int(belief.now - step) + 1
                self._misdated.append(WrongDates(memory.unsure_since, max(last, memory.unsure_until), last))
            if was_wrong or belief.witnessed:
                memory = replace(memory, unsure_since=None, doubted=False)
        if not belief.witnessed:
            # After a start the node may go by an earlier date than before: the span has all of them.
            begun = memory.unsure_since is not None
            since = min(memory.unsure_since, now) if memory.unsure_since is not None else now
            written = memory.unsure_until + (2 * SAVE_SECONDS if step is None else 0)  # after it was last remembered
            until = max(written, now) if begun else now
            doubted = memory.doubted or not trusted
            memory = replace(memory, unsure_since=since, unsure_until=until, unsure_last=now, doubted=doubted)
        self._memory = memory

    def _anchor(self, belief: Belief, running: float) -> None:
        """Tie the date that is now known to the running time."""
        self._floor_read = running
        self._memory = replace(
            self._memory,
            floor=int(belief.now),
            careful=int(belief.purge_before),
            boot_id=self._machine.boot_id(),
            offset=belief.now - running,
            stratum=belief.stratum,
            wall_offset=self._machine.wall() - running,
            written_at=running,
        )

    def _store(self) -> None:
        self._memory = replace(self._memory, written_at=self._machine.running())
        self._saved = self._memory
        self._save(self._memory)

    # --- gathering ---------------------------------------------------------------------------------------------------

    def _belief(self) -> Belief:
        """Return what all evidence leads to. It is weighed again only once some of it has changed."""
        running, wall = self._machine.running(), self._machine.wall()
        apart = round(wall - running)
        decided = self._decided
        if decided is not None:
            belief, at, apart_then = decided
            if apart == apart_then and 0 <= running - at < FRESH_SECONDS:
                return belief
        belief = decide(self._evidence())
        self._decided = belief, running, apart
        return belief

    def _evidence(self) -> Evidence:
        memory, running, wall = self._memory, self._machine.running(), self._machine.wall()
        known = memory.offset is not None
        was_set = memory.wall_offset is not None and abs(wall - running - memory.wall_offset) > SLACK
        return Evidence(
            wall=wall,
            floor=memory.floor,
            passed=running - self._floor_read,
            running=None if memory.offset is None else memory.offset + running,
            running_stratum=memory.stratum,
            wall_was_set=was_set,
            owner=None if memory.owner_offset is None else memory.owner_offset + running,
            synchronized=self._machine.synchronized(),
            voices=self._voices(running),
            careful=memory.careful,
            careful_passed=running - memory.written_at if known else 0.0,
        )

    def _voices(self, running: float) -> tuple[Voice, ...]:
        return tuple(
            Voice(person, heard.offset + running, heard.stratum)
            for person, heard in tuple(self._heard.items())
            if heard.counts and running - heard.at <= HEARD_LIFE
        )
