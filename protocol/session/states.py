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


class State(Enum):
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


TRANSITIONS: dict[State, dict[Trigger, State]] = {
    State.GREETING: {Trigger.INTRODUCED: State.ADMITTING, Trigger.OVER: State.ENDED},
    State.ADMITTING: {Trigger.ADMITTED: State.COMPARING, Trigger.OVER: State.ENDED},
    State.COMPARING: {
        Trigger.DIFFERENT: State.EXCHANGING,
        Trigger.PHASE_SETTLED: State.COMPARING,
        Trigger.ALL_SETTLED: State.LIVE,
        Trigger.OVER: State.ENDED,
    },
    State.EXCHANGING: {Trigger.EXCHANGED: State.TRANSFERRING, Trigger.OVER: State.ENDED},
    State.TRANSFERRING: {Trigger.TRANSFERRED: State.COMPARING, Trigger.OVER: State.ENDED},
    State.LIVE: {Trigger.RECHECK: State.COMPARING, Trigger.OVER: State.ENDED},
    State.ENDED: {},
}

# What may come in any state once both sides have agreed to talk. Records, Want and Pull are also counted: there must be
# something that they answer.
_ALWAYS: frozenset[type[Frame]] = frozenset({Ping, Bye})
_ADMITTED: frozenset[type[Frame]] = _ALWAYS | {Pull, Records, Headers, Want}

ALLOWED: dict[State, frozenset[type[Frame]]] = {
    State.GREETING: _ALWAYS | {Hello, Who, Introduce},
    State.ADMITTING: _ALWAYS | {Who},
    # The responder may announce something in the very moment in which the initiator begins to compare again.
    State.COMPARING: _ADMITTED | {Who, Roots, Have},
    State.EXCHANGING: _ADMITTED | {Compare},
    # The initiator is often done first, and compares again.
    State.TRANSFERRING: _ADMITTED | {Roots},
    State.LIVE: _ADMITTED | {Roots, Have},
    State.ENDED: frozenset(),
}

# States in which the other side, too, has certainly been told by its node what we may have.
BOTH_ADMITTED: frozenset[State] = frozenset({State.EXCHANGING, State.TRANSFERRING, State.LIVE})


def after(state: State, trigger: Trigger) -> State:
    """Where `trigger` leads from `state`. LocalError if the table knows no way."""
    following = TRANSITIONS[state].get(trigger)
    if following is None:
        raise LocalError(f"no way from {state.name} by {trigger.name}")
    return following


def check_allowed(state: State, frame: Frame) -> None:
    """RemoteError OUT_OF_ORDER if this frame may not come in this state."""
    if type(frame) not in ALLOWED[state]:
        raise RemoteError(Code.OUT_OF_ORDER, f"{type(frame).__name__} while {state.name}")
