"""Compares with everybody at once because the owner asks for it, instead of when the next comparison is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from meshnode.app.peers.sync import Synced
from meshnode.net.peer_link import ConnectedPeer
from protocol import PersonId

LOOK_SECONDS = 2.0  # for missing people: an announcement and its answer take less on any local network
SYNC_SECONDS = 10.0  # in all: longer transfers go on by themselves, and the result says so
POLL_SECONDS = 0.05


async def sync_now(
    connected: Callable[[], Iterable[ConnectedPeer]], missing: Callable[[], frozenset[PersonId]]
) -> tuple[tuple[Synced, ...], frozenset[PersonId]]:
    """Compare with everybody who is connected, and wait a while for those who are missing.

    `connected` and `missing` return the state of the moment. Returns one result for each connection, and the people who
    are still missing, after SYNC_SECONDS at most. May be cancelled: comparisons that have begun go on.
    """
    before = {peer.link: _progress(peer) for peer in connected()}
    for link in before:
        await link.compare()
    begun = trio.current_time()
    with trio.move_on_after(SYNC_SECONDS):
        while not all(peer.link.conversation.settled for peer in connected()) or (  # noqa: ASYNC110 - no event says so
            missing() and trio.current_time() < begun + LOOK_SECONDS
        ):
            await trio.sleep(POLL_SECONDS)
    return tuple(_result(peer, before.get(peer.link)) for peer in connected()), missing()


def _progress(peer: ConnectedPeer) -> tuple[int, int]:
    """Return how many comparisons this connection has finished, and how many new records it has brought."""
    return peer.link.conversation.comparisons, peer.link.conversation.came


def _result(peer: ConnectedPeer, before: tuple[int, int] | None) -> Synced:
    compared_before, came_before = before or (0, 0)
    compared, came = _progress(peer)
    return Synced(
        person=peer.person,
        device=peer.device,
        address=str(peer.link.origin.address),
        new=before is None,
        compared=compared > compared_before,
        done=peer.link.conversation.settled,
        came=came - came_before,
    )
