"""Tells a peer the time that this node goes by, and takes note of the time that the peer goes by."""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import PersonId
from protocol.session import ToldTime


class TimeTelling:
    """Tells and hears the time in one conversation. Used on the store thread."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._generation: int | None = None  # of the belief that the peer was told last; None before the first time

    @property
    def is_due(self) -> bool:
        """Whether the time that this node goes by is another one than the peer was told."""
        return self._generation is not None and self._generation != self._replica.clock.generation

    def tell(self) -> ToldTime:
        """Return the time that this node goes by, for the peer, who is told again when it changes."""
        clock = self._replica.clock
        self._generation = clock.generation
        return ToldTime(*clock.told())

    def hear(self, peer: PersonId | None, told: ToldTime) -> None:
        """Take note of the time that the peer, once proved, goes by. It counts if the owner vouches for them."""
        replica = self._replica
        if peer is None:
            return
        vouched = replica.trust_state.graph.weight(replica.me, peer) > 0
        replica.clock.heard(peer, *told, counts=vouched)
