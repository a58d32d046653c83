"""The errors of the protocol, one class for each side that can be at fault: this node (LocalError), the other side
(RemoteError), or nobody yet (InvalidField).

The type decides what a node does. A LocalError is a bug and goes to the caller. A RemoteError is attributed to the peer
or to the bytes that came from it: it costs that peer its session, or the record is not kept, and nothing else. An
InvalidField says only that a value is not allowed; the code that knows where the value came from says whose fault it is.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Code(IntEnum):
    """The reason for which something was refused; a Bye frame carries the number (protocol/README.md, "Registry")."""

    CLOSING = 0  # an orderly goodbye, nobody's fault
    MALFORMED = 1  # bytes that break the rules of their form
    OVERSIZED = 2  # a cap of limits.py was passed
    FORGED = 3  # a signature, MAC or certificate does not hold
    REPLAYED = 4  # seen before where it must be fresh
    REFUSED = 5  # not admitted, or not for this peer
    UNSOLICITED = 6  # sent without being asked for
    UNKNOWN_KIND = 7  # from a newer version: nobody is at fault
    VERSION = 8  # no common version or algorithm; a form of another version
    TIMEOUT = 9  # nothing heard, or no progress, within the deadline
    DUPLICATE = 10  # a second connection between the same two devices; the other one is kept
    EXPIRED = 11  # past its expiry, or with a longer life than its kind may have
    CARD_USED = 12  # the uses of a card or device code are spent
    CARD_CHECKSUM = 13  # the text of a card or device code was damaged
    CARD_MALFORMED = 14  # the text is no card or device code
    OUT_OF_ORDER = 15  # a frame that its state does not allow
    BUSY = 16  # a cap on sessions, work or room is reached; try again later


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


class InvalidField(ProtocolError, ValueError):
    """A field has a value that it may not have. Blames nobody: the value may have been typed, received or computed here.

    `field` names the field and `reason` completes the sentence, both for people: "title must not be longer than 200
    characters". The reason is a template with named placeholders, which `values` fill, so that it can be translated. The
    parsers of bytes turn it into a RemoteError MALFORMED (`fields.parses`), and the code that takes what a person typed
    explains it to that person.
    """

    def __init__(self, field: str, reason: str, /, **values: object) -> None:
        super().__init__(f"{field} {reason.format(**values)}")
        self.field = field
        self.reason = reason
        self.values = values
