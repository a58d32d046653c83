"""Reads the dates that people type, in the time zone of the computer at which they type.

The end of a day is its last second there: a day that the clocks make 23 or 25 hours long ends when the next one begins.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import click

from meshnode.text import errors


class Moment(click.ParamType[int]):
    """A local day, or a day and time (2026-12-05T18:00); the value is in UNIX seconds.

    A day alone means its first second, or its last one where the option names the end of something.
    """

    name = "YYYY-MM-DD"

    def __init__(self, *, ends: bool = False) -> None:
        self._ends = ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the UNIX seconds."""
        if isinstance(value, int):
            return value
        try:
            return self._seconds(str(value).strip())
        except (ValueError, OverflowError, OSError):
            self.fail(errors.not_a_date(value), param, ctx)

    def _seconds(self, typed: str) -> int:
        try:
            day = date.fromisoformat(typed)
        except ValueError:
            return int(datetime.fromisoformat(typed).timestamp())
        return first_second(day + timedelta(days=1)) - 1 if self._ends else first_second(day)


def first_second(day: date) -> int:
    """Return the UNIX time at which a day begins here; where the clocks skip midnight, the end of the day before it."""
    return int(datetime.fromisoformat(day.isoformat()).timestamp())  # of no zone, so that it is in the local one
