"""Lists the days on which the owner has something to do: collect or hand over, give back or get back, renew what ends."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from meshnode.app.catalog.entries import available_until
from meshnode.app.catalog.ids import listing_id
from meshnode.app.exchanges import view
from meshnode.app.exchanges.exchanges import catch_up
from meshnode.app.exchanges.moves import ExchangeHistory, history
from meshnode.app.naming import PersonRef
from meshnode.app.owner.places import own_listings
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol.letters import Stage

ENTRIES_MAX = 500  # those that come first; a calendar program fetches all of them each time
STEP_READ = 20  # exchanges in one step
_TO_COME_BACK = frozenset({Stage.AGREED, Stage.GIVEN, Stage.RECEIVED, Stage.COMPLETED})


class CalendarEntry(Struct, frozen=True):
    """One day in your calendar.

    `kind` is `collect` (you collect what was agreed on), `hand_over` (`person` collects it), `give_back` (you give a
    borrowed thing back), `get_back` (a lent thing is to be back) or `ends` (a post of yours ends). `subject` is the id of
    the exchange or the post, `title` that of the post. `at` is the last second of it (UNIX seconds), and `changed` when it
    was last written about.
    """

    kind: str
    subject: str
    title: str
    person: PersonRef | None
    at: int
    changed: int


class CalendarView(Struct, frozen=True):
    """The days in your calendar, the first ones first."""

    entries: tuple[CalendarEntry, ...]


def calendar(replica: Replica) -> Steps[CalendarView]:
    """Return the days that are to come, and those that have passed of what is still to be done."""
    catch_up(replica)
    found = list(_ends(replica))
    for number, exchange in enumerate(replica.store.exchanges.unfinished()):
        if number % STEP_READ == STEP_READ - 1:
            yield
        kept = replica.store.exchanges.find(exchange.other, exchange.id)
        if kept is not None and kept.shown and not view.is_ended_by_block(replica, kept):
            found += _of_exchange(replica, history(replica, kept))
    found.sort(key=lambda entry: (entry.at, entry.kind, entry.subject))
    return CalendarView(tuple(found[:ENTRIES_MAX]))


def _ends(replica: Replica) -> Iterator[CalendarEntry]:
    for record, body in own_listings(replica):
        id_ = listing_id(replica.me, record.header.slot)
        ends = available_until(record.header.expires, body)
        yield CalendarEntry("ends", id_, body.title, None, ends, record.header.created)


def _of_exchange(replica: Replica, found: ExchangeHistory) -> Iterator[CalendarEntry]:
    exchange, terms = found.exchange, found.terms
    days = []
    if exchange.stage is Stage.AGREED and terms.available_until is not None:
        days.append(("hand_over" if found.gives else "collect", terms.available_until))
    if terms.lend and terms.return_by is not None and exchange.stage in _TO_COME_BACK:
        days.append(("get_back" if found.gives else "give_back", terms.return_by))
    person = view.other_person(replica, exchange)
    for kind, at in days:
        yield CalendarEntry(kind, exchange.id.hex(), exchange.title, person, at, exchange.changed)
