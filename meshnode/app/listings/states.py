"""Holds the life of a listing as data: its states, its events, and which state follows. docs/listings.md draws it.

Only the owner's node knows the states: for others a listing is open, or it is gone.
"""

from __future__ import annotations

from enum import Enum


class ListingState(Enum):
    """The state of a listing. The values are stored, and given as `how` a listing ended."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ListingEvent(Enum):
    """Something that happens to a listing, in the words of the picture."""

    TAKE_SOME = "part of it is promised"
    TAKE_REST = "the last of it is promised"
    PUT_BACK = "what was promised is free again"
    CLOSE = "the owner closes it"
    EXPIRE = "its time runs out"
    WITHDRAW = "the owner withdraws it"
    RENEW = "the owner renews it"


TRANSITIONS: dict[ListingState, dict[ListingEvent, ListingState]] = {
    ListingState.OPEN: {
        ListingEvent.TAKE_SOME: ListingState.OPEN,
        ListingEvent.TAKE_REST: ListingState.TAKEN,
        ListingEvent.PUT_BACK: ListingState.OPEN,
        ListingEvent.CLOSE: ListingState.CLOSED,
        ListingEvent.EXPIRE: ListingState.EXPIRED,
        ListingEvent.WITHDRAW: ListingState.WITHDRAWN,
        ListingEvent.RENEW: ListingState.OPEN,
    },
    ListingState.TAKEN: {
        ListingEvent.PUT_BACK: ListingState.OPEN,
        ListingEvent.RENEW: ListingState.OPEN,
    },
    ListingState.CLOSED: {ListingEvent.RENEW: ListingState.OPEN},
    ListingState.EXPIRED: {ListingEvent.RENEW: ListingState.OPEN},
    ListingState.WITHDRAWN: {},
}
"""By state, what can happen to a listing in it, and the state that follows. Anything else is refused or changes nothing."""


def after(state: ListingState, event: ListingEvent) -> ListingState | None:
    """Return the state that follows; None where `event` cannot happen in `state`."""
    return TRANSITIONS[state].get(event)


def is_remembered(state: ListingState) -> bool:
    """Whether the owner's node keeps a listing that has ended so: only where something leads out of that state."""
    return state is not ListingState.OPEN and bool(TRANSITIONS[state])
