"""Makes the two ends of an encrypted channel with this device's keys: the one that calls, and the one that listens."""

from __future__ import annotations

from collections.abc import Callable

from meshnode.app.peers.contacts import Dial, PskName, psk_candidates
from meshnode.replica.replica import Replica
from protocol.wire import Initiator, Responder, SeenEphemerals


def calling_channel(replica: Replica, dial: Dial) -> Initiator:
    """Return the end that calls. `dial` says whom, and with which psk."""
    return Initiator(
        static_private=replica.keys.dh_private,
        remote_static=dial.dh_public,
        psk=dial.psk,
        ephemeral_private=replica.entropy(32),
    )


def answering_channel(replica: Replica, seen: SeenEphemerals, ignores: Callable[[PskName], bool]) -> Responder[PskName]:
    """Return the end that listens. A caller with a psk that it `ignores` is one of those who know none."""
    return Responder(
        static_private=replica.keys.dh_private,
        candidates=lambda: [one for one in psk_candidates(replica) if not ignores(one.name)],
        seen=seen,
        ephemeral_private=replica.entropy(32),
    )


def device_code(channel: Initiator | Responder[PskName]) -> bytes | None:
    """Return the id of our device code that the caller has shown; None if it has shown another psk."""
    return channel.psk_name.code if isinstance(channel, Responder) and channel.established else None
