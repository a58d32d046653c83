"""Tells the listeners of a node what each committed transaction changed: the catalog, the links to peers, the feed.

A change is published after its transaction was committed, never before: whatever a listener sends because of it is on
the disk. Links are told later still, when the function that made the commit has returned (see `Changes.held`), so that
no conversation is called while it is in the middle of its own work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from msgspec import Struct, field

from meshnode.store import Row
from protocol import DeviceId, PersonId, Record, RecordId
from protocol.session import Base


class Change(Struct, frozen=True):
    """The changes that one committed transaction made.

    `stored` has a row for each record that came or was put to use, as it was at the commit; `ended` has the rows of
    records that are no longer held or no longer in use, as they were before. `people` are those whose certificates,
    policies, joins or profiles were read again, or whom the owner calls by another name. `trust` says whether a certificate, policy or join changed, which can
    alter who may have anything. `exchanges` are the other people of exchanges in which something
    became due, overdue or unanswered as time passed. `asked` says that the owner is asked about a new device, or has
    answered.
    """

    stored: tuple[Row, ...] = ()
    ended: tuple[Row, ...] = ()
    people: frozenset[PersonId] = frozenset()
    trust: bool = False
    exchanges: frozenset[PersonId] = frozenset()
    evicted: Mapping[RecordId, int] = field(default_factory=dict)
    """Those of the `ended` records that made way for others, each with its size in bytes."""
    asked: bool = False
    photos: bool = False
    """Whether the owner looks at photos that are not here."""
    bases: Mapping[RecordId, Base] = field(default_factory=dict)
    """Of `stored` records the older version that they replace, where their bodies may follow from its body in few bytes."""

    def __bool__(self) -> bool:
        return bool(
            self.stored or self.ended or self.people or self.trust or self.exchanges or self.asked or self.photos
        )


class Superseding(NamedTuple):
    """The newest record of a register, for a peer that has shown or may hold an older one.

    `older_device` is the device that wrote the older record. It is empty where the peer may hold no older record and
    may not know the device that wrote the newest.
    """

    newest: Record
    older_device: DeviceId


Listener = Callable[[Change], None]


Call = Callable[[Listener, Change], object]
"""Calls a listener with a change."""


def _call(listener: Listener, change: Change) -> None:
    listener(change)


class Changes:
    """Passes changes on to listeners, in the order of the commits. Used in the store thread only.

    Listeners are called through `call`: a node passes one that lets no listener's error reach the others, nor the caller
    whose commit it was.
    """

    def __init__(self, call: Call = _call) -> None:
        self.delivered = 0
        """The number of changes that listeners were called with, other than at the commit."""
        self._call = call
        self._at_commit: list[Listener] = []
        self._later: list[Listener] = []
        self._waiting: deque[Change] = deque()
        self._holds = 0
        self._delivering = False

    def subscribe(self, listener: Listener, *, at_commit: bool = False) -> Callable[[], None]:
        """Call `listener` with every change from now on; returns the function that ends it.

        A listener with `at_commit` is called as soon as the transaction is committed, in the middle of the function
        that made it: it may take a note, and do nothing else. All others are called when that function has returned.
        """
        listeners = self._at_commit if at_commit else self._later
        listeners.append(listener)

        def unsubscribe() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return unsubscribe

    def publish(self, change: Change) -> None:
        """Pass on what a transaction that is now committed has changed; an empty change is dropped."""
        if not change:
            return
        for listener in tuple(self._at_commit):
            self._call(listener, change)
        self._waiting.append(change)
        if not self._holds:
            self.deliver()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep changes back until the block has ended, also where it fails: what it had committed is passed on then.

        The store thread holds changes back around each function that it runs. Blocks may be nested; the outermost one
        delivers.
        """
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self.deliver()

    def deliver(self) -> None:
        """Call the listeners with every change that was kept back.

        For a caller that holds changes back and has come to a point where nothing of its work is half done. A change
        that a listener makes comes after the one that it was called with.
        """
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._waiting:
                change = self._waiting.popleft()
                self.delivered += 1
                for listener in tuple(self._later):
                    self._call(listener, change)
        finally:
            self._delivering = False
