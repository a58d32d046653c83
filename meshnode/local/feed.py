"""Publishes events to all who listen: what commits have changed, and what has changed about the network.

No reader has a queue. Each keeps its cursor in the journal of events, so a reader that is slow, or has stopped, costs no
memory. A reader whose next event is no longer in the journal gets a reset.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import trio

from meshnode import background
from meshnode.app.events import PEERS, STATUS, EventView, Journal, Subjects, merged, subjects_of
from meshnode.app.explain.status import NetworkState, NetworkStatus
from meshnode.errors import Refused
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.wakeup import Wakeup
from protocol import person_text

READERS_MAX = 16  # each holds a connection open; no page or program needs more than one
GATHER_SECONDS = 0.2  # a first synchronization commits many times a second; these make one event of each kind
POLL_SECONDS = 1.0  # between two comparisons of the network's state, while anybody listens
CHECK_SECONDS = 30.0  # between two checks whether those who are connected are still there, while anybody listens


class Reader(AsyncIterator[EventView]):
    """Iterates over the events after the one with the number `last`; if that is None (unknown), a reset comes first.

    `anext` may be cancelled and called again without losing an event. A reader must be closed after use.
    """

    def __init__(self, feed: Feed, last: int | None) -> None:
        self._feed = feed
        self._last = last

    @property
    def cursor(self) -> str | None:
        """The id of the last event, with which a later stream resumes; None if it is unknown."""
        return None if self._last is None else self._feed.journal.id_of(self._last)

    async def __anext__(self) -> EventView:
        """Return the next event, after waiting for it if necessary."""
        while True:
            event = self._feed.journal.after(self._last, self._feed.now())
            if event is not None:
                self._last = self._feed.journal.number_of(event.id)
                return event
            await self._feed.wait_for_event()

    def close(self) -> None:
        """End reading, which makes room for another reader."""
        self._feed.remove(self)


class Feed:
    """The events of one node. They are published while `run` runs; all methods belong to the event loop."""

    def __init__(self, replica: Replica, network: NetworkStatus) -> None:
        self.journal = Journal(replica.entropy(4).hex())
        self.now = replica.clock.now
        self._replica = replica
        self._network = network
        self._readers: set[Reader] = set()
        self._changed: Subjects = {}
        self._work = Wakeup()
        self._published = Wakeup()
        self._read = Wakeup()
        self._last_state: NetworkState | None = None

    def listen(self, last_event_id: str | None) -> Reader:
        """Return a new reader of the events from now on, or of those after `last_event_id`.

        Raises Refused if `READERS_MAX` readers are open already.
        """
        if len(self._readers) >= READERS_MAX:
            raise Refused("{readers_max} programs are listening already", "stop one of them", readers_max=READERS_MAX)
        journal = self.journal
        reader = Reader(self, journal.newest if last_event_id is None else journal.number_of(last_event_id))
        self._readers.add(reader)
        self._work.set()  # the network's state is compared only while there is a reader
        self._read.set()
        return reader

    def remove(self, reader: Reader) -> None:
        """Forget a reader that is closed."""
        self._readers.discard(reader)

    async def wait_for_event(self) -> None:
        """Wait until the next events are published."""
        await self._published.wait()

    def report(self, changed: Subjects) -> None:
        """Note that these things have changed; the events follow within `GATHER_SECONDS`."""
        self._changed = merged(self._changed, changed)
        self._work.set()

    async def run(self) -> None:
        """Publish events until cancelled."""
        token = trio.lowlevel.current_trio_token()
        unsubscribe = self._replica.changes.subscribe(partial(self._committed, token))
        try:
            async with trio.open_nursery() as nursery:
                guard = self._replica.guard
                nursery.start_soon(background.run, guard, "checking who is still connected", self._check_peers)
                await self._publish_all()
        finally:
            unsubscribe()

    async def _check_peers(self) -> None:
        while True:
            if self._readers:
                await self._network.check_peers()
                await trio.sleep(CHECK_SECONDS)
            else:
                await self._read.wait()

    async def _publish_all(self) -> None:
        while True:
            with trio.move_on_after(POLL_SECONDS if self._readers else float("inf")):
                await self._work.wait()
            self._compare_network()
            self._publish()
            await trio.sleep(GATHER_SECONDS)

    def _committed(self, token: trio.lowlevel.TrioToken, change: Change) -> None:
        """Report a commit. Runs in the store thread."""
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(self.report, subjects_of(change))

    def _compare_network(self) -> None:
        """Note what has changed about the network since the last comparison."""
        state, last = self._network.state(), self._last_state
        self._last_state = state
        if last is None:
            return
        if state.peers != last.peers:
            moved = set(state.peers) ^ set(last.peers)
            self._changed = merged(self._changed, {PEERS: frozenset(person_text(peer.person) for peer in moved)})
        if _status_of(state) != _status_of(last):
            self._changed = merged(self._changed, {STATUS: None})

    def _publish(self) -> None:
        changed, self._changed = self._changed, {}
        if changed:
            self.journal.add(changed, self.now())
            self._published.set()


def _status_of(state: NetworkState) -> tuple[object, ...]:
    return state.ready, state.addresses, state.announcing, state.problems
