"""Decides how long a listing lives, and when its owner is warned that it ends soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshnode.errors import Field, Usage
from meshnode.replica.replica import Replica
from protocol import Kind, Listing, Record, limits

FOOD_LIFE = 2 * limits.DAY  # food that nobody fetched by then has gone bad
NEED_LIFE = 7 * limits.DAY
OTHER_LIFE = 90 * limits.DAY
WARNED = 1 * limits.DAY  # how long before the end the owner is told


def check_life(expires_in: int | None) -> int | None:
    """Return the life in seconds that the owner chose, None for the default. Raises Usage if no listing may live so."""
    if expires_in is not None and not limits.MINUTE <= expires_in <= limits.LISTING_LIFE:
        raise Usage(
            "a post can be visible for 1 minute to {most} days",
            field=Field.EXPIRES_IN,
            most=limits.LISTING_LIFE // limits.DAY,
        )
    return expires_in


def check_dates(*, available_until: int | None, return_by: int | None, now: int) -> None:
    """Raise Usage where a date that the owner names now is past; None names none."""
    if available_until is not None and available_until <= now:
        raise Usage("the day until which it is available must be in the future", field=Field.AVAILABLE_UNTIL)
    if return_by is not None and return_by <= now:
        raise Usage("the day by which it is given back must be in the future", field=Field.RETURN_BY)


def life_of(body: Listing, expires_in: int | None, now: int) -> int:
    """Return how many seconds the listing lives from now on, which is never longer than it is available.

    The owner's choice comes first, then the time until which it is available, which must be in the future, then what
    it is. Raises Usage for a life that no listing may have.
    """
    life, until = check_life(expires_in), body.available_until
    if until is None:
        return _usual_life(body) if life is None else life
    left = min(until - now, limits.LISTING_LIFE)
    return left if life is None else min(life, left)


def expires_after_edit(record: Record, before: Listing, after: Listing, patch: Mapping[str, Any], now: int) -> int:
    """Return when `record`, which said `before`, expires once it says `after`; `patch` has the edited fields by name.

    A new life or a new last day counts as in a new listing. Without its last day a listing lives as long as a new one,
    unless the owner had chosen an earlier end. Raises Usage as `life_of` does.
    """
    expires, until = record.header.expires, before.available_until
    ends_as_chosen = until is None or expires < until
    keeps_day = after.available_until == until or (after.available_until is None and ends_as_chosen)
    if "expires_in" not in patch and keeps_day and patch.get("available_until") is None:
        return expires
    return now + life_of(after, patch.get("expires_in"), now)


def _usual_life(body: Listing) -> int:
    if body.type == "need":
        return NEED_LIFE
    return FOOD_LIFE if body.category == "food" else OTHER_LIFE


def ends_soon(record: Record, now: int) -> bool:
    """Whether the owner is warned of its end: within a day of it, and only in the second half of its life."""
    left = record.header.expires - now
    return 0 < left <= min(WARNED, (record.header.expires - record.header.created) // 2)


def ending(replica: Replica) -> list[Record]:
    """Return the owner's listings that end soon, the first to end first."""
    now, records = replica.clock.now(), replica.store.records
    own = records.rows(kinds=(Kind.LISTING,), author=replica.me)
    near = [row.id for row in own if row.complete and now < row.expires <= now + WARNED]
    found = [record for record in records.get_many(near) if record.body and ends_soon(record, now)]
    return sorted(found, key=lambda record: (record.header.expires, record.id))
