"""Says which date the node goes by and why, what is wrong with it, and takes the owner's word on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from meshnode.app.naming import PersonRef, name_of, reference
from meshnode.clock import RELEASED, Basis, ClockReading, Voice
from meshnode.replica.replica import Replica

NAMED = 3  # people who say another date are named up to this number; the rest are counted
CONFIRM = "'meshnode clock confirm' if this computer's date is right, else 'meshnode clock set DATE'"


@dataclass(frozen=True, slots=True)
class ToldDate:
    """The date that somebody's computer has told, in UNIX seconds as of now, and whether it was in doubt itself."""

    person: PersonRef
    time: int
    doubtful: bool
    agrees: bool


@dataclass(frozen=True, slots=True)
class DateState:
    """The date that the node goes by and all that speaks for and against it. Times are UNIX seconds."""

    now: int
    doubtful: bool
    basis: str
    computer: int
    """What this computer's clock shows."""
    last_known: int | None
    deletes_before: int
    """What has expired by then may be deleted."""
    synchronized: bool
    people: tuple[ToldDate, ...]
    problem: str | None
    hint: str | None


def state(replica: Replica) -> DateState:
    """Return the date that the node goes by, and why."""
    reading = replica.clock.reading()
    found = problem(replica, reading)
    differing = set(reading.elsewhere)
    return DateState(
        now=reading.now,
        doubtful=not reading.trusted,
        basis=reading.basis.value,
        computer=reading.wall,
        last_known=reading.floor or None,
        deletes_before=reading.purge_before,
        synchronized=reading.synchronized,
        people=tuple(
            ToldDate(
                reference(replica, voice.person),
                int(voice.time),
                not voice.counts,
                voice.counts and voice not in differing,
            )
            for voice in sorted(reading.voices, key=lambda voice: (voice.stratum, voice.person))
        ),
        problem=found[0] if found else None,
        hint=found[1] if found else None,
    )


def confirm(replica: Replica) -> DateState:
    """Take this computer's date as right on the owner's word."""
    replica.clock.confirm()
    return state(replica)


def set_date(replica: Replica, when: int) -> DateState:
    """Go by this date (UNIX seconds) on the owner's word, until this computer starts again."""
    replica.clock.set_date(when)
    return state(replica)


def problem(replica: Replica, reading: ClockReading) -> tuple[str, str] | None:
    """Return what is wrong with the date and the next step, one line each; None if nothing is."""
    if not reading.trusted:
        why = _why_in_doubt(replica, reading)
        return f"The date is in doubt: {why}", f"{CONFIRM}. Until then nothing expires, is renewed or deleted"
    if reading.against:
        said = _say(replica, reading.against)
        if reading.basis is Basis.PEOPLE:
            return (
                f"This computer's clock says {on(reading.wall)}, but {said}",
                f"set this computer's date, or type {CONFIRM}",
            )
        return f"This computer goes by {on(reading.now)}, but {said}", f"check this computer's date: {CONFIRM}"
    if reading.elsewhere:
        said = _say(replica, reading.elsewhere)
        return f"This computer goes by {on(reading.now)}, but {said}", "ask them to check their computer's date"
    return None


def _why_in_doubt(replica: Replica, reading: ClockReading) -> str:
    wall = on(reading.wall)
    if reading.elsewhere:
        return f"this computer's clock says {wall}, but {_say(replica, reading.elsewhere)}"
    if reading.wall < RELEASED:
        return f"this computer's clock says {wall}, which cannot be right"
    if reading.running is not None:
        return f"this computer's clock was set to {wall}, but by the time that has passed it is {on(reading.running)}"
    return f"this computer's clock says {wall}, but the last date known here was {on(reading.floor)}"


def _say(replica: Replica, voices: Iterable[Voice]) -> str:
    """Return one clause that names people and the date that their computers show."""
    said = sorted(voices, key=lambda voice: (voice.stratum, voice.time))
    names = [name_of(replica, voice.person) for voice in said[:NAMED]]
    if len(said) > NAMED:
        names.append(f"{len(said) - NAMED} more")
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"by the computer{'' if len(said) == 1 else 's'} of {who} it is {on(int(said[0].time))}"


def on(when: int) -> str:
    """Return a date for a sentence."""
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return "a date beyond all calendars"
