"""Finds everything that waits for the owner, for every place that says so: the inbox, the status, the news, notifications.

Each kind of thing is one row of a table. A new kind is a new row, and is then counted, listed and told everywhere.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from meshnode.app.catalog.ids import listing_id
from meshnode.app.exchanges import exchanges, view
from meshnode.app.exchanges.view import ExchangeView
from meshnode.app.groups import groups
from meshnode.app.listings import expiry
from meshnode.app.listings.view import body_of
from meshnode.app.naming import PersonRef
from meshnode.app.people import guests, introductions
from meshnode.replica.replica import Replica

_TOLD = "told of waiting"  # a value in the store: the keys of what the owner was notified of and still waits


@dataclass(frozen=True, slots=True)
class WaitingView:
    """One thing that waits for you.

    `kind` is `request` (somebody asks for your post, or offers to help with it), `confirmation` (the other person says
    that something was handed over or is back), `answer` (somebody has answered you), `overdue` (a lent thing is not
    back), `due` (it is to be back within a day), `unanswered` (a post expired before a request was answered), `invitation` (to a group), `introduction` (to a person), `guest` (somebody has used a card of yours made for many, and you have to nod) or `ending` (your post ends within a day).

    `subject` is the id of the exchange, group, person or post, as commands and routes take it. `title` is that of the
    post, or the name of the group. `person` is the one it is about or who waits (null: nobody), `detail` says more: the
    type of the post, `lent` or `borrowed`, `asked` or `owned` (whose post ran out unanswered), the kind of the group, or the name of the introducer. `message` is what they wrote. `since` is when
    it began, `until` when it ends or should have ended (UNIX seconds; null: never).
    """

    kind: str
    subject: str
    title: str
    detail: str
    person: PersonRef | None
    message: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class KindCount:
    """The number of things of one kind that wait for you."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """The number of people who wait for you, and of the things that do, by kind; kinds without any are left out."""

    people: int
    things: int
    kinds: tuple[KindCount, ...]


@dataclass(frozen=True, slots=True)
class InboxView:
    """Everything that waits for you (`waiting`), the exchanges among it with recent answers, and their number."""

    waiting: tuple[WaitingView, ...]
    exchanges: tuple[ExchangeView, ...]
    count: WaitingCount


Find = Callable[[Replica, tuple[ExchangeView, ...]], Iterable[WaitingView]]
"""Finds what waits of one kind; gets the exchanges in which the owner can do something or was answered lately."""


# --- the kinds -----------------------------------------------------------------------------------------------------------


def _requests(_: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for each in open_ones:
        if _asks(each):
            yield _of_exchange("request", each)


def _asks(each: ExchangeView) -> bool:
    return each.state == "requested" and not each.asked


def _confirmations(_: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for each in open_ones:
        if _confirms(each):
            yield _of_exchange("confirmation", each)


def _confirms(each: ExchangeView) -> bool:
    if each.state == "agreed":
        return each.other_done and not each.done
    return each.state == "completed" and each.other_back and not each.back


def _overdue(_: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    return _lent(open_ones, view.OVERDUE)


def _due(_: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    return _lent(open_ones, view.DUE)


def _lent(open_ones: tuple[ExchangeView, ...], kind: str) -> Iterator[WaitingView]:
    for each in open_ones:
        if each.return_state == kind:
            yield _of_exchange(kind, each, detail="lent" if each.gives else "borrowed", until=each.return_by)


def _unanswered(_: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for each in open_ones:
        if each.state == view.UNANSWERED:
            yield _of_exchange("unanswered", each, detail="asked" if each.asked else "owned", until=each.listing_ends)


def _answers(replica: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    recent = replica.clock.now() - view.NEWS_SECONDS
    for each in open_ones:
        answered = each.changed > recent and (not each.messages[-1].yours or each.reason == view.TWICE)
        if answered and not (_asks(each) or _confirms(each) or each.return_state or each.state == view.UNANSWERED):
            yield _of_exchange("answer", each)


def _invitations(replica: Replica, _: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    seen = set()
    for found in groups.invitations(replica):
        if found.id not in seen:  # several members may invite to one group
            seen.add(found.id)
            yield WaitingView(
                "invitation", found.id, found.name, found.kind, found.inviter, "", found.since, found.expires
            )


def _introductions(replica: Replica, _: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for met in introductions.introductions(replica).introductions:
        yield WaitingView("introduction", met.person.id, "", met.by.name, met.person, met.message, met.at, None)


def _guests(replica: Replica, _: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for each in guests.guests(replica):
        yield WaitingView("guest", each.person.id, "", "", each.person, "", each.since, each.until)


def _ending(replica: Replica, open_ones: tuple[ExchangeView, ...]) -> Iterator[WaitingView]:
    for record in expiry.ending(replica) if replica.clock.trusted else ():
        body, header = body_of(record), record.header
        id_ = listing_id(header.author, header.slot)
        asker = next((each.with_ for each in open_ones if _asks(each) and each.listing.id == id_), None)
        yield WaitingView(
            "ending", id_, body.title, body.type, asker, "", header.expires - expiry.WARNED, header.expires
        )


AWAITED: dict[str, Find] = {
    "request": _requests,
    "confirmation": _confirmations,
    "overdue": _overdue,
    "due": _due,
    "invitation": _invitations,
    "introduction": _introductions,
    "guest": _guests,
}
"""The kinds with which a person waits: how to find what waits now."""
KINDS: dict[str, Find] = AWAITED | {"answer": _answers, "unanswered": _unanswered, "ending": _ending}
"""All kinds, in the order in which they are listed."""


# --- asking --------------------------------------------------------------------------------------------------------------


def inbox(replica: Replica) -> InboxView:
    """Return everything that waits for the owner now, after taking in what came by letter."""
    exchanges.catch_up(replica)
    open_ones = _exchanges(replica)
    found = _find(replica, open_ones)
    return InboxView(found, open_ones, _count(found))


def count(replica: Replica) -> WaitingCount:
    """Return how much waits for the owner now."""
    return _count(_find(replica, _exchanges(replica)))


def untold(replica: Replica) -> tuple[WaitingView, ...]:
    """Return what waits and was not returned by an earlier call, and note that it was returned now.

    What no longer waits is forgotten, so that it is returned again if it waits once more.
    """
    found = {_key(each): each for each in _find(replica, _exchanges(replica))}
    told = set(json.loads(replica.store.meta.get(_TOLD) or "[]"))
    if found.keys() != told:
        replica.store.meta.set(_TOLD, json.dumps(sorted(found)))
    return tuple(each for key, each in found.items() if key not in told)


# --- inside --------------------------------------------------------------------------------------------------------------


def _exchanges(replica: Replica) -> tuple[ExchangeView, ...]:
    return tuple(view.view(replica, each) for each in view.waiting(replica))


def _find(replica: Replica, open_ones: tuple[ExchangeView, ...]) -> tuple[WaitingView, ...]:
    return tuple(each for find in KINDS.values() for each in find(replica, open_ones))


def _count(found: tuple[WaitingView, ...]) -> WaitingCount:
    people = {each.person.id for each in found if each.kind in AWAITED and each.person is not None}
    numbers = Counter(each.kind for each in found)
    return WaitingCount(
        len(people), len(found), tuple(KindCount(kind, numbers[kind]) for kind in KINDS if numbers[kind])
    )


def _of_exchange(kind: str, each: ExchangeView, *, detail: str = "", until: int | None = None) -> WaitingView:
    said = next((one for one in reversed(each.messages) if not one.yours), None)
    return WaitingView(
        kind=kind,
        subject=each.exchange,
        title=each.listing.title,
        detail=detail or each.listing.type,
        person=each.with_,
        message=said.text if said is not None else "",
        since=each.changed if until is None else until,
        until=until,
    )


def _key(each: WaitingView) -> str:
    """Return a text that tells this thing from all others, and from the same one at another time."""
    return f"{each.kind} {each.subject} {each.since}"
