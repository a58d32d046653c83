"""Holds the life of a letter as a table, which decides the delivery that its author sees; `docs/letters.md` is drawn from it."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum


class Delivery(Enum):
    """The delivery of a letter as its author sees it; the values are part of the API."""

    UNDER_WAY = "under way"
    DELIVERED = "delivered"
    """A device of the addressee has opened it."""
    EXPIRED = "expired"
    """No device of the addressee has said in time that it opened the letter."""


class LetterState(Enum):
    """The state of a letter; the value says it in words."""

    NEW = "about to be sent"
    REFUSED = "nothing is written, and the error says why"
    UNDER_WAY = "every node that may carry it keeps a copy"
    DELIVERED = "the addressee has it, and other devices that can read it may still fetch it"
    DONE = "delivered, and deleted everywhere"
    WITHDRAWN = "deleted everywhere before anybody opened it"
    EXPIRED = "deleted everywhere because its time is over"


class LetterEvent(Enum):
    """Something that happens to a letter; the value says it in words."""

    CANNOT_BE_SENT = "no device to seal it to, a block, too many letters under way, or this device may not write"
    SENT = "sealed and written"
    RECEIPT = "a device of the addressee sends a receipt"
    NO_READER_LEFT = "every device that could read it has opened it, is revoked or is blocked"
    TIME_OVER = "30 days have passed"


TRANSITIONS: dict[LetterState, dict[LetterEvent, LetterState]] = {
    LetterState.NEW: {
        LetterEvent.CANNOT_BE_SENT: LetterState.REFUSED,
        LetterEvent.SENT: LetterState.UNDER_WAY,
    },
    LetterState.REFUSED: {},
    LetterState.UNDER_WAY: {
        LetterEvent.RECEIPT: LetterState.DELIVERED,
        LetterEvent.NO_READER_LEFT: LetterState.WITHDRAWN,
        LetterEvent.TIME_OVER: LetterState.EXPIRED,
    },
    LetterState.DELIVERED: {
        LetterEvent.NO_READER_LEFT: LetterState.DONE,
        LetterEvent.TIME_OVER: LetterState.DONE,
    },
    LetterState.DONE: {},
    LetterState.WITHDRAWN: {
        LetterEvent.RECEIPT: LetterState.DONE,
        LetterEvent.TIME_OVER: LetterState.EXPIRED,
    },
    LetterState.EXPIRED: {
        LetterEvent.RECEIPT: LetterState.DONE,
    },
}
"""By state, the events that change it and the states that follow; any other event changes nothing. A receipt may be read
after the letter has expired or was withdrawn. Once a letter is sent, the order of events does not matter."""

SHOWN_TO_AUTHOR: dict[LetterState, Delivery] = {
    LetterState.UNDER_WAY: Delivery.UNDER_WAY,
    LetterState.DELIVERED: Delivery.DELIVERED,
    LetterState.DONE: Delivery.DELIVERED,
    LetterState.WITHDRAWN: Delivery.UNDER_WAY,
    LetterState.EXPIRED: Delivery.EXPIRED,
}
"""The delivery that the author sees, by state. A letter withdrawn because of a block reads as one that is still under way, so
that it looks the same to a person who blocks and to one who is blocked; later it reads as expired."""


def state_after(events: Collection[LetterEvent]) -> LetterState:
    """Return the state of a letter to which these events have happened."""
    state = LetterState.NEW
    for event in LetterEvent:
        if event in events:
            state = TRANSITIONS[state].get(event, state)
    return state
