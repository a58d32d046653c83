"""The four frames by which two machines meet that have a word code in common (protocol/README.md, "Word codes")."""

from __future__ import annotations

from msgspec import Struct


class MeetStart(Struct, frozen=True):
    """Begins, or answers, the proof of a word code: one message of SPAKE2."""

    message: bytes


class MeetProof(Struct, frozen=True):
    """Proves that the sender knows the word code; `purpose` says what the sender wants by it."""

    mac: bytes
    purpose: int


class MeetPerson(Struct, frozen=True):
    """Tells who the sender is, after both have proved the code: a certificate, a name, and a signature by the device."""

    certificate: bytes  # a whole record
    name: str
    signature: bytes


class MeetDevice(Struct, frozen=True):
    """Carries a device code, as text, to a machine that has proved the word code that stands for it."""

    code: str
