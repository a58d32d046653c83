"""The session between two nodes, from Hello to Bye, as a state machine without I/O."""

from __future__ import annotations

from protocol.session.events import (
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    Phase,
    PhotoReceived,
    PhotoRequested,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    TimeTold,
    ToldTime,
    phase_of,
    turn_of,
)
from protocol.session.greeting import certifies_key
from protocol.session.session import Session
from protocol.session.states import SessionState
from protocol.session.successors import Base
from protocol.session.unsolicited_headers import HeaderRoom

__all__ = [
    "Base",
    "Ended",
    "Event",
    "HeaderRoom",
    "LiveStarted",
    "PeerIdentified",
    "Phase",
    "PhotoReceived",
    "PhotoRequested",
    "RecordsReceived",
    "RecordsRequested",
    "SelfIdentification",
    "Session",
    "SessionState",
    "TimeTold",
    "ToldTime",
    "certifies_key",
    "phase_of",
    "turn_of",
]
