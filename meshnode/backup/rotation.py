"""Decides which of the daily backups are kept: the last seven, and the last one of each of the last four weeks.

It counts files, and asks no clock: after a month without a backup nothing is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

DAYS_KEPT = 7
WEEKS_KEPT = 4
NAME = "meshnode-{}.age"
_NAME = re.compile(r"meshnode-(\d{4}-\d{2}-\d{2})\.age")


def date_of(name: str) -> date | None:
    """Return the date in the name of a daily backup; None for any other file."""
    found = _NAME.fullmatch(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def surplus(names: Iterable[str], today: date) -> list[str]:
    """Return the names of those daily backups that are no longer kept.

    A file that is no daily backup is never among them, nor is one with a date in the future: it shows that the date was
    wrong once, and then, perhaps, it is wrong now.
    """
    dated = {found: name for name in names if (found := date_of(name)) is not None and found <= today}
    newest_first = sorted(dated, reverse=True)
    kept = set(newest_first[:DAYS_KEPT])
    last_of_week: dict[tuple[int, int], date] = {}
    for one in newest_first:
        last_of_week.setdefault(one.isocalendar()[:2], one)
    kept.update(list(last_of_week.values())[:WEEKS_KEPT])
    return sorted(name for one, name in dated.items() if one not in kept)
