"""Exchanges: asking, answering, confirming, calling off, and talking about it. Nobody else is asked, whoever the two are.

What each side may do when is the protocol's table; here is what to say to a person who tries something else.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalog.catalog import Catalog, searchable
from meshnode.app.exchanges import moves, stock, view
from meshnode.app.exchanges.moves import ExchangeState
from meshnode.app.exchanges.view import ExchangeView, is_over_by_block
from meshnode.app.letters import inbox as letter_inbox
from meshnode.app.letters import letters
from meshnode.app.listings.listings import find as find_listing
from meshnode.app.listings.view import body_of
from meshnode.app.naming import ambiguous, name_of
from meshnode.errors import NotFound, Refused, Usage
from meshnode.replica.access import Access, access_key
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import Kind, PersonId, Record, limits, normalize
from protocol.letters import Action, Stage, Terms, exchange_id

LISTED = 100
LISTED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What to say with it, and how many (null: one, where the listing is limited)."""

    message: str = ""
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """The exchange that has begun, and where it stands."""

    exchange: str
    state: str


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """What to do: `accept`, `decline`, `done`, `cancel`, `returned` or `say`, and what to say with it."""

    act: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ExchangesQuery:
    """At most so many, those that changed last first."""

    limit: int = LISTED


def respond(replica: Replica, catalog: Catalog, which: str, request: Request) -> Requested:
    """Ask for what somebody offers, or offer what somebody needs."""
    catch_up(replica)
    record = _listing(replica, catalog, which)
    header, body = record.header, body_of(record)
    before = _before(replica, header.author, header.slot)
    if before is not None:
        return _ask_again(replica, before)
    terms = Terms(
        nonce=replica.entropy(limits.NONCE_BYTES),
        slot=header.slot,
        type=body.type,
        title=body.title,
        category=body.category,
        quantity=_quantity(request.quantity, body.quantity),
        unit=body.unit,
        lend=body.lend,
        return_by=body.return_by,
    )
    _check_room(replica, header.author)
    exchange = exchange_id(replica.me, header.author, terms)
    return _requested(moves.ask(replica, header.author, exchange, terms, normalize(request.message)))


def move(replica: Replica, which: str, order: MoveOrder) -> ExchangeView:
    """Make a move in the exchange that `which` names."""
    act = next((act for act in Action if act.word == order.act and act is not Action.ASK), None)
    if act is None:
        possible = ", ".join(act.word for act in Action if act is not Action.ASK)
        raise Usage(f"{order.act!r} is not a step of an exchange", f"the steps are {possible}")
    catch_up(replica)
    found = view.find(replica, which, act)
    if is_over_by_block(replica, found.exchange):
        raise Refused(f"you block {found.exchange.name}", "unblock them first with 'meshnode unblock NAME'")
    repeated = found.said(act, mine=True)
    if repeated is not None and act is not Action.SAY and repeated in moves.lost(replica, found):
        moves.send_again(replica, found.exchange, repeated)
    else:
        _make(replica, found, act, normalize(order.message))
    stock.follow_up(replica)
    return one(replica, found.exchange.id.hex())


def inbox(replica: Replica) -> tuple[ExchangeView, ...]:
    """What waits for the owner of this node, and what he was told last, the latest first."""
    catch_up(replica)
    return tuple(view.view(replica, each) for each in view.waiting(replica))


def exchanges(replica: Replica, query: ExchangesQuery) -> tuple[ExchangeView, ...]:
    """The exchanges of this node's owner, finished ones too, the one that changed last first."""
    if not 1 <= query.limit <= LISTED_MAX:
        raise Usage(f"limit goes from 1 to {LISTED_MAX}")
    catch_up(replica)
    found = view.courses(replica, replica.store.exchanges.all_shown()[: query.limit])
    return tuple(view.view(replica, each) for each in found)


def one(replica: Replica, which: str) -> ExchangeView:
    """The exchange that `which` names, with all its messages."""
    catch_up(replica)
    return view.view(replica, view.find(replica, which), messages=None)


def catch_up(replica: Replica) -> None:
    """Take in what came by letter, and answer what needs no owner."""
    letter_inbox.open_new(replica)
    stock.follow_up(replica)


# --- asking ----------------------------------------------------------------------------------------------------------


def _listing(replica: Replica, catalog: Catalog, which: str) -> Record:
    """The listing of somebody else that `which` names."""
    entries = catalog.matching(which, own_only=False) if which.strip() else []
    records = replica.store.records.get_many([entry.record for entry in entries])
    others = [record for record in records if record.body and record.header.author != replica.me]
    if len(others) == 1:
        return others[0]
    if others:
        named = ((body_of(record).title, name_of(replica, record.header.author)) for record in others)
        ids = [entry.id for entry in entries if entry.record in {record.id for record in others}]
        raise ambiguous(which, [f"{title} ({id_}, by {name})" for (title, name), id_ in zip(named, ids, strict=True)])
    if entries:
        raise Refused("this is your own post", "only others can respond to it")
    try:
        return find_listing(replica, catalog, which)
    except NotFound:
        _tell_what_became_of(replica, which)
        raise


def _tell_what_became_of(replica: Replica, which: str) -> None:
    """Refused where a listing of that title has run out that is still here, and that its reader may see."""
    now = replica.clock.now()
    rows = replica.store.records.rows(kinds=(Kind.LISTING,))
    over = [row for row in rows if row.expires <= now and row.author != replica.me and row.complete]
    seen = [row.id for row in over if replica.access.answer(replica.me, access_key(row)) is Access.YES]
    for record in replica.store.records.get_many(seen):
        if record.body and searchable(body_of(record).title).startswith(searchable(which)):
            raise Refused("that post has expired", "ask its author for a new one")


def _before(replica: Replica, owner: PersonId, slot: bytes) -> Exchange | None:
    """The exchange about this listing that its asker has begun already and that is not over."""
    for exchange in replica.store.exchanges.all_shown():
        about_it = exchange.asked and (exchange.other, exchange.slot) == (owner, slot)
        if about_it and exchange.stage in view.UNFINISHED:
            return exchange
    return None


def _ask_again(replica: Replica, exchange: Exchange) -> Requested:
    """Send an ask once more that got lost on the way; Refused where there is no need to."""
    found = moves.exchange_state(replica, exchange)
    asked = found.said(Action.ASK, mine=True)
    if asked is None or asked not in moves.lost(replica, found):
        raise Refused("you have already asked for that", "'meshnode exchanges' shows its state")
    moves.send_again(replica, exchange, asked)
    return _requested(exchange)


def _quantity(wanted: int | None, there: int | None) -> int | None:
    if wanted is not None and not 1 <= wanted <= limits.QUANTITY_MAX:
        raise Usage(f"quantity goes from 1 to {limits.QUANTITY_MAX}")
    if there is None:
        return wanted
    if wanted is not None and wanted > there:
        raise Refused(f"only {there} left", "ask for less")
    return wanted or 1


def _check_room(replica: Replica, owner: PersonId) -> None:
    kept = replica.store.exchanges
    if kept.count_with(owner, Stage.REQUESTED, asked=True) >= limits.EXCHANGES_ASKED_MAX:
        raise Refused(
            f"{name_of(replica, owner)} has {limits.EXCHANGES_ASKED_MAX} unanswered requests of yours already",
            "wait for an answer, or cancel one",
        )
    letters.check_can_write(replica, owner)
    if not moves.has_room_with(replica, owner):
        raise Refused(f"you have too many exchanges with {name_of(replica, owner)}", "cancel one that is not finished")


def _requested(exchange: Exchange) -> Requested:
    return Requested(exchange.id.hex(), exchange.stage.word)


# --- answering and going on --------------------------------------------------------------------------------------------


def _make(replica: Replica, found: ExchangeState, act: Action, text: str) -> None:
    exchange, terms = found.exchange, found.terms
    if not found.may(act):
        raise _why_not(found, act)
    takes = 0
    if act is Action.SAY:
        kept = replica.store.exchanges.count_moves(exchange, mine=True, act=act)
        if kept >= limits.MESSAGES_MAX:
            raise Refused(
                f"you have sent {limits.MESSAGES_MAX} messages in this exchange", "meet, or begin another one"
            )
    if act is Action.ACCEPT:
        there = stock.left(replica, terms.slot)
        takes = (terms.quantity or 1) if there is not None else 0
        if there is not None and takes > there:
            raise Refused(f"not enough left: {exchange.title} ({there})", "decline it with 'meshnode decline'")
    moves.make(replica, exchange, act, text=text, takes=takes)


def _why_not(found: ExchangeState, act: Action) -> Refused:
    """Why this move cannot be made now, and what can."""
    name, stage = found.exchange.name, found.exchange.stage
    if found.said(act, mine=True) is not None and act is not Action.SAY:
        return Refused(_ALREADY[act], "'meshnode exchanges' shows its state")
    if stage is Stage.DECLINED:
        return Refused("that was declined", "you can ask again with 'meshnode respond'")
    if stage is Stage.CANCELLED:
        return Refused("that was canceled", "you can ask again with 'meshnode respond'")
    if stage is Stage.REQUESTED:
        if not found.asked:
            return Refused("nothing is agreed yet", "answer first with 'meshnode accept' or 'meshnode decline'")
        if act in (Action.ACCEPT, Action.DECLINE):
            return Refused(f"only {name} can answer", "to withdraw your request: meshnode cancel EXCHANGE")
        return Refused("nothing is agreed yet", f"wait for {name}")
    if act is Action.RETURNED:
        if not found.terms.lend:
            return Refused("that was not lent, so nothing can be given back")
        return Refused("it was not handed over yet", "both confirm that with 'meshnode done'")
    if stage not in view.UNFINISHED:
        return Refused("that is completed", "a completed exchange cannot be changed")
    said = f"{name} has already accepted" if found.asked else "you have already accepted"
    return Refused(said, "until both have confirmed, it can be canceled with 'meshnode cancel'")


_ALREADY = {
    Action.ACCEPT: "you have already accepted that",
    Action.DECLINE: "you have already declined that",
    Action.DONE: "you have already confirmed that",
    Action.CANCEL: "you have already canceled that",
    Action.RETURNED: "you have already confirmed that it is back",
}
