"""The states of a session, all transitions between them, and the frames that may come in each, as data.

`Session` changes its state by these tables alone, and the picture in docs/session.md is drawn from them. A trigger that
a state does not have is a bug of ours (LocalError); a frame that it does not allow is the other side's fault
(RemoteError).
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from protocol.errors import Code, LocalError, RemoteError
from protocol.wire.frames import (
    Again,
    Bye,
    Compare,
    FetchPhoto,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    PhotoPart,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
)


class SessionState(Enum):
    """The state of a session; the value says in words what the session waits for or does."""

    GREETING = "waiting for the other side's Hello and certificate"
    ADMITTING = "waiting for our own node to say what this peer may have"
    COMPARING = "waiting for the other side's root"
    EXCHANGING = "finding out, range by range, who lacks what"
    TRANSFERRING = "giving and taking the records that are lacking"
    LIVE = "passing on what is new"
    ENDED = "over"


class Trigger(Enum):
    """The cause of a transition from one state to another; the value says it in words."""

    ADMITTED_EARLY = "the node knows whom it dialed, and says at once what this peer may have"
    IDENTIFIED = "the other side's Hello and certificate are here"
    IDENTIFIED_ADMITTED = "the other side's Hello and certificate are here, and the peer was admitted early"
    ADMITTED = "the node has said what this peer may have"
    ROOTS_DIFFER = "the roots differ"
    PHASE_SETTLED = "the first set is settled, now the second"
    ALL_SETTLED = "both sets are settled"
    EXCHANGED = "both sides know who lacks what"
    TRANSFERRED = "nothing is left to give or take"
    RECHECK = "10 to 80 minutes have passed, or the node asks for it, and nothing is under way"
    RECHECK_HEARD = "Roots have come, for the initiator compares again"
    OVER = "a goodbye, a fault, or silence"


class By(Enum):
    """The side of a connection at which a transition happens."""

    EITHER = "either side"
    INITIATOR = "initiator"
    RESPONDER = "responder"


class Transition(Struct, frozen=True):
    """One row of the table: in `source`, `trigger` leads to `target`, at the sides that `by` names."""

    source: SessionState
    trigger: Trigger
    target: SessionState
    by: By = By.EITHER


TRANSITIONS: tuple[Transition, ...] = (
    Transition(SessionState.GREETING, Trigger.ADMITTED_EARLY, SessionState.GREETING, By.INITIATOR),
    Transition(SessionState.GREETING, Trigger.IDENTIFIED_ADMITTED, SessionState.COMPARING, By.INITIATOR),
    Transition(SessionState.GREETING, Trigger.IDENTIFIED, SessionState.ADMITTING),
    Transition(SessionState.ADMITTING, Trigger.ADMITTED, SessionState.COMPARING),
    Transition(SessionState.COMPARING, Trigger.ROOTS_DIFFER, SessionState.EXCHANGING),
    Transition(SessionState.COMPARING, Trigger.PHASE_SETTLED, SessionState.COMPARING),
    Transition(SessionState.COMPARING, Trigger.ALL_SETTLED, SessionState.LIVE),
    Transition(SessionState.EXCHANGING, Trigger.EXCHANGED, SessionState.TRANSFERRING),
    Transition(SessionState.TRANSFERRING, Trigger.TRANSFERRED, SessionState.COMPARING),
    Transition(SessionState.LIVE, Trigger.RECHECK, SessionState.COMPARING, By.INITIATOR),
    Transition(SessionState.LIVE, Trigger.RECHECK_HEARD, SessionState.COMPARING, By.RESPONDER),
    *(Transition(state, Trigger.OVER, SessionState.ENDED) for state in SessionState if state is not SessionState.ENDED),
)

# Frames that may come in any state. Frames of types from newer versions may, too: the session passes them over.
ALWAYS: frozenset[type[Frame]] = frozenset({Ping, Bye})
# Frames that may come once both sides have admitted each other. Records, Want and Pull are also counted: each must answer
# something.
_ADMITTED: frozenset[type[Frame]] = ALWAYS | {Pull, Records, Headers, Want, FetchPhoto, PhotoPart}

ALLOWED: dict[SessionState, frozenset[type[Frame]]] = {
    SessionState.GREETING: ALWAYS | {Hello, Who, Introduce},
    SessionState.ADMITTING: ALWAYS | {Who},
    # The responder may announce something, or ask for it, at the moment at which the initiator begins to compare again.
    SessionState.COMPARING: _ADMITTED | {Who, Roots, Have, Again},
    SessionState.EXCHANGING: _ADMITTED | {Compare},
    # The initiator is often done first, and compares again.
    SessionState.TRANSFERRING: _ADMITTED | {Roots},
    SessionState.LIVE: _ADMITTED | {Roots, Have, Again},
    SessionState.ENDED: frozenset(),
}

# Of these frames, those that only the initiator may send in that state.
FROM_INITIATOR: dict[SessionState, frozenset[type[Frame]]] = {SessionState.LIVE: frozenset({Roots})}

# States in which the peer is not identified yet, and has PREAUTH_SECONDS from the beginning.
UNIDENTIFIED: frozenset[SessionState] = frozenset({SessionState.GREETING})

# States in which the peer always owes something: it must make progress. In LIVE it owes while something is under way.
PEER_OWES: frozenset[SessionState] = frozenset(
    {SessionState.COMPARING, SessionState.EXCHANGING, SessionState.TRANSFERRING}
)

# States in which the other side, too, has certainly been told by its node what we may have: unasked headers may be sent.
BOTH_ADMITTED: frozenset[SessionState] = frozenset(
    {SessionState.EXCHANGING, SessionState.TRANSFERRING, SessionState.LIVE}
)

_TARGETS: dict[tuple[SessionState, Trigger, By], SessionState] = {
    (row.source, row.trigger, side): row.target
    for row in TRANSITIONS
    for side in (By.INITIATOR, By.RESPONDER)
    if row.by in (By.EITHER, side)
}


def next_state(state: SessionState, trigger: Trigger, by: By) -> SessionState:
    """Return the state that `trigger` leads to from `state` at the side `by`. LocalError if the table has no such row."""
    following = _TARGETS.get((state, trigger, by))
    if following is None:
        raise LocalError(f"no way from {state.name} by {trigger.name} for the {by.value}")
    return following


def is_possible(state: SessionState, trigger: Trigger, by: By) -> bool:
    """Whether the table has a row for `trigger` in `state` at the side `by`."""
    return (state, trigger, by) in _TARGETS


def check_allowed(state: SessionState, frame: Frame, by: By) -> None:
    """Raise RemoteError OUT_OF_ORDER if this frame may not come in this state to the side `by`."""
    kind = type(frame)
    if kind not in ALLOWED[state] or (by is By.INITIATOR and kind in FROM_INITIATOR.get(state, ())):
        raise RemoteError(Code.OUT_OF_ORDER, f"{kind.__name__} while {state.name}")
