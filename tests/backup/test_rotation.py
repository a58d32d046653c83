"""Daily backups over a table of days: seven days and four weeks are kept, and a wrong date deletes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.backup.rotation import DAYS_KEPT, NAME, WEEKS_KEPT, date_of, surplus

FRIDAY = date(2027, 1, 15)


def name(day: date) -> str:
    return NAME.format(day.isoformat())


def kept_after(days: list[date]) -> list[date]:
    """Return the days whose backups are there when one was made on each of these days."""
    there: list[str] = []
    for day in days:
        there.append(name(day))
        gone = surplus(there, day)
        there = [one for one in there if one not in gone]
    return [found for one in there if (found := date_of(one)) is not None]


def every_day(count: int) -> list[date]:
    return [FRIDAY + timedelta(number) for number in range(count)]


@pytest.mark.parametrize(
    ("made", "ages"),
    [
        (every_day(1), [0]),
        (every_day(7), [6, 5, 4, 3, 2, 1, 0]),
        (every_day(8), [6, 5, 4, 3, 2, 1, 0]),
        (every_day(60), [15, 8, 6, 5, 4, 3, 2, 1, 0]),  # it ends on a Monday: the Sundays before are kept too
        ([FRIDAY, FRIDAY + timedelta(100)], [100, 0]),  # nothing goes because time has passed
        ([FRIDAY + timedelta(31 * number) for number in range(12)], [186, 155, 124, 93, 62, 31, 0]),
    ],
)
def test_seven_days_and_the_last_of_four_weeks_are_kept(made: list[date], ages: list[int]) -> None:
    kept = kept_after(made)
    assert [(made[-1] - day).days for day in kept] == ages


def test_a_backup_from_the_future_shows_that_a_date_was_wrong_and_is_never_deleted() -> None:
    future = [name(FRIDAY + timedelta(number)) for number in range(1, 40)]
    assert surplus([*future, name(FRIDAY)], FRIDAY) == []


@pytest.mark.parametrize(
    "other", ["alice.age", "meshnode-2027-13-01.age", "meshnode-2027-01-01.age.bak", "notes.txt", ""]
)
def test_other_files_are_left_alone(other: str) -> None:
    old = [name(day) for day in every_day(40)]
    assert date_of(other) is None
    assert other not in surplus([*old, other], FRIDAY + timedelta(40))


@given(st.sets(st.integers(0, 400), max_size=60), st.integers(0, 400))
def test_the_newest_always_stay_and_never_more_than_eleven_of_the_past(days: set[int], today: int) -> None:
    names = [name(FRIDAY + timedelta(day)) for day in days]
    now = FRIDAY + timedelta(today)
    left = set(names) - set(surplus(names, now))
    past = sorted(one for one in left if (found := date_of(one)) is not None and found <= now)
    newest = sorted(name(FRIDAY + timedelta(day)) for day in days if day <= today)[-DAYS_KEPT:]
    assert set(newest) <= left
    assert len(past) <= DAYS_KEPT + WEEKS_KEPT
    assert {one for one in names if one not in left} <= {name(FRIDAY + timedelta(day)) for day in days if day <= today}
