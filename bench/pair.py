"""Runs the conversation of two nodes over a pipe in this process: passes on what each sends, counts and times it.

One side works at a time, so the seconds of each are its own work and nothing else; that is how one core sees it.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.replica.replica import Replica
from protocol.wire import SeenEphemerals


class Bytes(NamedTuple):
    """Of the two sides."""

    caller: int
    callee: int


TAG, LENGTH, KEY, MAC = 16, 2, 32, 16
HANDSHAKE = Bytes(caller=TAG + LENGTH + KEY + MAC + LENGTH + KEY + 2 * MAC, callee=LENGTH + KEY + MAC)
"""What the channel itself sends before the first frame: protocol/README.md, "Channel"."""
HANDSHAKE_ROUND_TRIPS = 1

CHUNK = 64 * 1024  # bytes a read from a socket brings at a time


@dataclass
class End:
    """One side: its conversation, what it has sent and how long it has worked."""

    replica: Replica
    talk: Conversation
    seconds: float = 0.0
    sent: int = 0
    flights: int = 0
    """How often it began to send after having listened."""
    inbox: deque[bytes] = field(default_factory=deque)


class Pair:
    """`caller` dials `callee`."""

    def __init__(self, caller: Replica, callee: Replica) -> None:
        dial = contacts.dial_keys(caller, callee.me)[0]
        now = time.monotonic()
        self.caller = End(caller, Conversation.dialing(caller, dial, now))
        self.callee = End(callee, Conversation.answering(callee, SeenEphemerals(), now))
        self.ends = (self.caller, self.callee)
        self._unsubscribe = [end.replica.changes.subscribe(end.talk.changed) for end in self.ends]

    def __enter__(self) -> Self:
        # What the bench itself keeps in memory is not the nodes', and neither is the garbage collection for it.
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, *_: object) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        gc.unfreeze()

    def meet(self) -> None:
        """Shake hands, until each knows the other and what the other may have; then count from zero."""
        while any(end.talk.peer is None for end in self.ends):
            if not self._round():
                raise AssertionError("they do not get to know each other")
        for end in self.ends:
            end.seconds, end.sent, end.flights = 0.0, 0, 0

    def settle(self) -> None:
        """Pass everything on until both are live and have nothing more to say."""
        while self._round():
            pass
        for end in self.ends:
            if end.talk.end is not None or not end.talk.live:
                raise AssertionError(f"the conversation did not get there: {end.talk.end}")

    def _round(self) -> bool:
        moved = self._turn(self.caller, self.callee)
        return self._turn(self.callee, self.caller) or moved

    def _turn(self, speaker: End, listener: End) -> bool:
        started = time.perf_counter()
        now = time.monotonic()
        heard = bool(speaker.inbox)
        if heard:
            with speaker.replica.changes.held():
                speaker.talk.receive(speaker.inbox.popleft(), now)
        else:
            timer = speaker.talk.next_timer()
            if timer is not None and timer <= now + 1.0:  # a batch that waits to fill up; pings are further off
                with speaker.replica.changes.held():
                    speaker.talk.tick(max(now, timer))
                heard = True
        data = speaker.talk.data_to_send()
        speaker.seconds += time.perf_counter() - started
        if data:
            speaker.sent += len(data)
            speaker.flights += not listener.inbox
            listener.inbox.extend(data[start : start + CHUNK] for start in range(0, len(data), CHUNK))
        return heard or bool(data)
