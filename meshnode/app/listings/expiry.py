"""Decides how long a listing lives, and when its owner is warned that it ends soon."""

from __future__ import annotations

from meshnode.errors import Usage
from meshnode.replica.replica import Replica
from protocol import Kind, Listing, Record, limits

FOOD_LIFE = 2 * limits.DAY  # food that nobody fetched by then has gone bad
NEED_LIFE = 7 * limits.DAY
OTHER_LIFE = 90 * limits.DAY
WARNED = 1 * limits.DAY  # how long before the end the owner is told


def check_life(expires_in: int | None) -> int | None:
    """Return the life in seconds that the owner chose, None for the default. Raises Usage if no listing may live so."""
    if expires_in is not None and not limits.MINUTE <= expires_in <= limits.LISTING_LIFE:
        raise Usage(f"a listing lives from a minute to {limits.LISTING_LIFE // limits.DAY} days")
    return expires_in


def life_of(body: Listing, expires_in: int | None, now: int) -> int:
    """Return how many seconds the listing lives from now on.

    The owner's choice comes first, then the date until which it is available, then what it is. Raises Usage where that
    date is past.
    """
    life = check_life(expires_in)
    if body.available_until is not None and body.available_until <= now:
        raise Usage("the --until date must be in the future", "or leave it out")
    if life is not None:
        return life
    if body.available_until is not None:
        return min(body.available_until - now, limits.LISTING_LIFE)
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
