"""Bounds the memory of what all sessions together have received and the store has not committed.

A record that was parsed takes some five times as much memory as its bytes. One session waits for a thousand of them, so
that one commit takes them all; with 64 sessions a small machine has no room for that. So before a link parses what it has
read, it asks here. Where there is no room it waits, and does not read: the other end then waits too, as with any slow
reader. Of those who wait, one of the account that holds least goes first, so an introducer of many people keeps nobody
else waiting. Once half of the room is taken, nothing waits to fill a batch any longer: each piece goes to the store at
once. So the other half is always on its way to be free, and everybody's turn comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from protocol import PersonId, limits

GROWS = 6  # times the size of what is read, at most, is the memory that the short records in it take
FREE_BYTES = 4096  # a piece of this size never waits: a sign of life, an answer, an announcement


class Intake:
    """The room for what is on its way to the store. Used on the event loop; a holder is any object that is hashable."""

    def __init__(self, room: int = limits.INTAKE_BYTES) -> None:
        self._room = room
        self._held: dict[object, tuple[PersonId, int]] = {}  # what came earlier and waits to fill a batch
        self._by_account: Counter[PersonId] = Counter()
        self._waiting: dict[trio.Event, tuple[PersonId, int]] = {}  # in the order in which they came
        self.turn = trio.CapacityLimiter(1)
        """The turn to look at all that a peer may have, or holds: up to 150 bytes for each record, until it takes a bit."""
        self.taken = 0
        """The memory that is taken now, in bytes."""

    @property
    def is_tight(self) -> bool:
        """Whether so much is taken that nothing is to wait to fill a batch."""
        return 2 * self.taken > self._room or bool(self._waiting)

    @asynccontextmanager
    async def entering(self, account: PersonId, size: int) -> AsyncIterator[None]:
        """Wait until there is room for a piece of `size` bytes, and keep it until the block ends."""
        if size <= FREE_BYTES:
            yield
            return
        memory = GROWS * size
        if self._waiting or not self._fits(memory):
            await self._wait(account, memory)
        else:
            self._take(account, memory)
        try:
            yield
        finally:
            self._take(account, -memory)
            self._admit()

    def hold(self, holder: object, account: PersonId, memory: int) -> None:
        """Note how much memory the records take that `holder` keeps from now on, for this account."""
        before, kept = self._held.pop(holder, (account, 0))
        if memory:
            self._held[holder] = account, memory
        self._take(before, -kept)
        self._take(account, memory)
        if memory < kept:
            self._admit()

    async def _wait(self, account: PersonId, memory: int) -> None:
        turn = trio.Event()
        self._waiting[turn] = account, memory
        try:
            await turn.wait()
        except BaseException:
            if self._waiting.pop(turn, None) is None:  # the turn had come
                self._take(account, -memory)
            self._admit()
            raise

    def _admit(self) -> None:
        """Let those go on who wait, as far as there is room, first the first one of the account that holds least."""
        while self._waiting:
            turn = min(self._waiting, key=lambda one: self._by_account[self._waiting[one][0]])
            account, memory = self._waiting[turn]
            if not self._fits(memory):
                return
            del self._waiting[turn]
            self._take(account, memory)
            turn.set()

    def _fits(self, memory: int) -> bool:
        return not self.taken or self.taken + memory <= self._room

    def _take(self, account: PersonId, memory: int) -> None:
        self.taken += memory
        self._by_account[account] += memory
        if not self._by_account[account]:
            del self._by_account[account]
