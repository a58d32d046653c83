"""How exchanges are shown to the one who takes part in them, what they wait for, and which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshnode.app.catalog.catalog import listing_id, searchable
from meshnode.app.exchanges.moves import ExchangeState, exchange_state
from meshnode.app.exchanges.moves import lost as lost_moves
from meshnode.app.letters import letters
from meshnode.app.naming import ID_PREFIX_MIN, PersonRef, ambiguous, name_of
from meshnode.app.owner import policy
from meshnode.errors import NotFound, Usage
from meshnode.replica.replica import Replica
from meshnode.store import Exchange, KeptMove
from protocol import PersonId, limits, person_text
from protocol.letters import Action, Stage

ENDED = "ended"
UNFINISHED = frozenset({Stage.REQUESTED, Stage.AGREED, Stage.GIVEN, Stage.RECEIVED})
MESSAGES_LISTED = 5  # of each exchange in a list; all of them where one exchange is asked for
NEWS = 7 * limits.DAY  # for so long the inbox shows an answer after which there is nothing more to do
_ID_LENGTH = 2 * limits.EXCHANGE_ID_BYTES


@dataclass(frozen=True, slots=True)
class ListingRef:
    """The listing that an exchange is about, as it was when it was asked for; it may be gone by now."""

    id: str
    type: str
    title: str
    category: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """A move and the words that came with it.

    `act` is `ask`, `accept`, `decline`, `done`, `cancel`, `returned` or `say`; `at` is when, by the clock of who made it.
    `delivery`, of your own, is `under way`, `delivered`, `expired` (nobody fetched it in time) or null (not known any more).
    """

    yours: bool
    act: str
    text: str
    at: int
    delivery: str | None


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """An exchange of yours. `state` is `requested`, `agreed`, `completed`, `returned`, `declined`, `cancelled` or `ended`.

    `ended` says that you block the other. `asked` says that you asked, `gives` that you are the giver; `done` and
    `other_done` who has confirmed, `back` and `other_back` who has said that what was lent is back. `reason` of a refusal
    is `gone` or `changed` where a node declined by itself, else empty. `next` are the moves that you can make now,
    `undelivered` those of yours that got lost on the way: making one of them again, or any other, sends them again.
    `is_cross_community` is null while unknown, or when a side has no community.
    """

    exchange: str
    state: str
    listing: ListingRef
    with_: PersonRef
    is_cross_community: bool | None
    asked: bool
    gives: bool
    quantity: int | None
    unit: str
    lend: bool
    return_by: int | None
    done: bool
    other_done: bool
    back: bool
    other_back: bool
    reason: str
    next: tuple[str, ...]
    undelivered: tuple[str, ...]
    messages: tuple[MessageView, ...]
    began: int
    changed: int


def view(replica: Replica, found: ExchangeState, *, messages: int | None = MESSAGES_LISTED) -> ExchangeView:
    """How the owner of this node sees an exchange; with its latest `messages` moves, or all."""
    exchange, terms = found.exchange, found.terms
    shown = found.moves if messages is None else found.moves[-messages:]
    told = tuple(_message(replica, kept) for kept in shown)
    over = is_over_by_block(replica, exchange)
    refusal = found.said(Action.DECLINE, mine=not found.asked)
    return ExchangeView(
        exchange=exchange.id.hex(),
        state=ENDED if over else exchange.stage.word,
        listing=_listing(replica, found),
        with_=_with(replica, exchange),
        is_cross_community=found.is_cross_community,
        asked=found.asked,
        gives=found.gives,
        quantity=terms.quantity,
        unit=terms.unit,
        lend=terms.lend,
        return_by=terms.return_by,
        done=found.said(Action.DONE, mine=True) is not None,
        other_done=found.said(Action.DONE, mine=False) is not None,
        back=found.said(Action.RETURNED, mine=True) is not None,
        other_back=found.said(Action.RETURNED, mine=False) is not None,
        reason=refusal.move.reason if refusal is not None and exchange.stage is Stage.DECLINED else "",
        next=() if over else tuple(act.word for act in Action if found.may(act)),
        undelivered=() if over else _undelivered(replica, found),
        messages=told,
        began=exchange.began,
        changed=exchange.changed,
    )


def is_over_by_block(replica: Replica, exchange: Exchange) -> bool:
    """Whether its owner blocks the other, so that nothing can come of it any more."""
    return exchange.stage in UNFINISHED and policy.blocks(replica, exchange.other)


def waiting(replica: Replica) -> list[ExchangeState]:
    """Those in which the owner is to do something, or has lately been told something that he has not answered."""
    recent = replica.clock.now() - NEWS
    pool = replica.store.exchanges.all_shown()
    maybe = (one for one in pool if one.changed > recent or one.stage in UNFINISHED or _is_lent(one))
    return [found for found in courses(replica, maybe) if _waits(replica, found, recent)]


def _waits(replica: Replica, found: ExchangeState, recent: int) -> bool:
    if is_over_by_block(replica, found.exchange):
        return False
    acts = [Action.ACCEPT, Action.DONE, *([Action.RETURNED] if _is_lent(found.exchange) else [])]
    if any(found.may(act) for act in acts):
        return True
    return found.exchange.changed > recent and not found.moves[-1].mine


def _is_lent(exchange: Exchange) -> bool:
    """Whether it was handed over and is not back yet."""
    return exchange.lend and exchange.stage in (Stage.COMPLETED, Stage.GIVEN_BACK)


# --- which one is meant ----------------------------------------------------------------------------------------------


def find(replica: Replica, text: str, act: Action | None = None) -> ExchangeState:
    """The one exchange whose id, or whose listing's title, begins with `text`.

    Of several of one title the one in which `act` can be made is meant. NotFound and Ambiguous as for people.
    """
    wanted = text.strip().casefold()
    if not wanted:
        raise Usage("say which exchange", "its id, its listing's title, or the beginning of either")
    matches = _matching(replica.store.exchanges.all_shown(), wanted)
    if not matches:
        raise NotFound(f"no exchange of yours is called {text!r}", "'meshnode exchanges' lists them")
    found = [exchange_state(replica, exchange) for exchange in matches]
    if len(found) > 1 and act is not None:
        able = (one for one in found if one.may(act) and not is_over_by_block(replica, one.exchange))
        found = list(able) or found
    if len(found) > 1:
        raise ambiguous(text, [_described(replica, one.exchange) for one in found])
    return found[0]


def _matching(pool: list[Exchange], wanted: str) -> list[Exchange]:
    title = searchable(wanted)
    as_id = len(wanted) >= ID_PREFIX_MIN
    return (
        [one for one in pool if len(wanted) == _ID_LENGTH and one.id.hex() == wanted]
        or [one for one in pool if title and searchable(one.title) == title]
        or [
            one
            for one in pool
            if (title and searchable(one.title).startswith(title)) or (as_id and one.id.hex().startswith(wanted))
        ]
    )


def _described(replica: Replica, exchange: Exchange) -> str:
    return f"{exchange.title} ({exchange.id.hex()[:8]}, with {_with(replica, exchange).name}, {exchange.stage.word})"


# --- inside ----------------------------------------------------------------------------------------------------------


def _with(replica: Replica, exchange: Exchange) -> PersonRef:
    """The other, by the name he was last known by where he cannot be seen any more."""
    seen = replica.trust_state.profile(exchange.other) is not None
    name = name_of(replica, exchange.other) if seen else exchange.name
    return PersonRef(person_text(exchange.other), name)


def _listing(replica: Replica, found: ExchangeState) -> ListingRef:
    exchange = found.exchange
    owner: PersonId = exchange.other if found.asked else replica.me
    return ListingRef(listing_id(owner, found.terms.slot), found.terms.type, exchange.title, exchange.category)


def _undelivered(replica: Replica, found: ExchangeState) -> tuple[str, ...]:
    """The acts of one's own that the other has never heard of. Who never heard the ask need not hear that it is off."""
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


def courses(replica: Replica, exchanges: Iterable[Exchange]) -> list[ExchangeState]:
    """All there is of these exchanges, in their order."""
    return [exchange_state(replica, exchange) for exchange in exchanges]
