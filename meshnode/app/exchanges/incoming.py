"""Opens the letters that came and lets each take effect: the table of what letters can say, with the handler of each.

It is in this package because a move is handled here, and an introduction below it, in `people`.
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
