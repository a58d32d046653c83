"""Names the ways in which an attempt to connect with a person can end."""

from __future__ import annotations

from enum import Enum


class DialOutcome(Enum):
    """The outcome of an attempt; the value is how people read it."""

    MET = "connected"
    DROPPED = "no answer at all, as where a firewall drops what comes in"
    PROHIBITED = "a firewall has said no"
    CLOSED = "the computer is there, but nothing listens at this port"
    SILENT = "no computer answers at this address"
    NO_WAY = "no way there from this network"
    UNREACHABLE = "not reachable"
    NO_ANSWER = "connected, but got no answer"  # another key may be the right one, or another node listens there
    REFUSED = "refused"
    OTHER_VERSION = "connected, but the two nodes have no version of the protocol in common"
    BUSY = "connected, but the node serves others now and has asked us to come back soon"
    DUPLICATE = "connected already"
    NO_KEY = "no key for connecting"
    OVERTAKEN = "another address answered first"
    NOT_YET = "not called for now: the people of one contact have used up their share of this node's time"


ANSWERED = frozenset({DialOutcome.MET, DialOutcome.DUPLICATE, DialOutcome.BUSY})
FOUND = frozenset({DialOutcome.MET, DialOutcome.BUSY})
NOT_OPENED = frozenset(
    {
        DialOutcome.DROPPED,
        DialOutcome.PROHIBITED,
        DialOutcome.CLOSED,
        DialOutcome.SILENT,
        DialOutcome.NO_WAY,
        DialOutcome.UNREACHABLE,
    }
)
UNDECIDED = NOT_OPENED | {DialOutcome.OVERTAKEN, DialOutcome.NOT_YET}  # says nothing about who is there
