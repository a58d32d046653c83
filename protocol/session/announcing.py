"""Announces new items while a session is live. A few announcements may wait for an answer; answers come in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from protocol.errors import Code, RemoteError
from protocol.limits import HAVES_UNANSWERED_MAX
from protocol.session.events import Phase
from protocol.session.peer_set import PeerSet
from protocol.wire.frames import HAVE_PREFIX_BYTES, Have, Want
from protocol.wire.index import Item


class Announcer:
    """Makes and answers announcements of items in the peer's sets. The session drives it while it is live."""

    def __init__(self, peer_sets: Mapping[Phase, PeerSet]) -> None:
        self._peer_sets = peer_sets
        self._unanswered: deque[tuple[Phase, list[Item]]] = deque()

    @property
    def idle(self) -> bool:
        """Whether every announcement of ours has been answered."""
        return not self._unanswered

    def new_frames(self) -> Iterator[Have]:
        """Give the announcements to send now, as many as may wait for an answer."""
        for phase, peer_set in self._peer_sets.items():
            while peer_set.has_news and len(self._unanswered) < HAVES_UNANSWERED_MAX:
                items = peer_set.next_news()
                self._unanswered.append((phase, items))
                yield Have(phase, tuple((created, id_[:HAVE_PREFIX_BYTES]) for created, id_ in items))

    def take_have(self, frame: Have) -> tuple[Want, int]:
        """Return the answer to an announcement, and how many of its items we want. RemoteError MALFORMED."""
        if frame.phase not in self._peer_sets or not frame.items:
            raise RemoteError(Code.MALFORMED, "an announcement of nothing")
        peer_set = self._peer_sets[Phase(frame.phase)]
        bits = 0
        for number, (created, prefix) in enumerate(frame.items):
            if peer_set.lacks(created, prefix):
                bits |= 1 << number
        return Want(bits.to_bytes((len(frame.items) + 7) // 8, "little")), bits.bit_count()

    def take_want(self, frame: Want) -> tuple[Phase, list[Item]]:
        """Return what the other side wants of our oldest unanswered announcement. RemoteError UNSOLICITED or MALFORMED."""
        if not self._unanswered:
            raise RemoteError(Code.UNSOLICITED, "an answer to no announcement")
        phase, items = self._unanswered.popleft()
        bits = int.from_bytes(frame.bits, "little")
        if len(frame.bits) != (len(items) + 7) // 8 or bits >> len(items):
            raise RemoteError(Code.MALFORMED, "an answer of the wrong length")
        return phase, [item for number, item in enumerate(items) if bits >> number & 1]
