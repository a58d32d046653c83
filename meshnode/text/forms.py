"""How numbers, times, locations and lists of names are written, independent of the machine's language settings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from meshnode.quoting import named, quoted
from meshnode.text.catalog import decimal_mark, message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

MONTHS = (
    message("Jan"),
    message("Feb"),
    message("Mar"),
    message("Apr"),
    message("May"),
    message("Jun"),
    message("Jul"),
    message("Aug"),
    message("Sep"),
    message("Oct"),
    message("Nov"),
    message("Dec"),
)
UNKNOWN = "-"
MEASURES = (
    "kg",
    "g",
    "t",
    "l",
    "ml",
    "cl",
    "dl",
    "m",
    "cm",
    "mm",
    "km",
    "m²",
    "m³",
    "h",
    "min",
    "lb",
    "oz",
    "ft",
    "kWh",
    "%",
)
"""Units that are written after a number and read the same for one and for many."""
DAY_SECONDS, HOUR_SECONDS, QUARTER_SECONDS, MINUTE_SECONDS = 86_400, 3_600, 900, 60
LAST_DATE = 9998, 12, 31  # the day after it is a date too
LAST_SECOND = 253_402_300_799  # of the year 9999, the last that four digits can write
WESTERNMOST, EASTERNMOST = -12 * HOUR_SECONDS, 14 * HOUR_SECONDS  # zones, by their seconds east of UTC


def day(seconds: int | None) -> str:
    """Return a UNIX time as its local day: 27 Feb, with the year where it is not this year.

    A time that no calendar holds is returned as a number of seconds.
    """
    date = _local(seconds)
    return _day(date) if date is not None else _raw(seconds)


def moment(seconds: int | None) -> str:
    """Return a UNIX time as its local day and minute: 27 Feb 13:38, with the year where it is not this year."""
    date = _local(seconds)
    if date is None:
        return _raw(seconds)
    return message("{day} {hour:02}:{minute:02}", day=_day(date), hour=date.tm_hour, minute=date.tm_min)


def moment_and_zone(seconds: int | None) -> str:
    """Return a UNIX time as `moment` does, with the time zone that it is in: 24 Dec 18:00 (UTC+1).

    The zone is that of this computer; for the last second of a day elsewhere, it is a zone in which that day ends then.
    """
    date = _where_day_ends(seconds) or _local(seconds)
    if date is None:
        return _raw(seconds)
    return message(
        "{day} {hour:02}:{minute:02} ({zone})",
        day=_day(date),
        hour=date.tm_hour,
        minute=date.tm_min,
        zone=zone(date.tm_gmtoff),
    )


def last_day(seconds: int | None) -> str:
    """Return the day that ends at a UNIX time, as the person who chose it wrote it; other times as `day` does."""
    date = _where_day_ends(seconds)
    return day(seconds) if date is None else _day(date)


def date_of_last_day(seconds: int) -> tuple[int, int, int]:
    """Return year, month and day of the day that `last_day` names.

    A time that no calendar holds counts as the last day that every calendar program knows.
    """
    date = _where_day_ends(seconds) or _local(seconds)
    return LAST_DATE if date is None or date.tm_year > LAST_DATE[0] else date[:3]


def _where_day_ends(seconds: int | None) -> time.struct_time | None:
    """Return the time in the zone, of those nearest to this computer's, in which a day ends with this second.

    None if a day ends then in no zone: zones differ from UTC by quarters of an hour.
    """
    here = _local(seconds)
    if seconds is None or here is None or (seconds + 1) % QUARTER_SECONDS:
        return None
    east = -(seconds + 1) % DAY_SECONDS
    offsets = [offset for offset in (east, east - DAY_SECONDS) if WESTERNMOST <= offset <= EASTERNMOST]
    offset = min(offsets, key=lambda each: abs(each - here.tm_gmtoff))
    shifted = time.gmtime(seconds + offset)
    return time.struct_time((*shifted[:9], "", offset))


def zone(offset: int) -> str:
    """Return a time zone, given in seconds east of UTC: UTC, UTC-3, UTC+5:30."""
    if not offset:
        return "UTC"
    hours, minutes = divmod(abs(offset) // MINUTE_SECONDS, HOUR_SECONDS // MINUTE_SECONDS)
    return f"UTC{'+' if offset > 0 else '-'}{hours}" + (f":{minutes:02}" if minutes else "")


def clock(seconds: int) -> str:
    """Return a UNIX time as its local time of day, to the second."""
    date = _local(seconds)
    if date is None:
        return _raw(seconds)
    return f"{date.tm_hour:02}:{date.tm_min:02}:{date.tm_sec:02}"


def _local(seconds: int | None) -> time.struct_time | None:
    try:
        return None if seconds is None else time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return None


def _day(date: time.struct_time) -> str:
    values = {"day": date.tm_mday, "month": MONTHS[date.tm_mon - 1], "year": date.tm_year}
    if date.tm_year == time.localtime().tm_year:
        return message("{day} {month}", **values)
    return message("{day} {month} {year}", **values)


def _raw(seconds: int | None) -> str:
    return UNKNOWN if seconds is None else str(seconds)


def span(seconds: int) -> str:
    """Return a length of time in its largest unit that fits: 3 days, 1 hour."""
    if seconds >= DAY_SECONDS:
        return plural(seconds // DAY_SECONDS, "1 day", "{n} days")
    if seconds >= HOUR_SECONDS:
        return plural(seconds // HOUR_SECONDS, "1 hour", "{n} hours")
    if seconds >= MINUTE_SECONDS:
        return plural(seconds // MINUTE_SECONDS, "1 minute", "{n} minutes")
    return message("a moment")


def ago(seconds: int) -> str:
    """Return how long ago something was: 3 days ago."""
    return message("{span} ago", span=span(seconds))


def weight(value: float | None) -> str:
    """Return a trust between 0 and 1 as people write it: 0.56, 0.8, or a dash for None."""
    return UNKNOWN if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def listed(parts: Sequence[str]) -> str:
    """Return the parts as a sentence lists them: Drill, Saw and Ladder."""
    if len(parts) < 2:
        return "".join(parts)
    return message("{first} and {last}", first=", ".join(parts[:-1]), last=parts[-1])


def first_few(parts: Sequence[str], most: int) -> str:
    """Return the first `most` parts as a sentence lists them, and the number of the others."""
    left = len(parts) - most
    return listed(parts) if left <= 0 else listed([*parts[:most], plural(left, "1 more", "{n} more")])


def width(kilometers: float) -> str:
    """Return a width in the unit that people use for it: 20 m, 7 km."""
    return f"{kilometers * 1000:g} m" if kilometers < 1 else f"{kilometers:g} km"


def area(published: dict[str, Any]) -> str:
    """Return what others see of a location (PublishedPlace of the API)."""
    return message(
        "an area about {width} wide around {lat:.4f},{lon:.4f}",
        width=width(published["across_km"]),
        lat=published["lat"],
        lon=published["lon"],
    )


def quantity(title: str, count: float | None, unit: str) -> str:
    """Return a title with how much of it: Drill, Flour (2.5 kg), or Fresh vegetables (boxes: 2)."""
    title = named(title)
    if count is None or (count == 1 and not unit):
        return title
    return message("{title} ({amount})", title=title, amount=_labeled(count, unit))


def quantity_in_brackets(title: str, count: float | None, unit: str) -> str:
    """Return the same in brackets: (Drill), (Flour, 2.5 kg), or (Fresh vegetables, boxes: 2)."""
    title = named(title)
    if count is None or (count == 1 and not unit):
        return message("({title})", title=title)
    return message("({title}, {amount})", title=title, amount=_labeled(count, unit))


def amount(count: float, unit: str) -> str:
    """Return a quantity by itself: 2, 2.5 kg, or 1 (boxes)."""
    if unit and unit not in MEASURES:
        return message("{count} ({unit})", count=number(count), unit=named(unit))
    return _labeled(count, unit) if unit else number(count)


def _labeled(count: float, unit: str) -> str:
    """Return how much of a unit: 2.5 kg for a measure, which has no plural, else boxes: 2.

    Other units are typed by people, so no plural can be derived from them: the unit is a label, and the number follows it.
    """
    if unit in MEASURES:
        return message("{count} {unit}", count=number(count), unit=unit)
    return message("{unit}: {count}", unit=named(unit) if unit else message("quantity"), count=number(count))


def number(count: float) -> str:
    """Return a number with as many decimals as it has, three at most."""
    return f"{count:.3f}".rstrip("0").rstrip(".").replace(".", decimal_mark())


def distance(found: dict[str, Any]) -> str:
    """Return how far away a post is, as it follows the title; nothing where that is unknown."""
    return message(" - {distance}", distance=found["distance"]) if found["distance"] else ""


# --- others' words -------------------------------------------------------------------------------------------------------

ID_SHOWN = 11  # letters of an id that tell two people or groups of one name apart, its tag among them


def said(words: str, indent: str = "  ") -> list[str]:
    """Return what somebody wrote as lines of their own: one line in quotation marks, several each behind a bar."""
    lines = words.split("\n")
    return [f"{indent}{quoted(words)}"] if len(lines) == 1 else [f"{indent}| {line}" for line in lines]


def apart(things: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return by id how people or groups are named in one list: by name, with a short id where two have the same name."""
    names = {thing["id"]: named(thing["name"]) for thing in things}
    count = Counter(name.casefold() for name in names.values())
    return {
        id_: message("{name} ({id})", name=name, id=id_[:ID_SHOWN]) if count[name.casefold()] > 1 else name
        for id_, name in names.items()
    }
