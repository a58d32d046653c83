"""Blocks a person with whom something is agreed: says so first, calls it off, and then blocks.

A block ends what is open at the blocker's side. The other person is told that it is called off, as by any cancellation,
and nothing else: the last letter was written before the block, and it is the only letter that the block does not
withdraw (protocol/README.md, "Letters"). What was handed over or lent stays as it is.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.exchanges import incoming, moves, stock
from meshnode.app.letters import letters, receipts
from meshnode.app.letters.delivery import Delivery
from meshnode.app.naming import name_of
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.app.people.blocks import BlockView
from meshnode.errors import Refused, Unconfirmed
from meshnode.quoting import first_few, named, quoted
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import PersonId
from protocol.letters import LENT_OUT, UNFINISHED, Action, Stage

NAMED = 3  # agreements that are named in the question before a block; the rest are counted


class BlockQuery(Struct, frozen=True):
    """Whether to block even though an agreement with the person is open, which is then called off."""

    anyway: bool = False


def call_off(replica: Replica, who: str, query: BlockQuery) -> tuple[bytes, ...]:
    """End what is open with the person whom `who` means, before they are blocked; return the slots of the last letters.

    Raises Unconfirmed where something is agreed or lent, unless the owner has said `anyway`; else as `blocks.to_block`.
    """
    incoming.open_letters(replica)
    person = blocks.to_block(replica, who)
    agreed = [one for one in replica.store.exchanges.open_with(person) if one.stage is not Stage.REQUESTED]
    if agreed and not query.anyway and not policy.blocks(replica, person):
        raise _question(name_of(replica, person), agreed)
    return end_with(replica, person)


def has_arrived(replica: Replica, slots: tuple[bytes, ...]) -> bool:
    """Whether the other person has opened the letters in these slots."""
    incoming.open_letters(replica)
    return all(letters.delivery(replica, slot) is Delivery.DELIVERED for slot in slots)


def block(replica: Replica, who: str) -> BlockView:
    """Block the person whom `who` means, and end what is open with them; see `blocks.block`."""
    person = blocks.to_block(replica, who)
    end_with(replica, person)
    blocked = blocks.block(replica, who)
    letters.withdraw_all_to(replica, person)
    receipts.end(replica, person)
    stock.follow_up(replica)
    return blocked


def end_with(replica: Replica, person: PersonId) -> tuple[bytes, ...]:
    """Call off what is open with `person`, as far as it can be said; return the slots of the letters that say so."""
    said = [_end(replica, exchange) for exchange in replica.store.exchanges.open_with(person)]
    return tuple(slot for slot in said if slot is not None)


def end_with_blocked(replica: Replica) -> None:
    """Do the same for everybody whom another device of the owner has blocked."""
    for person in replica.trust_state.counterparts:
        if policy.blocks(replica, person):
            end_with(replica, person)


def _end(replica: Replica, exchange: Exchange) -> bytes | None:
    """Decline or cancel an exchange that is not finished; None where nothing can be said or is to be."""
    if exchange.stage not in UNFINISHED:
        return None
    asked_of_owner = exchange.stage is Stage.REQUESTED and not exchange.asked
    try:
        return moves.make_last(replica, exchange, Action.DECLINE if asked_of_owner else Action.CANCEL)
    except Refused:
        return None  # it is shown as ended by the block


def _question(name: str, agreed: list[Exchange]) -> Unconfirmed:
    titles = first_few([quoted(one.title) for one in agreed], NAMED)
    lent = all(one.stage in LENT_OUT for one in agreed)
    return Unconfirmed(
        "something is lent between you and {name} ({titles})"
        if lent
        else "an agreement with {name} is open ({titles})",
        "to block them all the same: meshnode block NAME --yes"
        if lent
        else "to call it off and block them: meshnode block NAME --yes",
        name=named(name),
        titles=titles,
    )
