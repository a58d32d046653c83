"""Who is woken by a commit: links that pass records on, and whoever shows them.

A change is told after its transaction is committed, never before: what a listener sends because of it is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from meshnode.replica.access import AccessKey
from meshnode.store import Row
from protocol import DeviceId, PersonId, Record, RecordId


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit altered.

    `stored` are ids now held, `asked` the questions that those of them pose which came just now; `ended` what is no
    longer held or in use, as it was before; `trust` says whether somebody's policy or certificate changed, which can
    alter who may have anything.
    """

    stored: tuple[RecordId, ...] = ()
    asked: frozenset[AccessKey] = frozenset()
    ended: tuple[Row, ...] = ()
    people: frozenset[PersonId] = frozenset()
    trust: bool = False

    def __bool__(self) -> bool:
        return bool(self.stored or self.ended or self.trust)


class Superseding(NamedTuple):
    """The newest record of a register, for somebody who has shown or may hold an older one, which `device` wrote.

    An empty `device` says that he may hold none, and know nothing of who wrote this one.
    """

    head: Record
    device: DeviceId


Listener = Callable[[Change], None]


class Changes:
    """The list of those who want to hear of commits; they are called on the desk, in the order they came."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every commit that changed something; returns the function that ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, change: Change) -> None:
        """Pass `change` on to everybody; an empty one is nobody's business."""
        if change:
            for listener in tuple(self._listeners):
                listener(change)
