"""Bringing everything up to date at once because somebody asks for it, instead of when its time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import trio

from meshnode.app.peers.sync import Synced
from meshnode.net.peer_link import PeerLink
from protocol import DeviceId, PersonId

LOOK_SECONDS = 2.0  # for those who are not there to be found: an announcement and its answer take less on any LAN
SYNC_SECONDS = 10.0  # in all: what takes longer goes on by itself, and whoever asked is told so
LOOK_EVERY_SECONDS = 0.05


class Meeting(Protocol):
    """A connection to a device whose owner is known."""

    @property
    def link(self) -> PeerLink: ...
    @property
    def person(self) -> PersonId: ...
    @property
    def device(self) -> DeviceId: ...


async def sync(
    standing: Callable[[], Iterable[Meeting]], missing: Callable[[], frozenset[PersonId]]
) -> tuple[tuple[Synced, ...], frozenset[PersonId]]:
    """Compare with all who are connected and wait a while for who is missing; what came of it, and who still is."""
    before = {met.link: (met.link.talk.comparisons, met.link.talk.came) for met in standing()}
    for link in before:
        await link.compare()
    begun = trio.current_time()
    with trio.move_on_after(SYNC_SECONDS):
        while not all(met.link.talk.settled for met in standing()) or (  # noqa: ASYNC110 - nobody tells when all have
            missing() and trio.current_time() < begun + LOOK_SECONDS
        ):
            await trio.sleep(LOOK_EVERY_SECONDS)
    return tuple(_outcome(met, before.get(met.link)) for met in standing()), missing()


def _outcome(met: Meeting, before: tuple[int, int] | None) -> Synced:
    talk = met.link.talk
    comparisons, came = before or (0, 0)
    return Synced(
        person=met.person,
        device=met.device,
        address=str(met.link.origin.address),
        new=before is None,
        compared=talk.comparisons > comparisons,
        done=talk.settled,
        came=talk.came - came,
    )
