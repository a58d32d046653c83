"""The wire between two nodes: handshake, encrypted channel, frames, announcements and set reconciliation."""

from __future__ import annotations

from protocol.wire.channel import HandshakeRefused, Initiator, Responder
from protocol.wire.enrolment import certificate_in, check_enrol, enrol, enrolment_words
from protocol.wire.frames import Bye, Enrol, Enrolled, decode_known, encode_frame
from protocol.wire.index import Index, Item
from protocol.wire.marks import ItemTable, Marks
from protocol.wire.presence import SERVICE_TYPE, Announcement, announce, recognize, service_names
from protocol.wire.psk import Psk, PskCandidate, SeenEphemerals, card_psk, contact_psk, device_psk, presence_psk

__all__ = [
    "SERVICE_TYPE",
    "Announcement",
    "Bye",
    "Enrol",
    "Enrolled",
    "HandshakeRefused",
    "Index",
    "Initiator",
    "Item",
    "ItemTable",
    "Marks",
    "Psk",
    "PskCandidate",
    "Responder",
    "SeenEphemerals",
    "announce",
    "card_psk",
    "certificate_in",
    "check_enrol",
    "contact_psk",
    "decode_known",
    "device_psk",
    "encode_frame",
    "enrol",
    "enrolment_words",
    "presence_psk",
    "recognize",
    "service_names",
]
