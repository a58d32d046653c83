"""Shows exchanges to the owner, says which of them wait for something, and finds the one that is meant."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.catalog.ids import listing_id
from meshnode.app.exchanges.changes import compare
from meshnode.app.exchanges.moves import ExchangeHistory, history
from meshnode.app.exchanges.moves import lost as lost_moves
from meshnode.app.exchanges.strangers import is_swept
from meshnode.app.letters import letters
from meshnode.app.letters.inbox import is_connected
from meshnode.app.naming import PersonRef, called, name_of
from meshnode.app.owner import policy
from meshnode.app.picking import Candidate, near, pick
from meshnode.app.words import searchable
from meshnode.errors import NotFound
from meshnode.quoting import named, quoted
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from meshnode.store import Exchange, KeptMove
from protocol import PersonId, Quantity, limits, person_text
from protocol.letters import LENT_OUT, UNFINISHED, Action, Stage

ENDED, UNANSWERED = "ended", "unanswered"
DUE, OVERDUE = "due", "overdue"
DUE_SOON = limits.DAY  # before a lent thing is to be back both are reminded
TWICE = "twice"
MESSAGES_LISTED = 5  # of each exchange in a list; one exchange alone is shown with all of them
STEP_VIEWED = 10  # exchanges of one step, some 10 ms
_REFUSED = (Stage.DECLINED, Stage.CANCELLED)
NEWS_SECONDS = 7 * limits.DAY  # how long the inbox shows an answer after which there is nothing left to do


class ListingRef(Struct, frozen=True):
    """The listing of an exchange as it was when it was asked for; it may be gone by now."""

    id: str
    type: str
    title: str
    category: str


class MessageView(Struct, frozen=True):
    """A move and the message that came with it.

    `act` is `ask`, `accept`, `decline`, `done`, `cancel`, `returned` or `say`; `at` is when, by the clock of its maker.
    `delivery`, of your own moves, is `under way`, `delivered`, `expired` (not fetched in time) or null (no longer
    known).
    """

    yours: bool
    act: str
    text: str
    at: int
    delivery: str | None


class ExchangeView(Struct, frozen=True):
    """An exchange of yours.

    `state` is `requested`, `unanswered`, `agreed`, `completed`, `returned`, `declined`, `cancelled` or `ended`.
    `unanswered` says that the post expired before its owner answered, who can do so still. `ended` says that you block
    the other person. `listing_ends` is when the post expires, as far as it is known and while it is not answered.
    `return_state` is `due` in the day before a lent thing is to be back and `overdue` after that, until one of you says
    that it is back; else it is empty. `asked` says that you asked, `gives` that you are the giver; `done` and `other_done` who has
    confirmed the handover, `back` and `other_back` who has confirmed the return of a lent thing. `reason` is `gone` or
    `changed` if a node declined by itself, and `twice` if the owner had promised it to somebody else on another device,
    else empty. `differs` says what of the post has changed since it was asked for: `title`, `text`, `category`, `unit`,
    `lending`, `dates`, or `quantity` (less is left than was asked for); `title_now` is its title by now. `next` are the moves that you can make now. `undelivered` are
    moves of yours that were lost on the way: making any move sends them again. `connected` is false if nothing but this
    exchange connects you and the other person any longer. `is_cross_community` is null while it is
    unknown, or when a side has no community.
    """

    exchange: str
    state: str
    listing: ListingRef
    with_: PersonRef
    connected: bool
    is_cross_community: bool | None
    asked: bool
    gives: bool
    quantity: Quantity | None
    unit: str
    lend: bool
    return_by: int | None
    return_state: str
    listing_ends: int | None
    done: bool
    other_done: bool
    back: bool
    other_back: bool
    reason: str
    differs: tuple[str, ...]
    title_now: str
    next: tuple[str, ...]
    undelivered: tuple[str, ...]
    messages: tuple[MessageView, ...]
    began: int
    changed: int


def view(replica: Replica, found: ExchangeHistory, *, messages: int | None = MESSAGES_LISTED) -> ExchangeView:
    """Return how the owner sees an exchange, with its latest `messages` moves, or all."""
    exchange, terms = found.exchange, found.terms
    shown = found.moves if messages is None else found.moves[-messages:]
    listed = tuple(_message(replica, kept) for kept in shown)
    blocked = is_ended_by_block(replica, exchange)
    refusal = found.said(Action.CANCEL if exchange.stage is Stage.CANCELLED else Action.DECLINE, mine=not found.asked)
    compared = compare(replica, found)
    return ExchangeView(
        exchange=exchange.id.hex(),
        state=ENDED if blocked else UNANSWERED if ran_out(replica, exchange) else exchange.stage.word,
        listing=_listing(replica, found),
        with_=other_person(replica, exchange),
        connected=is_connected(replica, exchange.other),
        is_cross_community=found.is_cross_community,
        asked=found.asked,
        gives=found.gives,
        quantity=terms.quantity,
        unit=terms.unit,
        lend=terms.lend,
        return_by=terms.return_by,
        return_state=return_state(replica, found),
        listing_ends=exchange.listing_ends if exchange.stage is Stage.REQUESTED else None,
        done=found.said(Action.DONE, mine=True) is not None,
        other_done=found.said(Action.DONE, mine=False) is not None,
        back=found.said(Action.RETURNED, mine=True) is not None,
        other_back=found.said(Action.RETURNED, mine=False) is not None,
        reason=refusal.move.reason if refusal is not None and exchange.stage in _REFUSED else "",
        differs=compared.words,
        title_now=exchange.title if compared.terms is None else compared.terms.title,
        next=() if blocked else tuple(act.word for act in Action if found.may(act)),
        undelivered=() if blocked else _undelivered(replica, found),
        messages=listed,
        began=exchange.began,
        changed=exchange.changed,
    )


def views(
    replica: Replica, exchanges: Iterable[Exchange], *, messages: int | None = MESSAGES_LISTED
) -> Steps[tuple[ExchangeView, ...]]:
    """Return how the owner sees these exchanges, a few in each step, each as it is in its step.

    One that is forgotten meanwhile is left out.
    """
    seen = []
    for number, each in enumerate(exchanges):
        if number % STEP_VIEWED == STEP_VIEWED - 1:
            yield
        exchange = replica.store.exchanges.find(each.other, each.id)
        if exchange is not None and exchange.shown:
            seen.append(view(replica, history(replica, exchange), messages=messages))
    return tuple(seen)


def is_ended_by_block(replica: Replica, exchange: Exchange) -> bool:
    """Whether the owner blocks the other person of an unfinished exchange, so that it cannot go on."""
    return exchange.stage in UNFINISHED and policy.blocks(replica, exchange.other)


def ran_out(replica: Replica, exchange: Exchange) -> bool:
    """Whether the listing expired before its owner answered, as far as the clock can be trusted."""
    ends = exchange.listing_ends
    if exchange.stage is not Stage.REQUESTED or ends is None or not replica.clock.trusted:
        return False
    return ends <= replica.clock.now()


def return_state(replica: Replica, found: ExchangeHistory) -> str:
    """Return DUE or OVERDUE for a thing that was handed over and that nobody has said to be back; else nothing.

    One side's word that it was handed over is enough: the other may have forgotten to confirm.
    """
    back = found.terms.return_by
    handed_over = found.exchange.stage in (Stage.GIVEN, Stage.RECEIVED, Stage.COMPLETED)
    if not found.terms.lend or back is None or not handed_over or not replica.clock.trusted:
        return ""
    if replica.clock.now() > back:
        return OVERDUE
    return DUE if replica.clock.now() > back - DUE_SOON else ""


def waiting(replica: Replica) -> list[ExchangeHistory]:
    """Return the exchanges in which the owner can do something now, or has lately got an answer."""
    recent = replica.clock.now() - NEWS_SECONDS
    pool = [one for one in replica.store.exchanges.all_shown() if not is_swept(replica, one)]
    maybe = (one for one in pool if one.changed > recent or one.stage in UNFINISHED or _is_lent(one))
    return [found for found in histories(replica, maybe) if _waits(replica, found, recent)]


def _waits(replica: Replica, found: ExchangeHistory, recent: int) -> bool:
    if is_ended_by_block(replica, found.exchange):
        return False
    if ran_out(replica, found.exchange):
        return (found.exchange.listing_ends or 0) > recent
    if return_state(replica, found):
        return True
    acts = [Action.ACCEPT, Action.DONE, *([Action.RETURNED] if _is_lent(found.exchange) else [])]
    if any(found.may(act) for act in acts):
        return True
    last = found.moves[-1]
    # A node cancels by itself what two devices of its owner had promised to two people: the owner has to hear of it.
    return found.exchange.changed > recent and (not last.mine or last.move.reason == TWICE)


def _is_lent(exchange: Exchange) -> bool:
    """Whether the thing was handed over and is not back yet."""
    return exchange.lend and exchange.stage in LENT_OUT


# --- which one is meant ----------------------------------------------------------------------------------------------


def find(replica: Replica, text: str, act: Action | None = None) -> ExchangeHistory:
    """Return the exchange that `text` means: by its id, or by the title of its listing.

    Exchanges in which `act` can be made now go before others. Raises NotFound, and Usage and Ambiguous as
    `picking.pick` does: a move that ends an exchange is destructive.
    """
    everything = (_candidate(replica, exchange) for exchange in replica.store.exchanges.all_shown())
    candidates = [_preferred(replica, one, act) for one in near(text, everything)]
    destructive = act in (Action.CANCEL, Action.DECLINE)
    if destructive:
        candidates = [one for one in candidates if one.preferred] or candidates
    found = pick(text, candidates, noun="exchange", destructive=destructive)
    if found is None:
        raise NotFound("no exchange of yours is called {text}", "'meshnode exchanges' lists them", text=repr(text))
    return history(replica, found)


def _candidate(replica: Replica, exchange: Exchange) -> Candidate[Exchange]:
    id_ = exchange.id.hex()

    def label() -> str:
        return f"{quoted(exchange.title)} ({id_[:8]}, with {named(other_person(replica, exchange).name)}, {exchange.stage.word})"

    return Candidate(exchange, id_, exchange.title, label, more=searchable(other_person(replica, exchange).name))


def _preferred(replica: Replica, candidate: Candidate[Exchange], act: Action | None) -> Candidate[Exchange]:
    """Return `candidate`, marked if `act` can be made in it now."""
    exchange = candidate.item
    if act is None or is_ended_by_block(replica, exchange):
        return candidate
    return replace(candidate, preferred=history(replica, exchange).may(act))


# --- inside ----------------------------------------------------------------------------------------------------------


def name_in(replica: Replica, exchange: Exchange) -> str:
    """Return the name of the other person of an exchange."""
    return other_person(replica, exchange).name


def other_person(replica: Replica, exchange: Exchange) -> PersonRef:
    """Return the other person, by the name last known if they cannot be seen any longer."""
    seen = replica.trust_state.profile(exchange.other) is not None
    name = name_of(replica, exchange.other) if seen else called(replica, exchange.other, exchange.name)
    return PersonRef(person_text(exchange.other), name)


def _listing(replica: Replica, found: ExchangeHistory) -> ListingRef:
    exchange = found.exchange
    owner: PersonId = exchange.other if found.asked else replica.me
    return ListingRef(listing_id(owner, found.terms.slot), found.terms.type, exchange.title, exchange.category)


def _undelivered(replica: Replica, found: ExchangeHistory) -> tuple[str, ...]:
    """Return the owner's moves that the other person has never received.

    If they never received the request, they need not hear that it was cancelled.
    """
    lost = {kept.move.action for kept in lost_moves(replica, found)}
    if Action.ASK in lost and found.exchange.stage is Stage.CANCELLED:
        return ()
    return tuple(act.word for act in Action if act in lost)


def _message(replica: Replica, kept: KeptMove) -> MessageView:
    move = kept.move
    return MessageView(kept.mine, move.action.word, move.text, move.at, _delivery(replica, kept))


def _delivery(replica: Replica, kept: KeptMove) -> str | None:
    if not kept.mine or kept.letter is None:
        return None
    found = letters.delivery(replica, kept.letter)
    return None if found is None else found.value


def histories(replica: Replica, exchanges: Iterable[Exchange]) -> list[ExchangeHistory]:
    """Return these exchanges with all their moves, in their order."""
    return [history(replica, exchange) for exchange in exchanges]
