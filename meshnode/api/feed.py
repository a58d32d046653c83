"""Passes on changes to every program that listens: commits, and changes of the network's state.

Readers have no queues. Each reader has a position in the journal, so one that reads slowly, or not at all, costs no
memory; if the journal has dropped events that it has not read, it gets a reset.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import trio

from meshnode.app.events import PEERS, STATUS, EventView, Journal, kinds_of
from meshnode.app.explain.status import NetworkState, NetworkStatus
from meshnode.errors import Refused
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.wakeup import Wakeup

READERS_MAX = 16  # each holds a connection open; no page or program needs more than one
GATHER_SECONDS = 0.2  # a first synchronization commits many times a second: what comes meanwhile is told together
LOOK_SECONDS = 1.0  # between two looks at the network, while anybody listens


class Reader(AsyncIterator[EventView]):
    """One who listens, from the event of `number` on (None: from one that is not known). Close it when he has gone."""

    def __init__(self, feed: Feed, number: int | None) -> None:
        self._feed = feed
        self._number = number

    @property
    def place(self) -> str | None:
        """The id by which he could come back to where he stands."""
        return None if self._number is None else self._feed.journal.id_of(self._number)

    async def __anext__(self) -> EventView:
        """The next event; it may be waited for with a deadline, and asked for again."""
        while True:
            event = self._feed.journal.after(self._number, self._feed.now())
            if event is not None:
                self._number = self._feed.journal.number_of(event.id)
                return event
            await self._feed.new_event()

    def close(self) -> None:
        """He has gone."""
        self._feed.leave(self)


class Feed:
    """The events of one node. `run` has to run for anything to come; all else is called on the event loop."""

    def __init__(self, replica: Replica, network: NetworkStatus) -> None:
        self.journal = Journal(replica.entropy(4).hex())
        self.now = replica.clock.now
        self._replica = replica
        self._network = network
        self._readers: set[Reader] = set()
        self._heard: set[str] = set()
        self._heard_something = Wakeup()
        self._new_event = Wakeup()
        self._seen: NetworkState | None = None

    def listen(self, last_event_id: str | None) -> Reader:
        """A new reader: from now on, or from where he left off. Refused where too many listen."""
        if len(self._readers) >= READERS_MAX:
            raise Refused(f"{READERS_MAX} programs are listening already", "stop one of them")
        journal = self.journal
        reader = Reader(self, journal.newest if last_event_id is None else journal.number_of(last_event_id))
        self._readers.add(reader)
        self._heard_something.set()  # there is somebody to look at the network for
        return reader

    def leave(self, reader: Reader) -> None:
        """This reader has gone."""
        self._readers.discard(reader)

    async def new_event(self) -> None:
        """Wait for the next event."""
        await self._new_event.wait()

    def hear(self, kinds: frozenset[str]) -> None:
        """These kinds changed."""
        self._heard |= kinds
        self._heard_something.set()

    async def run(self) -> None:
        """Pass on what is heard until cancelled."""
        token = trio.lowlevel.current_trio_token()
        unsubscribe = self._replica.changes.subscribe(partial(self._committed, token))
        try:
            while True:
                with trio.move_on_after(LOOK_SECONDS if self._readers else float("inf")):
                    await self._heard_something.wait()
                self._look()
                self._tell()
                await trio.sleep(GATHER_SECONDS)
        finally:
            unsubscribe()

    def _committed(self, token: trio.lowlevel.TrioToken, change: Change) -> None:
        """Report a commit; runs on the store thread."""
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(self.hear, kinds_of(change))

    def _look(self) -> None:
        """What changed about the network since somebody looked last."""
        state, seen = self._network.state(), self._seen
        self._seen = state
        if seen is None:
            return
        if state.peers != seen.peers:
            self._heard.add(PEERS)
        if (state.ready, state.addresses, state.announcing, state.problems) != (
            seen.ready,
            seen.addresses,
            seen.announcing,
            seen.problems,
        ):
            self._heard.add(STATUS)

    def _tell(self) -> None:
        heard, self._heard = self._heard, set()
        if heard:
            self.journal.add(heard, self.now())
            self._new_event.set()
