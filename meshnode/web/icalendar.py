"""Writes the owner's calendar as a calendar program reads it (RFC 5545).

All of it are whole days with a sentence each. A library for it takes 10 MiB of memory, for what these few rules do.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from meshnode.text import calendar as text
from meshnode.text import forms

MEDIA_TYPE = "text/calendar"
LINE_BYTES = 75  # RFC 5545, section 3.1: a longer line goes on in the next, after a space
REFRESH = "PT1H"  # how often a program may look again


def calendar_file(entries: Iterable[dict[str, Any]], page: str) -> bytes:
    """Return these days (CalendarEntry) as a calendar; `page` is the address of the page, to which they lead."""
    lines = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//meshnode//meshnode//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-CALNAME", _text(text.NAME)),
        ("NAME", _text(text.NAME)),
        ("REFRESH-INTERVAL;VALUE=DURATION", REFRESH),
        ("X-PUBLISHED-TTL", REFRESH),
    ]
    for entry in entries:
        lines += _event(entry, page)
    lines.append(("END", "VCALENDAR"))
    return b"".join(_folded(f"{name}:{value}".encode()) for name, value in lines)


def _event(entry: dict[str, Any], page: str) -> Iterator[tuple[str, str]]:
    day = date(*forms.date_of_last_day(entry["at"]))
    kind = "posts" if entry["kind"] == "ends" else "exchanges"
    yield "BEGIN", "VEVENT"
    yield "UID", f"{entry['kind']}-{entry['subject']}@meshnode"
    yield "DTSTAMP", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(min(entry["changed"], forms.LAST_SECOND)))
    yield "DTSTART;VALUE=DATE", _date(day)
    yield "DTEND;VALUE=DATE", _date(day + timedelta(days=1))
    yield "SUMMARY", _text(text.summary(entry))
    yield "URL", f"{page}/{kind}/{entry['subject']}"
    yield "TRANSP", "TRANSPARENT"  # a day with a thing to do is a free one
    yield "END", "VEVENT"


def _date(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _text(words: str) -> str:
    """Return words as a value of type TEXT (section 3.3.11)."""
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        words = words.replace(sign, written)
    return words


def _folded(line: bytes) -> bytes:
    """Return a line, folded where it is too long, and never inside a letter."""
    parts, room = [], LINE_BYTES
    while len(line) > room:
        end = room
        while line[end] & 0xC0 == 0x80:  # the middle of a letter in UTF-8
            end -= 1
        parts.append(line[:end])
        line, room = line[end:], LINE_BYTES - 1
    return b"\r\n ".join([*parts, line]) + b"\r\n"
