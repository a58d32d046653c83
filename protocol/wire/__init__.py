"""The wire between two nodes: handshake, encrypted channel, frames, announcements and set reconciliation."""

from __future__ import annotations

from protocol.wire.channel import HandshakeRefused, Initiator, Responder
from protocol.wire.enrolment import certificate_in, check_enrol, enrol, enrolment_words
from protocol.wire.frames import (
    Bye,
    Enrol,
    Enrolled,
    Frame,
    decode_known,
    encode_frame,
)
from protocol.wire.index import Index, Item
from protocol.wire.marks import ItemTable, Marks
from protocol.wire.meeting_frames import MeetDevice, MeetPerson, MeetProof, MeetStart
from protocol.wire.presence import SERVICE_TYPE, Announcement, announce, recognize, service_names
from protocol.wire.psk import (
    Psk,
    PskCandidate,
    SeenEphemerals,
    card_psk,
    contact_psk,
    device_psk,
    meeting_psk,
    presence_psk,
)
from protocol.wire.word_meeting import (
    PAKE_ENTROPY_BYTES,
    Purpose,
    ShownCode,
    TypedCode,
    check_person,
    meet_person,
    meeting_candidate,
    meeting_secret,
    meeting_static,
    meeting_static_public,
)

__all__ = [
    "PAKE_ENTROPY_BYTES",
    "SERVICE_TYPE",
    "Announcement",
    "Bye",
    "Enrol",
    "Enrolled",
    "Frame",
    "HandshakeRefused",
    "Index",
    "Initiator",
    "Item",
    "ItemTable",
    "Marks",
    "MeetDevice",
    "MeetPerson",
    "MeetProof",
    "MeetStart",
    "Psk",
    "PskCandidate",
    "Purpose",
    "Responder",
    "SeenEphemerals",
    "ShownCode",
    "TypedCode",
    "announce",
    "card_psk",
    "certificate_in",
    "check_enrol",
    "check_person",
    "contact_psk",
    "decode_known",
    "device_psk",
    "encode_frame",
    "enrol",
    "enrolment_words",
    "meet_person",
    "meeting_candidate",
    "meeting_psk",
    "meeting_secret",
    "meeting_static",
    "meeting_static_public",
    "presence_psk",
    "recognize",
    "service_names",
]
