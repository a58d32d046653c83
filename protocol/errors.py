"""Whose fault it is: every error of the protocol is either ours (Local) or the other side's (Remote).

The type decides what a node does: a LocalError is a bug and is raised to the caller; a RemoteError is attributed to
the peer or to the bytes that came from it, and costs that peer its session or the record its place, nothing else.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Code(IntEnum):
    """Why something was refused; the number is what a Bye frame carries."""

    CLOSING = 0  # an orderly goodbye, nobody's fault
    MALFORMED = 1  # bytes that are not what the spec says
    OVERSIZED = 2  # a cap of limits.py was passed
    FORGED = 3  # a signature, MAC or certificate does not hold
    REPLAYED = 4  # seen before where it must be fresh
    REFUSED = 5  # not admitted, or not for this peer
    UNSOLICITED = 6  # sent without being asked for
    UNKNOWN_KIND = 7  # a record kind or frame type this version does not know
    VERSION = 8  # no common protocol version or algorithm
    TIMEOUT = 9  # nothing heard within the deadline
    DUPLICATE = 10  # a second connection between the same two devices; the other one stays
    EXPIRED = 11  # past its expiry, or further ahead than its kind may live
    CARD_USED = 12  # the card's uses are spent
    CARD_CHECKSUM = 13  # the card's text was damaged
    CARD_MALFORMED = 14  # not a card
    OUT_OF_ORDER = 15  # a frame that its state does not allow
    BUSY = 16  # a cap on sessions or work is reached; try again later


class ProtocolError(Exception):
    """Base of all errors raised by this package."""


class LocalError(ProtocolError):
    """This node called the protocol in a way it does not allow: a bug on our side."""


class RemoteError(ProtocolError):
    """The other side's bytes are at fault; `code` says how, `detail` is for our own log, never for the wire."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code.name.lower()}: {detail}" if detail else code.name.lower())
        self.code = code
        self.detail = detail


class InvalidField(RemoteError, ValueError):
    """One field of a body says what it may not. `field` names it and `reason` completes the sentence, both for people:
    "title must not be longer than 200 characters". From a peer it is malformed, from our own user a slip to explain."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(Code.MALFORMED, f"{field} {reason}")
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return self.detail
