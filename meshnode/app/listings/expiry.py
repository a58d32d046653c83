"""How long a listing stands: by what it is, by what its owner says, and when to warn him that it ends."""

from __future__ import annotations

from meshnode.errors import Usage
from meshnode.replica.replica import Replica
from protocol import Kind, Listing, Record, limits

FOOD_LIFE = 2 * limits.DAY  # what nobody fetched by then has spoilt
NEED_LIFE = 7 * limits.DAY
OTHER_LIFE = 90 * limits.DAY
WARNED = 1 * limits.DAY  # before it ends, its owner is told


def chosen(expires_in: int | None) -> int | None:
    """The life in seconds that the owner asks for, None for the usual one; Usage where no listing may live so."""
    if expires_in is not None and not limits.MINUTE <= expires_in <= limits.LISTING_LIFE:
        raise Usage(f"a post can be visible for 1 minute to {limits.LISTING_LIFE // limits.DAY} days")
    return expires_in


def of(body: Listing, expires_in: int | None, now: int) -> int:
    """How many seconds it is to stand from now on: as chosen, else until it is no longer to be had, else by what it is.

    Usage where it is not to be had any more even now.
    """
    life = chosen(expires_in)
    if body.available_until is not None and body.available_until <= now:
        raise Usage("the --until date must be in the future")
    if life is not None:
        return life
    if body.available_until is not None:
        return min(body.available_until - now, limits.LISTING_LIFE)
    if body.type == "need":
        return NEED_LIFE
    return FOOD_LIFE if body.category == "food" else OTHER_LIFE


def ends_soon(record: Record, now: int) -> bool:
    """Whether to warn of its end: within a day, and not while it has most of its life before it."""
    left = record.header.expires - now
    return 0 < left <= min(WARNED, (record.header.expires - record.header.created) // 2)


def ending(replica: Replica) -> list[Record]:
    """The owner's listings that end soon, the first to end first."""
    now, records = replica.clock.now(), replica.store.records
    own = records.rows(kinds=(Kind.LISTING,), author=replica.me)
    near = [row.id for row in own if row.complete and now < row.expires <= now + WARNED]
    found = [record for record in records.get_many(near) if record.body and ends_soon(record, now)]
    return sorted(found, key=lambda record: (record.header.expires, record.id))
