"""The states of a session, and every way from one to another, as data: the picture in the docs is drawn from it.

A session is in one state; what happens is a trigger; the table says where it leads. Anything else is a bug of ours
(LocalError). Which frames the other side may send in a state is a second table; any other is its fault.
"""

from __future__ import annotations

from enum import Enum

from protocol.errors import Code, LocalError, RemoteError
from protocol.wire.frames import (
    Bye,
    Compare,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
)


class SessionState(Enum):
    """Where a session stands."""

    GREETING = "waiting for the other side's Hello and certificate"
    ADMITTING = "waiting for our own node to say what this peer may have"
    COMPARING = "waiting for the other side's root"
    EXCHANGING = "finding out, range by range, who lacks what"
    TRANSFERRING = "giving and taking the records that are lacking"
    LIVE = "passing on what is new"
    ENDED = "over"


class Trigger(Enum):
    """What moves a session on."""

    INTRODUCED = "the peer's certificate names the key it speaks with"
    ADMITTED = "the node has said what this peer may have"
    DIFFERENT = "the roots differ"
    PHASE_SETTLED = "the first set is settled, now the second"
    ALL_SETTLED = "both sets are settled"
    EXCHANGED = "both sides know who lacks what"
    TRANSFERRED = "nothing is left to give or take"
    RECHECK = "time to compare again"
    OVER = "a goodbye, a fault, or silence"


TRANSITIONS: dict[SessionState, dict[Trigger, SessionState]] = {
    SessionState.GREETING: {Trigger.INTRODUCED: SessionState.ADMITTING, Trigger.OVER: SessionState.ENDED},
    SessionState.ADMITTING: {Trigger.ADMITTED: SessionState.COMPARING, Trigger.OVER: SessionState.ENDED},
    SessionState.COMPARING: {
        Trigger.DIFFERENT: SessionState.EXCHANGING,
        Trigger.PHASE_SETTLED: SessionState.COMPARING,
        Trigger.ALL_SETTLED: SessionState.LIVE,
        Trigger.OVER: SessionState.ENDED,
    },
    SessionState.EXCHANGING: {Trigger.EXCHANGED: SessionState.TRANSFERRING, Trigger.OVER: SessionState.ENDED},
    SessionState.TRANSFERRING: {Trigger.TRANSFERRED: SessionState.COMPARING, Trigger.OVER: SessionState.ENDED},
    SessionState.LIVE: {Trigger.RECHECK: SessionState.COMPARING, Trigger.OVER: SessionState.ENDED},
    SessionState.ENDED: {},
}

# What may come in any state once both sides have agreed to talk. Records, Want and Pull are also counted: there must be
# something that they answer.
_ALWAYS: frozenset[type[Frame]] = frozenset({Ping, Bye})
_ADMITTED: frozenset[type[Frame]] = _ALWAYS | {Pull, Records, Headers, Want}

ALLOWED: dict[SessionState, frozenset[type[Frame]]] = {
    SessionState.GREETING: _ALWAYS | {Hello, Who, Introduce},
    SessionState.ADMITTING: _ALWAYS | {Who},
    # The responder may announce something in the very moment in which the initiator begins to compare again.
    SessionState.COMPARING: _ADMITTED | {Who, Roots, Have},
    SessionState.EXCHANGING: _ADMITTED | {Compare},
    # The initiator is often done first, and compares again.
    SessionState.TRANSFERRING: _ADMITTED | {Roots},
    SessionState.LIVE: _ADMITTED | {Roots, Have},
    SessionState.ENDED: frozenset(),
}

# States in which the other side, too, has certainly been told by its node what we may have.
BOTH_ADMITTED: frozenset[SessionState] = frozenset(
    {SessionState.EXCHANGING, SessionState.TRANSFERRING, SessionState.LIVE}
)


def next_state(state: SessionState, trigger: Trigger) -> SessionState:
    """Where `trigger` leads from `state`. LocalError if the table knows no way."""
    following = TRANSITIONS[state].get(trigger)
    if following is None:
        raise LocalError(f"no way from {state.name} by {trigger.name}")
    return following


def check_allowed(state: SessionState, frame: Frame) -> None:
    """RemoteError OUT_OF_ORDER if this frame may not come in this state."""
    if type(frame) not in ALLOWED[state]:
        raise RemoteError(Code.OUT_OF_ORDER, f"{type(frame).__name__} while {state.name}")
