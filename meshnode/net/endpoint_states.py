"""The life of one address that a node dials, as a table: its states, the events that move it, and the pauses in between.

The dialer goes by this table, and `docs/dialing.md` is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

FIRST_PAUSE = 1.0  # seconds; doubled with each failure
LONGEST_PAUSE = 300.0
LONGEST_CARD_PAUSE = 3600.0  # for an address on a card where its giver was never met: it may be anybody's
LONGEST_STATIC_PAUSE = 30.0  # for an address given by hand: the owner wants it tried often
LONGEST_SILENT_PAUSE = 30.0  # where somebody listens and does not answer: a busy node turns callers away like that
NEXT_PAUSE = 0.05  # before the next key, or the next person, at an address that did not answer
REHEARD_PAUSE = 3.0  # an announcement makes a failed address worth another try, but no more often than this
ANNOUNCED_FAILURES = 3  # then an announced address is forgotten, until it is announced again


class EndpointState(Enum):
    """The state of an address; the value says it in words."""

    WAITING = "dialed when its pause is over and its person is missing"
    DIALING = "a connection to it is being made"
    CONNECTED = "a session with the device that answers there is open, whichever side dialed"
    FORGOTTEN = "no longer dialed"


class EndpointEvent(Enum):
    """An event that moves an address from one state to the next; the value says it in words."""

    DUE = "its pause is over"
    CARD = "a card waits to be presented to this person"
    ANSWERED = "its device has proven who it is, or was connected already"
    NEXT_KEY = "it did not answer, and another key is left to try"
    NEXT_PERSON = "another person may be the one who answers at this address, which was given by hand"
    OVERTAKEN = "another address of the same device answered first"
    FAILED = "not reachable, no answer to any key, or refused"
    GIVEN_UP = f"it failed {ANNOUNCED_FAILURES} times in a row since its person announced it"
    OPENED = "a session with its device has opened"
    LOST = "the session with its device is over"
    HEARD = "its person has announced it again"
    CHANGED = "our network, contacts or keys have changed"
    UNWANTED = "its person is no longer to be dialed there"


class Pause(Enum):
    """The time for which an address is left alone after an event. Where jitter applies, the pause is half of this at least."""

    KEEP = "as before"
    NOW = "none"
    REHEARD = f"none, but {REHEARD_PAUSE:g} s at least since it was last dialed"
    NEXT = f"{NEXT_PAUSE:g} s"
    FIRST = f"{FIRST_PAUSE:g} s with jitter"
    DOUBLING = (
        f"{FIRST_PAUSE:g} s with jitter, doubled with each failure up to {LONGEST_PAUSE:g} s "
        f"({LONGEST_STATIC_PAUSE:g} s for an address given by hand, and where somebody listens but does not answer; "
        f"{LONGEST_CARD_PAUSE:g} s for an address on a card where its giver was never met)"
    )


FRESH_START = frozenset({Pause.NOW, Pause.REHEARD, Pause.FIRST})  # with these, earlier failures no longer count


class NextState(NamedTuple):
    """The next state, and the pause that begins with it."""

    to: EndpointState
    pause: Pause


WAITING, DIALING, CONNECTED, FORGOTTEN = EndpointState

TRANSITIONS: Mapping[EndpointState, Mapping[EndpointEvent, NextState]] = {
    WAITING: {
        EndpointEvent.DUE: NextState(DIALING, Pause.KEEP),
        EndpointEvent.HEARD: NextState(WAITING, Pause.REHEARD),
        EndpointEvent.CHANGED: NextState(WAITING, Pause.NOW),
        EndpointEvent.OPENED: NextState(CONNECTED, Pause.KEEP),
        EndpointEvent.UNWANTED: NextState(FORGOTTEN, Pause.KEEP),
    },
    DIALING: {
        EndpointEvent.ANSWERED: NextState(WAITING, Pause.FIRST),
        EndpointEvent.OVERTAKEN: NextState(WAITING, Pause.FIRST),
        EndpointEvent.NEXT_KEY: NextState(WAITING, Pause.NEXT),
        EndpointEvent.NEXT_PERSON: NextState(WAITING, Pause.NEXT),
        EndpointEvent.FAILED: NextState(WAITING, Pause.DOUBLING),
        EndpointEvent.GIVEN_UP: NextState(FORGOTTEN, Pause.KEEP),
        EndpointEvent.HEARD: NextState(DIALING, Pause.REHEARD),
        EndpointEvent.CHANGED: NextState(DIALING, Pause.NOW),
        EndpointEvent.UNWANTED: NextState(FORGOTTEN, Pause.KEEP),
    },
    CONNECTED: {
        EndpointEvent.CARD: NextState(DIALING, Pause.KEEP),
        EndpointEvent.LOST: NextState(WAITING, Pause.KEEP),
        EndpointEvent.HEARD: NextState(CONNECTED, Pause.REHEARD),
        EndpointEvent.CHANGED: NextState(CONNECTED, Pause.NOW),
        EndpointEvent.UNWANTED: NextState(FORGOTTEN, Pause.KEEP),
    },
    FORGOTTEN: {},
}
