"""Runs the conversation of two nodes in this process, passing bytes from one to the other and counting them.

One side works at a time, so each side's seconds are its own work on one core.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Self

from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol.wire import SeenEphemerals


class Bytes(NamedTuple):
    """Numbers of bytes that the two sides send."""

    caller: int
    callee: int


TAG, LENGTH, KEY, MAC = 16, 2, 32, 16
HANDSHAKE = Bytes(caller=TAG + LENGTH + KEY + MAC + LENGTH + KEY + 2 * MAC, callee=LENGTH + KEY + MAC)
"""The bytes that the channel itself sends before the first frame: protocol/README.md, "Channel"."""
HANDSHAKE_ROUND_TRIPS = 1

CHUNK = 64 * 1024  # bytes that one read from a socket returns


@dataclass
class Side:
    """One side: its conversation, the bytes it has sent and the seconds it has worked."""

    replica: Replica
    conversation: Conversation
    seconds: float = 0.0
    sent: int = 0
    flights: int = 0
    """The number of times that this side sent after the other had: each is half a round trip."""
    inbox: deque[bytes] = field(default_factory=deque)


def _follow(conversation: Conversation, change: Change) -> None:
    conversation.note(change)
    conversation.follow()


class Pair:
    """Two nodes of which `caller` dials `callee`."""

    def __init__(self, caller: Replica, callee: Replica) -> None:
        dial = contacts.dial_keys(caller, callee.me)[0]
        now = time.monotonic()
        self.caller = Side(caller, Conversation.dialing(caller, dial, now))
        self.callee = Side(callee, Conversation.answering(callee, SeenEphemerals(), now))
        self.sides = (self.caller, self.callee)
        self._unsubscribe = [side.replica.changes.subscribe(partial(_follow, side.conversation)) for side in self.sides]

    def __enter__(self) -> Self:
        # The collector must not spend the nodes' time on the objects of the bench itself.
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, *_: object) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        gc.unfreeze()

    def meet(self) -> None:
        """Run the handshake until each side knows who the other is; then count from zero."""
        while any(side.conversation.peer is None for side in self.sides):
            if not self._round():
                raise AssertionError("the sides did not get to know each other")
        for side in self.sides:
            side.seconds, side.sent, side.flights = 0.0, 0, 0

    def settle(self) -> None:
        """Pass bytes on until both sides are live and have nothing left to send."""
        while self._round():
            pass
        for side in self.sides:
            if side.conversation.end is not None or not side.conversation.live:
                raise AssertionError(f"the conversation did not become live: {side.conversation.end}")

    def _round(self) -> bool:
        moved = self._turn(self.caller, self.callee)
        return self._turn(self.callee, self.caller) or moved

    def _turn(self, speaker: Side, listener: Side) -> bool:
        started = time.perf_counter()
        now = time.monotonic()
        worked = bool(speaker.inbox)
        if worked:
            with speaker.replica.changes.held():
                speaker.conversation.receive(speaker.inbox.popleft(), now)
        else:
            timer = speaker.conversation.next_timer()
            if timer is not None and timer <= now + 1.0:  # a batch that waits to fill; Pings are due later
                with speaker.replica.changes.held():
                    speaker.conversation.tick(max(now, timer))
                worked = True
        data = speaker.conversation.data_to_send()
        speaker.seconds += time.perf_counter() - started
        if data:
            speaker.sent += len(data)
            speaker.flights += not listener.inbox
            listener.inbox.extend(data[start : start + CHUNK] for start in range(0, len(data), CHUNK))
        return worked or bool(data)
