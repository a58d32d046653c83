"""What came of looking for everybody and comparing with all who are there, in words and names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from meshnode.app.naming import PersonRef, reference
from meshnode.replica.replica import Replica
from protocol import DeviceId, PersonId


@dataclass(frozen=True, slots=True)
class Synced:
    """One session during a sync: whose, where, whether it is new, was compared, is done, and how many records came."""

    person: PersonId
    device: DeviceId
    address: str
    new: bool
    compared: bool
    done: bool
    came: int


@dataclass(frozen=True, slots=True)
class SyncedView:
    """What came of one session.

    `new` says that it was made just now; `compared` that both sides went through all they hold for each other, which
    they do no oftener than every minute, and the one that was called leaves to the other; `came` counts the records that
    were new here, `done` is false where more are on their way.
    """

    id: str
    name: str
    address: str
    new: bool
    compared: bool
    done: bool
    came: int


@dataclass(frozen=True, slots=True)
class SyncView:
    """What came of all sessions, by name, and which of the people you are in touch with were not met."""

    peers: tuple[SyncedView, ...]
    missing: tuple[PersonRef, ...]


def report(replica: Replica, synced: Collection[Synced], missing: Collection[PersonId]) -> SyncView:
    """The outcome with names."""
    views = [_view(reference(replica, each.person), each) for each in synced]
    absent = [reference(replica, person) for person in missing]
    return SyncView(
        peers=tuple(sorted(views, key=lambda view: (view.name.casefold(), view.id, view.address))),
        missing=tuple(sorted(absent, key=lambda person: (person.name.casefold(), person.id))),
    )


def _view(person: PersonRef, each: Synced) -> SyncedView:
    return SyncedView(person.id, person.name, each.address, each.new, each.compared, each.done, each.came)
