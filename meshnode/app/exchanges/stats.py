"""Counts completed exchanges, and how many of them crossed communities.

The counts stay on this node and decide nothing. Nothing is counted per person, and nothing has a price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from meshnode.app.exchanges import exchanges, view
from meshnode.app.exchanges.moves import ExchangeHistory
from meshnode.replica.replica import Replica
from protocol import CATEGORIES
from protocol.letters import Action, Stage

_DONE = frozenset({Stage.COMPLETED, Stage.GIVEN_BACK, Stage.RETURNED})


class MonthView(Struct, frozen=True):
    """One month, as in `2026-11` (UTC), by the time of your confirmation."""

    month: str
    completed: int
    cross_community: int
    within_community: int
    unknown: int


class CategoryView(Struct, frozen=True):
    """One category of listings."""

    category: str
    completed: int
    cross_community: int
    within_community: int
    unknown: int


class StatsView(Struct, frozen=True):
    """Exchanges that both sides have confirmed: across communities, within one, or `unknown` (a side has none).

    `given` and `received` say which way they went. Months and categories without any are left out.
    """

    completed: int
    cross_community: int
    within_community: int
    unknown: int
    given: int
    received: int
    months: tuple[MonthView, ...]
    categories: tuple[CategoryView, ...]


def stats(replica: Replica) -> StatsView:
    """Count the completed exchanges."""
    exchanges.catch_up(replica)
    done = [exchange for exchange in replica.store.exchanges.all_shown() if exchange.stage in _DONE]
    found = view.histories(replica, done)
    by_month: dict[str, list[ExchangeHistory]] = {}
    by_category: dict[str, list[ExchangeHistory]] = {}
    for each in found:
        by_month.setdefault(_month(each), []).append(each)
        by_category.setdefault(each.exchange.category, []).append(each)
    given = sum(each.gives for each in found)
    return StatsView(
        *_counts(found),
        given=given,
        received=len(found) - given,
        months=tuple(MonthView(month, *_counts(by_month[month])) for month in sorted(by_month)),
        categories=tuple(CategoryView(word, *_counts(by_category[word])) for word in CATEGORIES if word in by_category),
    )


def _counts(found: Iterable[ExchangeHistory]) -> tuple[int, int, int, int]:
    """Return how many there are; of these across communities, within one, and unknown."""
    counted = Counter(each.is_cross_community for each in found)
    return counted.total(), counted[True], counted[False], counted[None]


def _month(found: ExchangeHistory) -> str:
    """Return the month of the owner's confirmation, so that no other clock decides."""
    own = found.said(Action.DONE, mine=True)
    at = own.move.at if own is not None else found.exchange.changed
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
