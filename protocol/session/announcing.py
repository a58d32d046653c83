"""Announces new items while a session is live, and asks for announcements of what could not be taken before.

A few announcements may wait for an answer; answers come in order. What is asked for is announced like news, if the other
side may still have it; otherwise nothing is said about it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from protocol.errors import Code, RemoteError
from protocol.limits import AGAIN_PER_MINUTE, HAVE_ITEMS_MAX, HAVES_UNANSWERED_MAX, MINUTE
from protocol.rate import RateLimit
from protocol.session.events import Phase
from protocol.session.peer_set import PeerSet
from protocol.wire.frames import HAVE_PREFIX_BYTES, Again, Have, Want
from protocol.wire.index import Item


class Announcer:
    """Makes and answers announcements of items in the peer's sets. The session drives it while it is live."""

    def __init__(self, peer_sets: Mapping[Phase, PeerSet]) -> None:
        self._peer_sets = peer_sets
        self._unanswered: deque[tuple[Phase, list[Item]]] = deque()
        self._to_ask: dict[Phase, dict[Item, None]] = {phase: {} for phase in Phase}
        self._asking = RateLimit(AGAIN_PER_MINUTE, MINUTE)
        self._asked = RateLimit(2 * AGAIN_PER_MINUTE, MINUTE)

    @property
    def idle(self) -> bool:
        """Whether every announcement of ours has been answered."""
        return not self._unanswered

    def ask_again(self, phase: Phase, items: Iterable[Item]) -> None:
        """Take these items out of the set, and ask the other side to announce those again that were in it.

        Nothing is said about the others: the other side may not know that they are known here.
        """
        self._to_ask[phase].update(dict.fromkeys(self._peer_sets[phase].take_out(items)))

    def ask_for(self, phase: Phase, item: Item) -> None:
        """Ask the other side to announce an item that it could not give, unless very many wait to be asked for."""
        if len(self._to_ask[phase]) < AGAIN_PER_MINUTE:
            self._to_ask[phase][item] = None

    def next_timer(self) -> float | None:
        """Return when more may be asked for; None if nothing waits to be asked for."""
        return self._asking.resets_at if any(self._to_ask.values()) else None

    def new_frames(self, now: float) -> Iterator[Have | Again]:
        """Give the frames to send at `now`: as many announcements as may wait for an answer, and what is asked for."""
        for phase, waiting in self._to_ask.items():
            while waiting and (left := self._asking.left(now)):
                items = list(islice(waiting, min(left, HAVE_ITEMS_MAX)))
                for item in items:
                    del waiting[item]
                if lacking := [
                    item for item in items if item not in self._peer_sets[phase]
                ]:  # others have come meanwhile
                    self._asking.spend(len(lacking), now)
                    yield Again(phase, _short(lacking))
        for phase, peer_set in self._peer_sets.items():
            while peer_set.has_news and len(self._unanswered) < HAVES_UNANSWERED_MAX:
                items = peer_set.next_news()
                self._unanswered.append((phase, items))
                yield Have(phase, _short(items))

    def take_have(self, frame: Have) -> tuple[Want, int]:
        """Return the answer to an announcement, and how many of its items we want. RemoteError MALFORMED."""
        peer_set = self._set_of(frame)
        bits = 0
        for number, (created, prefix) in enumerate(frame.items):
            if peer_set.lacks(created, prefix):
                bits |= 1 << number
        return Want(bits.to_bytes((len(frame.items) + 7) // 8, "little")), bits.bit_count()

    def take_again(self, frame: Again, now: float) -> None:
        """Announce again what the other side asks for. RemoteError MALFORMED, or UNSOLICITED for too much of it."""
        peer_set = self._set_of(frame)
        if not self._asked.spend(len(frame.items), now):
            raise RemoteError(Code.UNSOLICITED, "asks for too much to be announced again")
        for created, prefix in frame.items:
            peer_set.announce_again(created, prefix)

    def _set_of(self, frame: Have | Again) -> PeerSet:
        if frame.phase not in self._peer_sets or not frame.items:
            raise RemoteError(Code.MALFORMED, "an announcement of nothing")
        return self._peer_sets[Phase(frame.phase)]

    def take_want(self, frame: Want) -> tuple[Phase, list[Item]]:
        """Return what the other side wants of our oldest unanswered announcement. RemoteError UNSOLICITED or MALFORMED."""
        if not self._unanswered:
            raise RemoteError(Code.UNSOLICITED, "an answer to no announcement")
        phase, items = self._unanswered.popleft()
        bits = int.from_bytes(frame.bits, "little")
        if len(frame.bits) != (len(items) + 7) // 8 or bits >> len(items):
            raise RemoteError(Code.MALFORMED, "an answer of the wrong length")
        return phase, [item for number, item in enumerate(items) if bits >> number & 1]


def _short(items: Iterable[Item]) -> tuple[tuple[int, bytes], ...]:
    return tuple((created, id_[:HAVE_PREFIX_BYTES]) for created, id_ in items)
