"""Finds everything that waits for the owner, for every place that says so: the inbox, the status, the news, notifications.

Each kind of thing is one row of a table. A new kind is a new row, and is then counted, listed and told everywhere.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from meshnode.app.catalog.ids import listing_id
from meshnode.app.exchanges import exchanges, view
from meshnode.app.exchanges.strangers import is_stranger
from meshnode.app.exchanges.view import ExchangeView
from meshnode.app.groups import groups
from meshnode.app.listings import expiry
from meshnode.app.listings.view import body_of
from meshnode.app.naming import PersonRef, find, reference
from meshnode.app.people import guests, introductions
from meshnode.replica.replica import Replica
from protocol import PersonId, parse_person

_TOLD = "told of waiting"  # a value in the store: the keys of what the owner was notified of and still waits


class WaitingView(Struct, frozen=True):
    """One thing that waits for you.

    `kind` is `request` (somebody asks for your post, or offers to help with it), `confirmation` (the other person says
    that something was handed over or is back), `answer` (somebody has answered you), `overdue` (a lent thing is not
    back), `due` (it is to be back within a day), `strangers` (more people for whom you do not vouch, who ask, invite or
    introduce), `unanswered` (a post expired before a request was answered), `invitation` (to a group), `introduction` (to a person), `guest` (somebody has used a card of yours made for many, and you have to nod) or `ending` (your post ends within a day).

    `subject` is the id of the exchange, group, person or post, as commands and routes take it. `title` is that of the
    post, or the name of the group. `person` is the one it is about or who waits (null: nobody), `detail` says more: the
    type of the post, `lent` or `borrowed`, `asked` or `owned` (whose post ran out unanswered), the kind of the group, or the name of the introducer. `message` is what they wrote. `since` is when
    it began, `until` when it ends or should have ended (UNIX seconds; null: never). `by` is the introducer of an
    introduction. Of `strangers`, `person` is the one you trust through whom they are connected to you (null: nobody), and
    `people` is their number.
    """

    kind: str
    subject: str
    title: str
    detail: str
    person: PersonRef | None
    message: str
    since: int
    until: int | None
    by: PersonRef | None = None
    people: int = 1


class KindCount(Struct, frozen=True):
    """The number of things of one kind that wait for you."""

    kind: str
    count: int


class WaitingCount(Struct, frozen=True):
    """The number of people who wait for you, and of the things that do, by kind; kinds without any are left out.

    `strangers` are the people who have no line of their own in the inbox; they are not among `people`.
    """

    people: int
    things: int
    kinds: tuple[KindCount, ...]
    strangers: int = 0


class InboxQuery(Struct, frozen=True):
    """With `everybody`, each stranger has a line. With `through`, only those who are connected to you through that person."""

    everybody: bool = False
    through: str | None = None


class InboxView(Struct, frozen=True):
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
        yield WaitingView("introduction", met.person.id, "", met.by.name, met.person, met.message, met.at, None, met.by)


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
STRANGERS = "strangers"
FOUND: dict[str, Find] = AWAITED | {"answer": _answers, "unanswered": _unanswered, "ending": _ending}
KINDS = (*AWAITED, STRANGERS, *(kind for kind in FOUND if kind not in AWAITED))
"""All kinds, in the order in which they are listed."""

FOLDED = frozenset({"request", "invitation", "introduction"})  # where strangers make them
STRANGERS_SHOWN = 3  # behind one introducer, those who came first: whom a flood reaches later, it does not hide


# --- asking --------------------------------------------------------------------------------------------------------------


def inbox(replica: Replica, query: InboxQuery | None = None) -> InboxView:
    """Return everything that waits for the owner now, after taking in what came by letter.

    People for whom the owner does not vouch are folded into one line for each person who answers for them, beyond the
    first few. Raises NotFound and Ambiguous as `naming.find` does.
    """
    query = query or InboxQuery()
    exchanges.catch_up(replica)
    open_ones = _exchanges(replica)
    everything, folded = _everything(replica, open_ones), _find(replica, open_ones)
    shown = everything if query.everybody else folded
    if query.through is not None:
        introducer = find(replica, query.through)
        shown = tuple(each for each in everything if _introducer_of(replica, each) == introducer)
    hidden = {each.subject for each in everything} - {each.subject for each in shown}
    kept = tuple(each for each in open_ones if each.exchange not in hidden)
    if query.through is not None:
        subjects = {each.subject for each in shown}
        kept = tuple(each for each in open_ones if each.exchange in subjects)
    return InboxView(shown, kept, _count(folded))


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
    """Return what waits, with one line for all strangers behind one introducer beyond the first few of them."""
    everything = _everything(replica, open_ones)
    behind: dict[PersonId | None, dict[str, list[WaitingView]]] = {}
    for each in everything:
        if _is_strangers(replica, each):
            behind.setdefault(_introducer_of(replica, each), {}).setdefault(_sender(each), []).append(each)
    hidden: set[int] = set()  # by identity: a stranger can make something that has the key of what a friend has made
    lines = []
    for introducer, by_sender in behind.items():
        if len(by_sender) <= STRANGERS_SHOWN + 1:
            continue
        since = {sender: min(map(_came, made)) for sender, made in by_sender.items()}
        later = sorted(by_sender, key=lambda sender: (since[sender], sender))[STRANGERS_SHOWN:]
        hidden |= {id(each) for sender in later for each in by_sender[sender]}
        person = None if introducer is None else reference(replica, introducer)
        first = min(each.since for sender in later for each in by_sender[sender])
        id_ = "" if person is None else person.id
        lines.append(WaitingView(STRANGERS, id_, "", "", person, "", first, None, people=len(later)))
    shown = [*(each for each in everything if id(each) not in hidden), *lines]
    return tuple(sorted(shown, key=lambda each: KINDS.index(each.kind)))


def _everything(replica: Replica, open_ones: tuple[ExchangeView, ...]) -> tuple[WaitingView, ...]:
    return tuple(each for look in FOUND.values() for each in look(replica, open_ones))


def _came(each: WaitingView) -> tuple[bool, int]:
    """Return the order in which things of strangers came: requests first, which alone are dated by this node's clock."""
    return each.kind != "request", each.since


def _sender(each: WaitingView) -> str:
    """Return the id of the person who has made this wait; empty where nobody has."""
    made_by = each.by or each.person
    return "" if made_by is None else made_by.id


def _is_strangers(replica: Replica, each: WaitingView) -> bool:
    """Whether somebody for whom the owner does not vouch asks, invites or introduces here."""
    return each.kind in FOLDED and is_stranger(replica, parse_person(_sender(each)))


def _introducer_of(replica: Replica, each: WaitingView) -> PersonId | None:
    """Return the person who answers for the stranger who has made this wait; None where nobody does, and for others."""
    return replica.introducers.introducer(parse_person(_sender(each))) if _is_strangers(replica, each) else None


def _count(found: tuple[WaitingView, ...]) -> WaitingCount:
    people = {each.person.id for each in found if each.kind in AWAITED and each.person is not None}
    numbers = Counter(each.kind for each in found)
    kinds = tuple(KindCount(kind, numbers[kind]) for kind in KINDS if numbers[kind])
    strangers = sum(each.people for each in found if each.kind == STRANGERS)
    return WaitingCount(len(people), len(found), kinds, strangers)


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
