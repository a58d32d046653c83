"""What two nodes say to each other once their channel stands: a state machine in a few files, `Session` its door."""

from __future__ import annotations

from protocol.session.events import (
    GRAPH_KINDS,
    Ended,
    Event,
    Introduction,
    NowLive,
    PeerIntroduced,
    Phase,
    Received,
    Wanted,
    phase_of,
)
from protocol.session.greeting import keep_this_one, names_key
from protocol.session.session import Session
from protocol.session.states import ALLOWED, TRANSITIONS, State, Trigger

__all__ = [
    "ALLOWED",
    "GRAPH_KINDS",
    "TRANSITIONS",
    "Ended",
    "Event",
    "Introduction",
    "NowLive",
    "PeerIntroduced",
    "Phase",
    "Received",
    "Session",
    "State",
    "Trigger",
    "Wanted",
    "keep_this_one",
    "names_key",
    "phase_of",
]
