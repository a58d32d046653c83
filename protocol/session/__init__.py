"""What two nodes say to each other once their channel stands: a state machine in a few files, `Session` its door."""

from __future__ import annotations

from protocol.session.events import (
    GRAPH_KINDS,
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    Phase,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    phase_of,
)
from protocol.session.greeting import certifies_key, keeps_connection
from protocol.session.session import Session
from protocol.session.states import ALLOWED, TRANSITIONS, SessionState, Trigger

__all__ = [
    "ALLOWED",
    "GRAPH_KINDS",
    "TRANSITIONS",
    "Ended",
    "Event",
    "LiveStarted",
    "PeerIdentified",
    "Phase",
    "RecordsReceived",
    "RecordsRequested",
    "SelfIdentification",
    "Session",
    "SessionState",
    "Trigger",
    "certifies_key",
    "keeps_connection",
    "phase_of",
]
