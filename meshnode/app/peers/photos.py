"""Gives one peer the photos of listings that it may have, and fetches from it those that are lacking here.

Both go by the served set: what it does not hold is neither given nor asked for, since a question too would tell which
listings are here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from meshnode.errors import StorageFull
from meshnode.replica.replica import Replica
from meshnode.replica.served_set import ServedSet
from meshnode.store.photos import Named
from protocol import PersonId, PhotoHash
from protocol.session import PhotoReceived, PhotoRequested, Session, SessionState

log = logging.getLogger(__name__)

CANDIDATES_AT_ONCE = 200  # photos that are looked at in one step, some 10 ms
AGAIN_SECONDS = 15.0  # until what a peer did not have is asked for again: it may be fetching it itself
AGAIN_SECONDS_MAX = 600.0  # the pause doubles up to this
NOT_THERE_MAX = 2_000  # photos of which a session remembers that the peer did not have them
EXCHANGED_MAX = 2_000  # photos of which it is remembered, until the next comparison, that the peer has them
SOON_SECONDS = 2.0  # until what another peer was just asked for is looked at again: that one may not have it
ALL_AGAIN_SECONDS = 600.0  # until everything is looked at again: the peer may have more by now, or there may be room


class PhotoTransfer:
    """The photos of one session. Used in the store thread; times are those of the conversation's clock."""

    def __init__(self, replica: Replica, session: Session, served: ServedSet, peer: PersonId) -> None:
        self._replica = replica
        self._session = session
        self._served = served
        self._peer = peer
        self._asked: Named | None = None
        self._generation = -1
        self._candidates: Sequence[Named] = ()
        self._position = 0
        self._later: list[Named] = []  # of the candidates that were looked at, those to look at again
        self._later_at: float | None = None
        self._all_again_at = 0.0
        self._again_at: float | None = None
        self._not_there: dict[PhotoHash, tuple[float, float]] = {}  # until when, and how long the pause was
        self._exchanged: dict[PhotoHash, None] = {}

    @property
    def due(self) -> float | None:
        """When to call `go_on` at the latest; None if only something new leads on."""
        ready = self._asked is None and self._session.state is SessionState.LIVE
        return self._again_at if ready else None

    def handle(self, event: PhotoRequested | PhotoReceived, now: float) -> None:
        """Answer a request, or keep what has come."""
        if isinstance(event, PhotoRequested):
            self._session.photos.give(self._given(event.photo, now))
        else:
            self._take(event, now)

    def _given(self, photo: PhotoHash, now: float) -> bytes | None:
        photos = self._replica.store.photos
        data = photos.given(photo) if self._served.allows_any(photos.named_by(photo)) else None
        if data is None or not self._replica.photos.may_give(self._peer, len(data), now):
            return None
        self._note_exchanged(photo)
        return data

    def take_exchanged(self) -> list[PhotoHash]:
        """Return the photos that were given to the peer or have come from it since this was last asked for."""
        exchanged, self._exchanged = self._exchanged, {}
        return list(exchanged)

    def _note_exchanged(self, photo: PhotoHash) -> None:
        self._exchanged[photo] = None
        while len(self._exchanged) > EXCHANGED_MAX:
            del self._exchanged[next(iter(self._exchanged))]

    def _take(self, event: PhotoReceived, now: float) -> None:
        replica, asked, self._asked = self._replica, self._asked, None
        came = event.data is not None and asked is not None and self._is_kept(asked, event.data)
        if came:
            self._note_exchanged(event.photo)
        else:
            _, pause = self._not_there.pop(event.photo, (0.0, AGAIN_SECONDS / 2))
            pause = min(2 * pause, AGAIN_SECONDS_MAX)
            self._not_there[event.photo] = now + pause, pause
            while len(self._not_there) > NOT_THERE_MAX:
                del self._not_there[next(iter(self._not_there))]
            if asked is not None:
                self._look_later(asked, now + pause)
        replica.photos.queue.ended(event.photo, came=came)

    def _is_kept(self, asked: Named, data: bytes) -> bool:
        """Keep a photo that came, unless its listing has gone meanwhile; return False where it is to be asked for again."""
        replica = self._replica
        if not replica.store.photos.named_by(asked.hash):
            return True
        try:
            with replica.transaction():
                return replica.photos.keep(asked, data, replica.clock.now())
        except StorageFull:  # a photo can wait; the conversation goes on, for what takes something back cannot
            log.warning("the disk is full", extra={"work": "keeping a photo"})
            return False

    # --- asking --------------------------------------------------------------------------------------------------------

    def go_on(self, now: float) -> None:
        """Ask for the next photo that is lacking and that the peer may have, if none is under way."""
        if self._session.state is not SessionState.LIVE or self._asked is not None:
            return
        if not self._session.photos.free(now):
            self._again_at = now + SOON_SECONDS
            return
        queue = self._replica.photos.queue
        lacking = queue.lacking(now)
        if queue.generation != self._generation or now >= self._all_again_at:
            self._generation, self._all_again_at = queue.generation, now + ALL_AGAIN_SECONDS
            self._begin(lacking)
        elif self._position >= len(self._candidates) and self._later_at is not None and self._later_at <= now:
            self._begin(self._later)
        end = min(self._position + CANDIDATES_AT_ONCE, len(self._candidates))
        while self._position < end:
            photo = self._candidates[self._position]
            self._position += 1
            at = self._time_for(photo, now)
            if at is not None and at <= now:
                self._asked = photo
                queue.begin(photo.hash, now)
                self._session.photos.fetch(photo.hash, photo.size, photo.author, now)
                return
            if at is not None:
                self._look_later(photo, at)
        if self._position < len(self._candidates):
            self._again_at = now
        else:
            again = self._all_again_at if lacking else None
            self._again_at = min((at for at in (self._later_at, queue.due, again) if at is not None), default=None)

    def _begin(self, candidates: Sequence[Named]) -> None:
        self._candidates, self._position = candidates, 0
        self._later, self._later_at = [], None

    def _look_later(self, photo: Named, at: float) -> None:
        self._later.append(photo)
        self._later_at = at if self._later_at is None else min(at, self._later_at)

    def _time_for(self, photo: Named, now: float) -> float | None:
        """Return when to ask for this photo, or to look at it again; None if this peer is not to be asked for it."""
        replica = self._replica
        until, _ = self._not_there.get(photo.hash, (now, 0.0))
        if until > now:
            return until
        if replica.photos.queue.free_at(photo.hash, now) > now:
            return now + SOON_SECONDS
        if replica.store.photos.state(photo.hash) is not None or not self._served.allows_any([photo.record]):
            return None
        wanted = replica.photos.queue.is_looked_at(photo.hash)
        return now if replica.photos.room.has_room(photo, wanted=wanted) else now + ALL_AGAIN_SECONDS
