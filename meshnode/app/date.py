"""Says which date the node goes by and why, what is wrong with it, and takes the owner's word on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from meshnode.app.naming import PersonRef, name_of, reference
from meshnode.clock import RELEASED, Basis, ClockReading, Voice
from meshnode.errors import Usage
from meshnode.quoting import first_few, named
from meshnode.replica.replica import Replica
from meshnode.text.catalog import message, plural
from protocol import limits

LATEST = RELEASED + 100 * 365 * limits.DAY  # a later date is a typing error
NAMED = 3  # people who say another date are named up to this number; the rest are counted
CONFIRM = message("'meshnode clock confirm' if this computer's date is right, else 'meshnode clock set DATE'")


class ToldTimeView(Struct, frozen=True):
    """The date that somebody's computer has told, in UNIX seconds as of now, and whether it was in doubt itself."""

    person: PersonRef
    time: int
    doubtful: bool
    agrees: bool


class OwnersDate(Struct, frozen=True):
    """The date by the owner's word, in UNIX seconds; null: the one that this computer shows."""

    time: int | None = None


class ClockView(Struct, frozen=True):
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
    people: tuple[ToldTimeView, ...]
    problem: str | None
    hint: str | None


def state(replica: Replica) -> ClockView:
    """Return the date that the node goes by, and why."""
    reading = replica.clock.reading()
    found = problem(replica, reading)
    differing = set(reading.elsewhere)
    return ClockView(
        now=reading.now,
        doubtful=not reading.trusted,
        basis=reading.basis.value,
        computer=reading.wall,
        last_known=reading.floor or None,
        deletes_before=reading.purge_before,
        synchronized=reading.synchronized,
        people=tuple(
            ToldTimeView(
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


def warning(replica: Replica, expires: int) -> str | None:
    """Return one line on why what is signed now, and expires then, may not arrive because of its date; None: nothing."""
    reading = replica.clock.reading()
    if not reading.trusted:
        return f"The date is in doubt, so others may take this for out of date: {CONFIRM}"
    ahead = [voice for voice in replica.clock.met() if voice.counts and voice.time >= expires]
    if ahead:
        return f"This is out of date for some at once: {_say(replica, ahead)}. See 'meshnode clock'"
    return None


def look(replica: Replica) -> None:
    """Weigh again what speaks about the date, by the people for whom the owner vouches now."""
    graph, me = replica.trust_state.graph, replica.me
    replica.clock.count_only(lambda person: graph.weight(me, person) > 0)


def confirm(replica: Replica) -> ClockView:
    """Take this computer's date as right on the owner's word. Raises Usage if it cannot be right."""
    if not RELEASED <= replica.clock.reading().wall <= LATEST:
        raise Usage("this computer's date cannot be right", "say which date it is: meshnode clock set 2027-01-31T18:00")
    replica.clock.confirm()
    return state(replica)


def set_date(replica: Replica, word: OwnersDate) -> ClockView:
    """Go by this date on the owner's word, until this computer starts again. Usage for a date that cannot be right."""
    if word.time is None:
        return confirm(replica)
    if not RELEASED <= word.time <= LATEST:
        raise Usage("that date cannot be right", "write it as 2027-01-31T18:00")
    replica.clock.set_date(word.time)
    return state(replica)


def problem(replica: Replica, reading: ClockReading) -> tuple[str, str] | None:
    """Return what is wrong with the date and the next step, one line each; None if nothing is."""
    if not reading.trusted:
        why = _why_in_doubt(replica, reading)
        return (
            message("The date is in doubt: {why}", why=why),
            message("{confirm}. Until then nothing expires, is renewed or deleted", confirm=CONFIRM),
        )
    if reading.against:
        said = _say(replica, reading.against)
        if reading.basis is Basis.PEOPLE:
            return (
                message("This computer's clock says {wall}, but {said}", wall=on(reading.wall), said=said),
                message("set this computer's date, or type {confirm}", confirm=CONFIRM),
            )
        return (
            message("This computer goes by {now}, but {said}", now=on(reading.now), said=said),
            message("check this computer's date: {confirm}", confirm=CONFIRM),
        )
    if reading.elsewhere:
        said = _say(replica, reading.elsewhere)
        return (
            message("This computer goes by {now}, but {said}", now=on(reading.now), said=said),
            message("ask them to check their computer's date"),
        )
    return None


def _why_in_doubt(replica: Replica, reading: ClockReading) -> str:
    wall = on(reading.wall)
    if reading.elsewhere:
        return message(
            "this computer's clock says {wall}, but {said}", wall=wall, said=_say(replica, reading.elsewhere)
        )
    if reading.wall < RELEASED:
        return message("this computer's clock says {wall}, which cannot be right", wall=wall)
    if reading.running is not None:
        return message(
            "this computer's clock was set to {wall}, but by the time that has passed it is {running}",
            wall=wall,
            running=on(reading.running),
        )
    return message(
        "this computer's clock says {wall}, but the last date known here was {floor}",
        wall=wall,
        floor=on(reading.floor),
    )


def _say(replica: Replica, voices: Iterable[Voice]) -> str:
    """Return one clause that names people and the date that their computers show."""
    said = sorted(voices, key=lambda voice: (voice.stratum, voice.time))
    who = first_few([named(name_of(replica, voice.person)) for voice in said], NAMED)
    return plural(
        len(said),
        "by the computer of {who} it is {when}",
        "by the computers of {who} it is {when}",
        who=who,
        when=on(int(said[0].time)),
    )


def on(when: int) -> str:
    """Return a date for a sentence."""
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return str(message("a date beyond all calendars"))
