"""Dates as people type them: a day begins with its first second and ends with its last, in every zone of the world."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meshnode.cli.dates import Moment
from meshnode.text import forms

ZONES = sorted(zone for zone in available_timezones() if zone.count("/") == 1 and zone.split("/")[0] != "SystemV")


@contextmanager
def clocks_of(zone: str) -> Iterator[None]:
    """Let this process live in a zone."""
    with patch.dict("os.environ", {"TZ": zone}):
        time.tzset()
        yield
    time.tzset()


def read(typed: str, *, ends: bool) -> int:
    return Moment(ends=ends).convert(typed, None, None)


@given(st.sampled_from(ZONES), st.dates(date(2013, 1, 1), date(2036, 12, 31)))
@example("Europe/Berlin", date(2026, 3, 29))  # 23 hours
@example("Europe/Berlin", date(2026, 10, 25))  # 25 hours
@example("Australia/Lord_Howe", date(2026, 4, 5))  # 24 and a half
@example("Africa/Cairo", date(2026, 4, 24))  # begins at one o'clock: there is no midnight
@example("America/Havana", date(2026, 11, 1))  # has two midnights
@example("Asia/Beirut", date(2026, 3, 29))
@example("Pacific/Kiritimati", date(2026, 12, 31))
def test_a_day_lasts_from_its_first_second_to_its_last(zone: str, day: date) -> None:
    there = ZoneInfo(zone)
    with clocks_of(zone):
        first, last = read(day.isoformat(), ends=False), read(day.isoformat(), ends=True)
        following = read((day + timedelta(days=1)).isoformat(), ends=False)

    def day_at(seconds: int) -> date:
        return datetime.fromtimestamp(seconds, there).date()

    assert day_at(first) == day_at(last) == day
    assert day_at(first - 1) < day < day_at(last + 1)
    assert last + 1 == following
    assert 22 * 3_600 <= last + 1 - first <= 26 * 3_600


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("UTC", "2026-03-29", 24), ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25)],
)
def test_days_of_the_change_of_clocks_are_whole(zone: str, day: str, hours: int) -> None:
    with clocks_of(zone):
        assert read(day, ends=True) + 1 - read(day, ends=False) == hours * 3_600


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        ("2026-12-05T18:00", "2026-12-05T17:00"),
        ("2026-12-05 18:00:30", "2026-12-05T17:00:30"),
        ("2026-12-05T18:00+05:30", "2026-12-05T12:30"),
        ("2026-12-05T18:00Z", "2026-12-05T18:00"),
    ],
)
def test_a_time_means_that_second_whatever_it_is_for(typed: str, utc: str, ends: bool) -> None:
    with clocks_of("Europe/Berlin"):
        assert read(typed, ends=ends) == int(datetime.fromisoformat(f"{utc}+00:00").timestamp())


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "24 Dec 2025 17:00 (UTC)"),
        ("Europe/Berlin", "24 Dec 2025 18:00 (UTC+1)"),
        ("Asia/Kolkata", "24 Dec 2025 22:30 (UTC+5:30)"),
        ("America/St_Johns", "24 Dec 2025 13:30 (UTC-3:30)"),
        ("Pacific/Auckland", "25 Dec 2025 06:00 (UTC+13)"),
    ],
)
def test_a_time_of_somebody_elsewhere_is_shown_with_its_zone(zone: str, shown: str) -> None:
    with clocks_of(zone), patch("meshnode.text.forms.time.localtime", _in_2026(time.localtime)):
        assert forms.moment_and_zone(int(datetime.fromisoformat("2025-12-24T17:00+00:00").timestamp())) == shown


def _in_2026(localtime: Callable[[float], time.struct_time]) -> Callable[..., time.struct_time]:
    """Return `localtime` for a process that lives in 2026."""
    return lambda seconds=1_780_000_000: localtime(seconds)


@given(st.sampled_from(ZONES), st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
@example("UTC", "Europe/Berlin", date(2026, 12, 1))
@example("Europe/Berlin", "UTC", date(2026, 3, 29))
@example("Asia/Kathmandu", "America/St_Johns", date(2026, 6, 1))
def test_the_last_day_is_read_elsewhere_as_it_was_written(author: str, reader: str, day: date) -> None:
    """In zones half a world apart, the day after may be meant as well: the earth has more zones than hours."""
    with clocks_of(author):
        last = read(day.isoformat(), ends=True)
        written = forms.last_day(last)
        offset = time.localtime(last).tm_gmtoff
    with clocks_of(reader):
        apart = abs(time.localtime(last).tm_gmtoff - offset)
        shown, full = forms.last_day(last), forms.moment_and_zone(last)
    if apart <= 11 * 3_600:
        assert shown == written
        assert full == f"{written} 23:59 ({forms.zone(offset)})"
