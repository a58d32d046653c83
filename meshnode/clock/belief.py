"""Weighs all evidence about the date and decides which time the node goes by. Pure: no clock is read here.

Evidence in order: the owner's word; the kernel's word that the machine's clock is synchronized; what people say for whom
the owner vouches, the lowest stratum first; the machine itself, by its clock and by the time that has run since the date
was last known. Where two disagree by a day and nothing decides between them, the node is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from statistics import median_low
from typing import NamedTuple

from msgspec import Struct

from protocol import PersonId, limits
from protocol.wire import stratum

RELEASED = 1_735_689_600  # 1 January 2025: no node ran earlier
SLACK = limits.HOUR  # clocks this far apart agree so well that the machine's own is used
APART = limits.DAY  # clocks further apart disagree
LEAP = 45 * limits.DAY  # after a start, a machine's clock further ahead of the last known date needs a second witness
FIRST_LEAP = 15 * 365 * limits.DAY  # the same for a node that has never known the date, counted from RELEASED


class Basis(Enum):
    """The evidence that the time is based on."""

    OWNER = "owner"  # the owner's word
    KERNEL = "kernel"  # the machine's clock, which is synchronized
    PEOPLE = "people"  # what people say for whom the owner vouches
    MACHINE = "machine"  # the machine's clock, against which nothing speaks
    RUNNING = "running"  # the date as it was last known, and the time that has run since
    NOTHING = "nothing"  # the date is in doubt


class Voice(NamedTuple):
    """The time of a person for whom the owner vouches, as it is now by what they have said last."""

    person: PersonId
    time: float
    stratum: int

    @property
    def counts(self) -> bool:
        """Whether others may go by it: a time in doubt counts for nobody."""
        return stratum.counts(self.stratum)


class Evidence(Struct, frozen=True):
    """All that speaks about the date at one moment. Times are UNIX seconds."""

    wall: float
    """The machine's clock."""
    floor: float
    """The last date that was known; 0 if none ever was."""
    passed: float
    """The seconds since the floor was read or set."""
    running: float | None = None
    """The date last known and the time that has run since; None if the machine has started again in between."""
    running_stratum: int = stratum.MACHINE
    """The stratum that this date had when it was last known."""
    wall_was_set: bool = False
    """Whether the machine's clock was set since the date was last known."""
    owner: float | None = None
    """The date by the owner's word; None if the owner has said none since the machine started."""
    synchronized: bool = False
    """Whether the kernel says that the machine's clock is synchronized."""
    voices: tuple[Voice, ...] = ()
    careful: float | None = None
    """The time to delete by, as it was last; None if there was none yet."""
    careful_passed: float = 0.0
    """The seconds that have run since, as far as they are known."""


class Belief(Struct, frozen=True):
    """The time that the node goes by, what it is based on, and the earlier time by which it deletes."""

    now: float
    basis: Basis
    stratum: int
    purge_before: float
    witnessed: bool = False
    """Whether two witnesses agree on it."""


def decide(evidence: Evidence) -> Belief:
    """Return what the node believes by this evidence."""
    found = _believed(evidence)
    if found is None:
        careful = evidence.careful if evidence.careful is not None else evidence.floor
        now = evidence.running if evidence.running is not None else max(evidence.floor, RELEASED) + evidence.passed
        return Belief(now, Basis.NOTHING, stratum.DOUBT, min(now, careful))
    now, basis, level = found
    witnessed = _is_witnessed(evidence, now, basis)
    return Belief(now, basis, level, now if witnessed else _careful(evidence, now), witnessed)


def speaking(voices: Iterable[Voice]) -> list[Voice]:
    """Return the voices that are not in doubt themselves."""
    return [voice for voice in voices if voice.counts]


def agree(one: float, other: float) -> bool:
    """Whether two times are less than a day apart."""
    return abs(one - other) <= APART


def against(voices: Iterable[Voice], wall: float) -> tuple[Voice, ...]:
    """Return the voices that disagree with the machine's clock, if they are more than those that agree; else none."""
    heard = speaking(voices)
    opposed = tuple(voice for voice in heard if not agree(voice.time, wall))
    return opposed if 2 * len(opposed) > len(heard) else ()


_Found = tuple[float, Basis, int]


def _believed(evidence: Evidence) -> _Found | None:
    """Return the time, its basis and its stratum; None in doubt."""
    wall = evidence.wall
    if evidence.owner is not None:
        return _exact(wall, evidence.owner), Basis.OWNER, stratum.CERTAIN
    if evidence.synchronized and wall >= RELEASED:
        return wall, Basis.KERNEL, stratum.CERTAIN
    own, heard = _own(evidence), speaking(evidence.voices)
    lowest = min((voice.stratum for voice in heard), default=stratum.DOUBT)
    if own is not None and lowest > own[2]:
        return own
    best = [voice.time for voice in heard if voice.stratum == lowest]
    if own is not None and lowest == own[2]:
        return _among_equals(own, best, evidence)
    if best:
        return _by_people(best, lowest, evidence)
    return _by_others_in_doubt(evidence)


def _own(evidence: Evidence) -> _Found | None:
    """Return the date as the machine itself tells it; None where its witnesses disagree or its clock leaps too far."""
    wall, running, floor = evidence.wall, evidence.running, evidence.floor
    if running is not None:
        if agree(wall, running):
            return max(wall, floor), Basis.MACHINE, stratum.MACHINE
        if wall < RELEASED or not evidence.wall_was_set:
            # A date that came from others keeps its stratum: told back to them, it must not pass for a second source.
            return running, Basis.RUNNING, max(evidence.running_stratum, stratum.MACHINE)
        return None
    earliest = max(floor, RELEASED) - SLACK
    latest = floor + evidence.passed + LEAP if floor else RELEASED + FIRST_LEAP
    return (max(wall, floor), Basis.MACHINE, stratum.MACHINE) if earliest <= wall <= latest else None


def _among_equals(own: _Found, best: list[float], evidence: Evidence) -> _Found | None:
    """Decide between the machine's own word and people who have nothing better, each of whom counts once.

    Where the machine goes by the time that has run, its clock is a witness of its own and decides a tie.
    """
    group = _majority([*best, own[0]], sides=(evidence.wall,) if own[1] is Basis.RUNNING else ())
    if group is None:
        return None
    if own[0] in group:
        return own
    return _adopted(group, own[2], evidence)


def _by_people(best: list[float], lowest: int, evidence: Evidence) -> _Found | None:
    """Decide by what people say; a tie is decided by the machine's clock, else by the running time."""
    sides = [evidence.wall, *([evidence.running] if evidence.running is not None else [])]
    group = _majority(best, sides)
    return None if group is None else _adopted(group, lowest, evidence)


def _by_others_in_doubt(evidence: Evidence) -> _Found | None:
    """Believe the machine's clock if that of somebody else who is in doubt agrees with it.

    So people who were all away for a winter, and whose clocks are right, help each other out of it.
    """
    wall = evidence.wall
    agreed = any(not voice.counts and agree(voice.time, wall) for voice in evidence.voices)
    return (wall, Basis.MACHINE, stratum.MACHINE) if agreed and wall >= RELEASED else None


def _adopted(group: Sequence[float], lowest: int, evidence: Evidence) -> _Found | None:
    """Take over the time of a group of people.

    People who go by nothing better than their machines' clocks, and with whom ours disagrees, do not take the time back
    to before a date that was known here.
    """
    now = _exact(evidence.wall, median_low(group))
    weak = lowest >= stratum.MACHINE and not agree(evidence.wall, now)
    if weak and now < evidence.floor - APART:
        return None
    return (max(now, evidence.floor) if weak else now), Basis.PEOPLE, stratum.adopted(lowest)


def _majority(times: Sequence[float], sides: Sequence[float]) -> list[float] | None:
    """Return the largest group of times that all agree; among equal ones that of the first side that is in one."""
    ordered = sorted(times)
    groups = [[other for other in ordered if first <= other <= first + APART] for first in ordered]
    size = max(map(len, groups))
    largest = [group for group in groups if len(group) == size]
    if largest[0][-1] >= largest[-1][0]:
        return largest[0]  # they overlap: no two of them are apart
    for side in sides:
        of_side = [group for group in largest if agree(side, median_low(group))]
        if of_side:
            return of_side[0]
    return None


def _exact(wall: float, time: float) -> float:
    """Return the machine's clock where it agrees well enough with `time`, which is told only now and then."""
    return wall if abs(wall - time) <= SLACK else time


def _is_witnessed(evidence: Evidence, now: float, basis: Basis) -> bool:
    """Whether two agree on the date: the machine's clock, a person who has it from a source, the owner or the kernel.

    People who took it over from somebody's mere clock are no witnesses: that clock may be ours.
    """
    witnesses = [agree(evidence.wall, now), basis in (Basis.OWNER, Basis.KERNEL)]
    people = (voice for voice in evidence.voices if voice.stratum <= stratum.MACHINE)
    witnesses.append(any(agree(voice.time, now) for voice in people))
    return sum(witnesses) > 1


def _careful(evidence: Evidence, now: float) -> float:
    """Return the time to delete by where only one witness is for `now`: no later than any other can bear.

    What was deleted does not come back. So neither one person who lies nor one date that was typed wrongly deletes
    anything.
    """
    first = evidence.careful if evidence.careful is not None else evidence.floor or RELEASED
    known = min(now, first + evidence.careful_passed)
    return min(known, evidence.wall) if evidence.wall >= RELEASED else known
