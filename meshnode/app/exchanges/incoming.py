"""Opens the letters that came and lets each take effect: the table of what letters can say, with what handles it.

It is here because the moves of exchanges are the last of these subjects; introductions and receipts lie below.
"""

from __future__ import annotations

from meshnode.app.exchanges import moves
from meshnode.app.letters import inbox
from meshnode.app.people import introductions
from meshnode.replica.replica import Replica
from protocol.letters import Content, Introduction, Move

HANDLERS: dict[type[Content], inbox.Handler] = {Introduction: introductions.take, Move: moves.receive}


def open_letters(replica: Replica) -> None:
    """Open every letter for this device that came since the last call, and let it take effect."""
    inbox.open_new(replica, HANDLERS)
