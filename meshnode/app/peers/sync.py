"""Reports in words and names what a sync has done: it looks for everybody and compares with all who are there."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from meshnode.app.naming import PersonRef, reference
from meshnode.replica.replica import Replica
from protocol import DeviceId, PersonId


class Synced(Struct, frozen=True):
    """One session during a sync: with which device, at which address, and what it has done.

    `new` says that the session was made during the sync, `compared` that both sides compared all they hold, `done` that
    nothing is left to hand over; `came` counts the records that were new here.
    """

    person: PersonId
    device: DeviceId
    address: str
    new: bool
    compared: bool
    done: bool
    came: int


class SyncedView(Struct, frozen=True):
    """One session during a sync.

    `new` says that it was made just now. `compared` says that both sides compared all they hold for each other; they do
    so at most once a minute, and the side that was called leaves it to the other. `came` counts the records that were
    new here; `done` is false while more are on their way.
    """

    id: str
    name: str
    address: str
    new: bool
    compared: bool
    done: bool
    came: int


class SyncView(Struct, frozen=True):
    """All sessions of a sync, by name, and the people you are in touch with who were not met."""

    peers: tuple[SyncedView, ...]
    missing: tuple[PersonRef, ...]


def report(replica: Replica, synced: Collection[Synced], missing: Collection[PersonId]) -> SyncView:
    """Return the result of a sync with names."""
    views = [_view(reference(replica, each.person), each) for each in synced]
    absent = [reference(replica, person) for person in missing]
    return SyncView(
        peers=tuple(sorted(views, key=lambda view: (view.name.casefold(), view.id, view.address))),
        missing=tuple(sorted(absent, key=lambda person: (person.name.casefold(), person.id))),
    )


def _view(person: PersonRef, each: Synced) -> SyncedView:
    return SyncedView(person.id, person.name, each.address, each.new, each.compared, each.done, each.came)
