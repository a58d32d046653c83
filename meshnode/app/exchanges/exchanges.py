"""Asks, answers, confirms, cancels and talks in exchanges. Only the two people take part, whatever groups they are in.

What each of them may do when is a table of the protocol. This file also says, to a person who tries something else, why
it cannot be done and what can.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app import date
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.exchanges import incoming, moves, stock, view
from meshnode.app.exchanges.changes import compare, terms_in
from meshnode.app.exchanges.moves import ExchangeHistory
from meshnode.app.exchanges.strangers import is_swept
from meshnode.app.exchanges.view import ExchangeView, is_ended_by_block
from meshnode.app.letters import letters
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.view import body_of
from meshnode.app.naming import name_of
from meshnode.app.owner import policy
from meshnode.app.picking import fitting, pick
from meshnode.errors import Field, NotFound, Refused, Unconfirmed, Usage, not_allowed
from meshnode.quoting import first_few, named, quoted
from meshnode.replica.access import Access, access_key
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from meshnode.store import Exchange
from protocol import InvalidField, Kind, PersonId, Quantity, Record, check_quantity, limits, normalize
from protocol.letters import UNFINISHED, Action, Stage, exchange_id

LISTED = 100
LISTED_MAX = 1000
NAMES_LISTED = 3  # of people to whom something is promised already; the rest are counted
NEVER_USED_UP = ("skills", "labor", "knowledge")  # what is taught or done for one person can be for the next


class Request(Struct, frozen=True):
    """The message that comes with a request, and how much is asked for (null: one, if the listing is limited)."""

    message: str = ""
    quantity: Quantity | None = None


class Requested(Struct, frozen=True):
    """The exchange that has begun, and its state. `warning` says in words why the request may not arrive."""

    exchange: str
    state: str
    warning: str | None = None


class MoveOrder(Struct, frozen=True):
    """The move to make (`accept`, `decline`, `done`, `cancel`, `returned` or `say`), and a message with it.

    `anyway` accepts a second request for a gift without a number, which may be enough for one person only. `renew`
    renews the post before an acceptance, if it has ended or ends within a day.
    """

    act: str
    message: str = ""
    anyway: bool = False
    renew: bool = False


class ExchangesQuery(Struct, frozen=True):
    """The largest number of exchanges to list; those that changed last come first."""

    limit: int = LISTED


class ExchangesView(Struct, frozen=True):
    """Your exchanges, those that changed last first. There are `total` in all."""

    exchanges: tuple[ExchangeView, ...]
    total: int


def respond(replica: Replica, catalog: Catalog, which: str, request: Request) -> Requested:
    """Ask for an offer of somebody, or offer what somebody needs.

    Raises NotFound and Ambiguous for the listing, Refused where it is the owner's, has expired or was asked for
    already.
    """
    catch_up(replica)
    record = _listing(replica, catalog, which)
    header, body = record.header, body_of(record)
    unfinished = _unfinished_with(replica, header.author, header.slot)
    if unfinished is not None:
        return _ask_again(replica, unfinished)
    terms = terms_in(
        body,
        nonce=replica.entropy(limits.NONCE_BYTES),
        slot=header.slot,
        quantity=_quantity(request.quantity, body.quantity),
    )
    _check_room(replica, header.author)
    exchange = exchange_id(replica.me, header.author, terms)
    asked = _requested(moves.ask(replica, header.author, exchange, terms, normalize(request.message)))
    return replace(asked, warning=date.warning(replica, replica.clock.now() + limits.LETTER_LIFE))


def move(replica: Replica, which: str, order: MoveOrder) -> ExchangeView:
    """Make a move in the exchange that `which` means; a move that was lost on the way is sent again.

    Raises Usage for an unknown move, NotFound and Ambiguous for the exchange, Refused where the move cannot be made
    now, and Unconfirmed where the same gift is promised to somebody already and the order does not say `anyway`.
    """
    act = next((act for act in Action if act.word == order.act and act is not Action.ASK), None)
    if act is None:
        possible = ", ".join(act.word for act in Action if act is not Action.ASK)
        raise Usage(
            "{act} is not a step of an exchange", "use one of {possible}", act=repr(order.act), possible=possible
        )
    catch_up(replica)
    found = view.find(replica, which, act)
    if is_ended_by_block(replica, found.exchange):
        raise policy.blocked(found.exchange.name)
    repeated = found.said(act, mine=True)
    if repeated is not None and act is not Action.SAY and repeated in moves.lost(replica, found):
        moves.send_again(replica, found.exchange, repeated)
    else:
        _make(replica, found, act, order)
    stock.follow_up(replica)
    return one(replica, found.exchange.id.hex())


def exchanges(replica: Replica, query: ExchangesQuery) -> Steps[ExchangesView]:
    """List the owner's exchanges, finished ones too; those that changed last come first."""
    if not 1 <= query.limit <= LISTED_MAX:
        raise Usage("limit goes from 1 to {listed_max}", field=Field.LIMIT, listed_max=LISTED_MAX)
    catch_up(replica)
    yield
    kept = [one for one in replica.store.exchanges.all_shown() if not is_swept(replica, one)]
    listed = yield from view.views(replica, kept[: query.limit])
    return ExchangesView(listed, len(kept))


def one(replica: Replica, which: str) -> ExchangeView:
    """Return the exchange that `which` means, with all its messages."""
    catch_up(replica)
    return view.view(replica, view.find(replica, which), messages=None)


def catch_up(replica: Replica) -> None:
    """Take in what came by letter, and do what needs no decision of the owner."""
    incoming.open_letters(replica)
    stock.follow_up(replica)


# --- asking ----------------------------------------------------------------------------------------------------------


def _listing(replica: Replica, catalog: Catalog, which: str) -> Record:
    """Return the listing of somebody else that `which` means."""
    candidates = listings.candidates(replica, catalog, which, own_only=False)
    found = pick(which, [one for one in candidates if one.item.header.author != replica.me], noun="post")
    if found is not None:
        return found
    if candidates:
        raise Refused("this is your own post", "only other people can respond to it")
    _refuse_expired(replica, which)
    raise NotFound("no post is called {which}", "'meshnode discover' lists what you can see", which=repr(which))


def _refuse_expired(replica: Replica, which: str) -> None:
    """Raise Refused where `which` means a listing that the owner may see and that is still held but has expired."""
    now = replica.clock.ended_by()
    rows = replica.store.records.rows(kinds=(Kind.LISTING,))
    expired = [row for row in rows if row.expires <= now and row.author != replica.me and row.complete]
    visible = [row.id for row in expired if replica.access.decide(replica.me, access_key(row)) is Access.ALLOW]
    held = [record for record in replica.store.records.get_many(visible) if record.body]
    if fitting(which, [listings.candidate(replica, record) for record in held]):
        raise Refused("that post has expired", "ask its author for a new one")


def _unfinished_with(replica: Replica, owner: PersonId, slot: bytes) -> Exchange | None:
    """Return the exchange about this listing that the owner has begun already and that is not over."""
    for exchange in replica.store.exchanges.all_shown():
        about_it = exchange.asked and (exchange.other, exchange.slot) == (owner, slot)
        if about_it and exchange.stage in UNFINISHED and not view.ran_out(replica, exchange):
            return exchange
    return None


def _ask_again(replica: Replica, exchange: Exchange) -> Requested:
    """Send a request again that was lost on the way. Raises Refused where it was not lost."""
    found = moves.history(replica, exchange)
    asked = found.said(Action.ASK, mine=True)
    if asked is None or asked not in moves.lost(replica, found):
        raise Refused("you have already asked for that", "'meshnode exchanges' shows its state")
    moves.send_again(replica, exchange, asked)
    return _requested(exchange)


def _quantity(wanted: Quantity | None, there: Quantity | None) -> Quantity | None:
    try:
        if wanted is not None:
            check_quantity("quantity", wanted)
    except InvalidField as error:
        raise not_allowed(error) from error
    if there is None:
        return wanted
    if wanted is not None and wanted > there:
        raise Refused("only {there} left", "ask for less", there=there)
    return wanted or min(1, there)


def _check_room(replica: Replica, owner: PersonId) -> None:
    kept = replica.store.exchanges
    if kept.count_requests(owner, replica.clock.now(), asked=True) >= limits.EXCHANGES_ASKED_MAX:
        raise Refused(
            "{most} of your requests are already waiting for {name}",
            "wait for an answer, or cancel one: meshnode cancel EXCHANGE",
            most=limits.EXCHANGES_ASKED_MAX,
            name=named(name_of(replica, owner)),
        )
    letters.check_can_write(replica, owner)
    if not moves.has_room_with(replica, owner):
        raise Refused(
            "you have too many exchanges with {name}",
            "cancel one that is not finished: meshnode cancel EXCHANGE",
            name=named(name_of(replica, owner)),
        )


def _requested(exchange: Exchange) -> Requested:
    return Requested(exchange.id.hex(), exchange.stage.word)


# --- answering and going on --------------------------------------------------------------------------------------------


def _make(replica: Replica, found: ExchangeHistory, act: Action, order: MoveOrder) -> None:
    exchange = found.exchange
    if not found.may(act):
        raise _why_not(found, act)
    if act is Action.SAY:
        kept = replica.store.exchanges.count_moves(exchange, mine=True, act=act)
        if kept >= limits.MESSAGES_MAX:
            raise Refused(
                "you have sent {most} messages in this exchange",
                "meet in person, or begin another exchange",
                most=limits.MESSAGES_MAX,
            )
    terms = None
    if act is Action.ACCEPT:
        _check_enough(replica, found, anyway=order.anyway)
        if order.renew:
            lifecycle.renew_ending(replica, found.terms.slot)
        terms = compare(replica, found).terms
    moves.make(replica, exchange, act, text=normalize(order.message), terms=terms)


def _check_enough(replica: Replica, found: ExchangeHistory, *, anyway: bool) -> None:
    """Raise Refused where less is left than was asked for, and Unconfirmed where a gift may be promised twice."""
    exchange, terms = found.exchange, found.terms
    there = stock.quantity_left(replica, terms.slot)
    if there is not None:
        if there < (1 if terms.quantity is None else terms.quantity):
            raise Refused(
                "only {count} left of {title}",
                "decline it with 'meshnode decline'",
                count=max(there, 0),
                title=quoted(exchange.title),
            )
        return
    if anyway or terms.type != "offer" or terms.category in NEVER_USED_UP:
        return
    names = list(dict.fromkeys(named(view.name_in(replica, one)) for one in stock.promised_to(replica, exchange)))
    if names:
        raise Unconfirmed(
            "{title} is promised to {names_listed} already",
            "if there is enough for both: meshnode accept EXCHANGE --yes",
            title=quoted(exchange.title),
            names_listed=first_few(names, NAMES_LISTED),
        )


def _why_not(found: ExchangeHistory, act: Action) -> Refused:
    """Return the error that says why this move cannot be made now, and what can."""
    name, stage = named(found.exchange.name), found.exchange.stage
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
            return Refused("only {name} can answer", "to withdraw your request: meshnode cancel EXCHANGE", name=name)
        return Refused("nothing is agreed yet", "wait for {name}", name=name)
    if act is Action.RETURNED:
        if not found.terms.lend:
            return Refused("that was not lent, so nothing has to be given back")
        return Refused("it was not handed over yet", "both of you confirm that first with 'meshnode done'")
    if stage not in UNFINISHED:
        return Refused("that is completed", "a completed exchange cannot be changed")
    accepted = f"{name} has already accepted" if found.asked else "you have already accepted"
    return Refused(accepted, "until both of you have confirmed, 'meshnode cancel' cancels it")


_ALREADY = {
    Action.ACCEPT: "you have already accepted that",
    Action.DECLINE: "you have already declined that",
    Action.DONE: "you have already confirmed that",
    Action.CANCEL: "you have already canceled that",
    Action.RETURNED: "you have already confirmed that it is back",
}
