"""The end of a conversation between two nodes, as the conversation reports it to the one that drives it."""

from __future__ import annotations

from msgspec import Struct

from protocol import Code


class ConversationEnd(Struct, frozen=True):
    """The end of a conversation: its code, and `detail` for the log.

    `silent` forbids to send a single byte more; `fault` says that the other side broke the protocol, and `authentic` that
    nobody on the way can have done it, since what came was encrypted by the person at the other end; `pause` is the
    number of seconds after which a busy side wants the other one to call again, 0 if it did not say.
    """

    code: Code
    detail: str = ""
    silent: bool = False
    fault: bool = False
    authentic: bool = False
    pause: int = 0
