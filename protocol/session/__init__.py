"""The session between two nodes, from Hello to Bye, as a state machine without I/O."""

from __future__ import annotations

from protocol.session.events import (
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
from protocol.session.states import SessionState

__all__ = [
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
    "certifies_key",
    "keeps_connection",
    "phase_of",
]
