"""Makes the owner's moves in exchanges, and takes in those of others.

A move of the owner is kept in the same transaction as the letter that brings it to the other person and to the owner's
other devices. A request counts only while the person who asks may see the listing; if not, they are told nothing. There
are limits to all that others send: see `_has_room`.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.exchanges import strangers
from meshnode.app.letters import letters, receipts
from meshnode.app.letters.delivery import Delivery
from meshnode.app.listings.view import body_of
from meshnode.app.naming import public_name, remember_name
from meshnode.errors import not_allowed
from meshnode.replica.access import Access, access_key
from meshnode.replica.replica import Replica
from meshnode.store import Exchange, KeptMove
from protocol import GroupKind, InvalidField, Kind, PersonId, limits
from protocol.letters import (
    Action,
    AuthoredMove,
    Move,
    OpenedLetter,
    Stage,
    Terms,
    check_ask,
    community_tags,
    held_by,
    is_cross_community,
    stage_after,
    stage_of,
    terms_of,
)

_KEPT_MAX = {Action.SAY: limits.MESSAGES_MAX}


class ExchangeHistory(Struct, frozen=True):
    """One exchange with all its moves; one of them is the request."""

    exchange: Exchange
    moves: tuple[KeptMove, ...]

    @property
    def asked(self) -> bool:
        """Whether the owner of this node is the one who asked."""
        return bool(self.exchange.asked)

    @property
    def terms(self) -> Terms:
        """The terms of the request."""
        found = terms_of(self.authored)
        assert found is not None, "what is shown has an ask"
        return found

    @property
    def gives(self) -> bool:
        """Whether the owner of this node is the giver."""
        return self.asked == (self.terms.type == "need")

    @property
    def is_cross_community(self) -> bool | None:
        """Whether the two have no community in common; None if that is unknown."""
        return is_cross_community(self.authored)

    def may(self, act: Action) -> bool:
        """Whether the owner of this node may make this move now."""
        return stage_after(self.exchange.stage, act, self.terms, asker=self.asked) is not None

    def said(self, act: Action, *, mine: bool) -> KeptMove | None:
        """Return the first move of this kind that the owner (`mine`) or the other person has made."""
        return next((kept for kept in self.moves if kept.move.action is act and kept.mine == mine), None)

    @property
    def authored(self) -> list[AuthoredMove]:
        """The moves, each with whether the asker made it."""
        return _authored(self.exchange.asked, self.moves)


def history(replica: Replica, exchange: Exchange) -> ExchangeHistory:
    """Return an exchange with all its moves."""
    return ExchangeHistory(exchange, tuple(replica.store.exchanges.moves(exchange)))


def _authored(asked: bool | None, moves: tuple[KeptMove, ...]) -> list[AuthoredMove]:
    return [AuthoredMove(kept.mine == asked, kept.move) for kept in moves]


# --- the owner's moves -------------------------------------------------------------------------------------------------


def ask(replica: Replica, owner: PersonId, exchange: bytes, terms: Terms, text: str) -> Exchange:
    """Ask the author of a listing for what `terms` say. Raises Usage or Refused if that cannot be said or sent."""
    move = _move(replica, exchange, Action.ASK, text=text, terms=terms, communities=_communities(replica, exchange))
    slot = letters.new_slot(replica)
    with replica.transaction():
        started = replica.store.exchanges.begin(owner, exchange, public_name(replica, owner), replica.clock.now())
        letters.send(replica, owner, move, slot=slot)
        _keep(replica, started, move, mine=True, letter=slot)
    return _again(replica, owner, exchange)


def make(
    replica: Replica, exchange: Exchange, act: Action, *, text: str = "", reason: str = "", terms: Terms | None = None
) -> Exchange:
    """Make a move that the table allows; moves that were lost on the way before are sent again with it.

    An acceptance has `terms` if the listing says something else by now than when it was asked for. Raises Usage or
    Refused if it cannot be said or sent.
    """
    is_acceptance = act is Action.ACCEPT
    communities = _communities(replica, exchange.id) if is_acceptance else ()
    move = _move(replica, exchange.id, act, text=text, terms=terms, communities=communities, reason=reason)
    for kept in lost(replica, history(replica, exchange)):
        send_again(replica, exchange, kept)
    slot = letters.new_slot(replica)
    with replica.transaction():
        letters.send(replica, exchange.other, move, slot=slot)
        accepted_here = exchange.accepted_here or is_acceptance
        _keep(replica, exchange._replace(accepted_here=accepted_here), move, mine=True, letter=slot)
    return _again(replica, exchange.other, exchange.id)


def make_last(replica: Replica, exchange: Exchange, act: Action) -> bytes:
    """End an exchange with somebody whom the owner blocks, or is about to; return the slot of the last letter to them.

    Raises Refused where it cannot be sent.
    """
    move, slot = _move(replica, exchange.id, act, text=""), letters.new_slot(replica)
    with replica.transaction():
        letters.send(replica, exchange.other, move, slot=slot, is_last=True)
        _keep(replica, exchange, move, mine=True, letter=slot)
    return slot


def lost(replica: Replica, found: ExchangeHistory) -> list[KeptMove]:
    """Return the owner's moves whose letters expired before they were fetched."""
    own = (kept for kept in found.moves if kept.mine and kept.letter is not None)
    return [kept for kept in own if letters.delivery(replica, kept.letter or b"") is Delivery.EXPIRED]


def send_again(replica: Replica, exchange: Exchange, kept: KeptMove) -> None:
    """Send a move again in a new letter. Where it came before it changes nothing."""
    slot = letters.new_slot(replica)
    with replica.transaction():
        letters.send(replica, exchange.other, kept.move, slot=slot)
        now = replica.clock.now()
        replica.store.exchanges.add_move(exchange, kept.move, mine=True, arrived=now, letter=slot)


def _move(
    replica: Replica,
    exchange: bytes,
    act: Action,
    *,
    text: str,
    terms: Terms | None = None,
    communities: tuple[bytes, ...] = (),
    reason: str = "",
) -> Move:
    try:
        return Move(exchange, act, replica.clock.now(), text, terms, communities, reason)
    except InvalidField as error:
        raise not_allowed(error) from error


def _communities(replica: Replica, exchange: bytes) -> tuple[bytes, ...]:
    """Return the owner's communities, for statistics only, in a form that only their members recognize."""
    groups = replica.trust_state.groups.groups_of(replica.me).values()
    own = sorted(group.id for group in groups if group.kind == GroupKind.COMMUNITY)
    return community_tags(exchange, own[: limits.GROUPS_MAX])


def _again(replica: Replica, other: PersonId, exchange: bytes) -> Exchange:
    found = replica.store.exchanges.find(other, exchange)
    assert found is not None, "it was kept with its letter"
    return found


# --- moves of others, and of the owner's other devices -----------------------------------------------------------------


def receive(replica: Replica, opened: OpenedLetter, *, handed: int | None = None) -> bool:
    """Let a letter with a move take effect; return whether the owner can see it.

    `handed` is the time when it came to another device of the owner, which hands it over and has shown it. Raises RemoteError if a request does not belong to its exchange.
    """
    move = opened.content
    assert isinstance(move, Move)
    mine = opened.author == replica.me
    other = opened.addressee if mine else opened.author
    if other == replica.me:
        return False
    if move.action is Action.ASK:
        check_ask(move, asker=opened.author, owner=opened.addressee)
    visible = mine or handed is not None or (move.terms is not None and may_see(replica, other, move.terms.slot))
    known = replica.store.exchanges.find(other, move.exchange)
    if not mine and not _has_room(replica, other, known, move, visible=visible):
        return False
    if known is None:
        began = replica.clock.now() if handed is None else handed
        known = replica.store.exchanges.begin(other, move.exchange, public_name(replica, other), began)
    _keep(replica, known, move, mine=mine, letter=opened.slot, visible=visible, handed=handed)
    return _again(replica, other, move.exchange).shown


def may_see(replica: Replica, asker: PersonId, slot: bytes) -> bool:
    """Whether `asker` may see the owner's listing in `slot`, even if it has expired or was closed, by the one rule."""
    newest = replica.store.records.newest((replica.me, Kind.LISTING, slot))
    rows = replica.store.records.rows_of([newest.id]) if newest is not None else []
    return any(replica.access.decide(asker, access_key(row)) is Access.ALLOW for row in rows)


def reconsider_asks(replica: Replica) -> None:
    """Show requests of people who may see the listing by now: when they came, a policy or a certificate was missing."""
    for waiting in replica.store.exchanges.unheard_asks():
        if waiting.slot is not None and may_see(replica, waiting.other, waiting.slot):
            with replica.transaction():
                if _has_room_for_ask(replica, waiting.other):
                    replica.store.exchanges.keep(waiting._replace(shown=True, changed=replica.clock.now()))
                    for kept in replica.store.exchanges.moves(waiting):
                        if not kept.mine and kept.letter is not None:
                            receipts.note_seen(replica, waiting.other, kept.letter)
                    replica.ingest.exchanges_changed()


def _has_room(replica: Replica, other: PersonId, known: Exchange | None, move: Move, *, visible: bool) -> bool:
    """Whether one more move of `other` may be kept."""
    kept = replica.store.exchanges
    if known is not None:
        act = move.action if move.action in _KEPT_MAX else None
        most = _KEPT_MAX.get(move.action, limits.MOVES_MAX)
        if kept.count_moves(known, mine=False, act=act) >= most:
            return False
    if visible:
        return (known is not None and known.shown) or _has_room_for_ask(replica, other)
    of_one, of_all = kept.count_unheard(other), kept.count_unheard()
    return known is not None or (of_one < limits.EXCHANGES_UNHEARD_ONE_MAX and of_all < limits.EXCHANGES_UNHEARD_MAX)


def _has_room_for_ask(replica: Replica, other: PersonId) -> bool:
    kept = replica.store.exchanges
    if kept.count_requests(other, replica.clock.now(), asked=False) >= limits.EXCHANGES_ASKED_MAX:
        return False
    if not strangers.make_room(replica, other) or not has_room_with(replica, other):
        return False
    if kept.count() < limits.EXCHANGES_MAX or kept.forget_oldest():
        return True
    # Only people whom the owner vouches for exceed the limit, so that Sybils cannot crowd them out.
    return replica.trust_state.graph.weight(replica.me, other) > 0


def has_room_with(replica: Replica, other: PersonId) -> bool:
    """Whether one more exchange with `other` may be kept.

    Makes room by forgetting the oldest exchange with them that ended without an agreement, or else the oldest loan that
    came back: a tool library lends to the same people for years.
    """
    kept = replica.store.exchanges
    if kept.count_with(other) < limits.EXCHANGES_WITH_ONE_MAX:
        return True
    return kept.forget_oldest(other) or kept.forget_returned(other)


def _keep(
    replica: Replica,
    exchange: Exchange,
    move: Move,
    *,
    mine: bool,
    letter: bytes | None,
    visible: bool = True,
    handed: int | None = None,
) -> None:
    """Keep a move and the state to which it brings the exchange; part of the transaction that is open.

    `handed` is as for `receive`: what was handed over has not changed only now.
    """
    now = replica.clock.now() if handed is None else max(exchange.changed, handed)
    kept = replica.store.exchanges
    arrived = now if handed is None else handed
    is_new = kept.add_move(exchange, move, mine=mine, arrived=arrived, letter=letter)
    moves = tuple(kept.moves(exchange))
    asker = next((one.mine for one in moves if one.move.action is Action.ASK), None)
    made = _authored(asker, moves)
    terms = terms_of(made)
    if terms is not None and exchange.slot is None:
        title, category = _called(replica, terms, own=not asker)
        exchange = exchange._replace(asked=asker, slot=terms.slot, title=title, category=category, lend=terms.lend)
    if exchange.slot is not None and exchange.listing_ends is None:
        exchange = exchange._replace(listing_ends=_listing_ends(replica, exchange, asked=bool(asker)))
    own_word = any(one.mine for one in moves)
    profile = replica.trust_state.profile(exchange.other)
    if profile is not None:  # the two may lose sight of each other while the exchange is open
        remember_name(replica, exchange.other, profile.name)
    kept.keep(
        exchange._replace(
            name=profile.name if profile is not None else exchange.name,
            shown=exchange.shown or (terms is not None and (own_word or visible)),
            stage=stage_of(made),
            held=held_by(made),
            changed=now if is_new else exchange.changed,
        )
    )
    replica.ingest.exchanges_changed()


def note_listing_ends(replica: Replica) -> None:
    """Note of every open request when its listing expires by now: its author may have renewed it, or ended it earlier."""
    kept = replica.store.exchanges
    for asked in (True, False):
        for exchange in kept.with_stage(Stage.REQUESTED, asked=asked):
            ends = _listing_ends(replica, exchange, asked=asked)
            if ends not in (None, exchange.listing_ends):
                kept.keep(exchange._replace(listing_ends=ends))


def _listing_ends(replica: Replica, exchange: Exchange, *, asked: bool) -> int | None:
    assert exchange.slot is not None, "it was asked for"
    author = exchange.other if asked else replica.me
    record = replica.store.records.current((author, Kind.LISTING, exchange.slot))
    return None if record is None or not record.body else record.header.expires


def _called(replica: Replica, terms: Terms, *, own: bool) -> tuple[str, str]:
    """Return title and category of the listing.

    The owner's listing keeps the owner's words, since the person who asks could call it anything.
    """
    record = replica.store.records.current((replica.me, Kind.LISTING, terms.slot)) if own else None
    if record is None or not record.body:
        return terms.title, terms.category
    body = body_of(record)
    return body.title, body.category
