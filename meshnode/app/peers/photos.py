"""Gives one peer the photos of listings that it may have, and fetches from it those that are lacking here.

Both go by the served set: what it does not hold is neither given nor asked for, since a question too would tell which
listings are here.
"""

from __future__ import annotations

from meshnode.replica.replica import Replica
from meshnode.replica.served_set import ServedSet
from meshnode.store.photos import Named
from protocol import PhotoHash
from protocol.session import PhotoReceived, PhotoRequested, Session, SessionState

CANDIDATES_AT_ONCE = 200  # photos that are looked at in one step, some 10 ms
AGAIN_SECONDS = 15.0  # until what a peer did not have is asked for again: it may be fetching it itself
SOON_SECONDS = 2.0  # until what another peer was just asked for is looked at again: that one may not have it
AGAIN_SECONDS_MAX = 600.0  # the pause doubles up to this


class PhotoTransfer:
    """The photos of one session. Used in the store thread; times are those of the conversation's clock."""

    def __init__(self, replica: Replica, session: Session, served: ServedSet) -> None:
        self._replica = replica
        self._session = session
        self._served = served
        self._asked: Named | None = None
        self._generation = -1
        self._position = 0
        self._not_there: set[PhotoHash] = set()
        self._again_at: float | None = None
        self._pause = AGAIN_SECONDS
        self._soon = False  # whether something was passed over because another peer is being asked for it
        self._left = False  # whether something was passed over that this peer may have later

    @property
    def due(self) -> float | None:
        """When to call `go_on` at the latest; None if only something new leads on."""
        ready = self._asked is None and self._session.state is SessionState.LIVE
        return self._again_at if ready else None

    def handle(self, event: PhotoRequested | PhotoReceived) -> None:
        """Answer a request, or keep what has come."""
        if isinstance(event, PhotoRequested):
            photos = self._replica.store.photos
            allowed = self._served.allows_any(photos.named_by(event.photo))
            self._session.photos.give(photos.given(event.photo) if allowed else None)
        else:
            self._take(event)

    def _take(self, event: PhotoReceived) -> None:
        replica, asked, self._asked = self._replica, self._asked, None
        replica.photos.queue.ended(event.photo)
        if event.data is None or asked is None:
            self._not_there.add(event.photo)
            return
        if replica.store.photos.named_by(event.photo):  # its listing may have gone meanwhile
            with replica.transaction():
                replica.photos.keep(asked, event.data, replica.clock.now())

    def go_on(self, now: float) -> None:
        """Ask for the next photo that is lacking and that the peer may have, if none is under way."""
        if self._session.state is not SessionState.LIVE or self._asked is not None:
            return
        if not self._session.photos.free(now):
            self._again_at = now + SOON_SECONDS
            return
        queue = self._replica.photos.queue
        lacking = queue.lacking()
        if queue.generation != self._generation:
            self._generation, self._pause = queue.generation, AGAIN_SECONDS
            self._begin_again()
        elif self._again_at is not None and self._again_at <= now:
            if self._position >= len(lacking) and not self._soon:
                self._pause = min(2 * self._pause, AGAIN_SECONDS_MAX)
                self._begin_again()
            elif self._position >= len(lacking):
                self._position, self._soon = 0, False
            self._again_at = None
        end = min(self._position + CANDIDATES_AT_ONCE, len(lacking))
        while self._position < end:
            photo = lacking[self._position]
            self._position += 1
            if self._may_ask_for(photo, now):
                self._asked = photo
                queue.begin(photo.hash, now)
                self._session.photos.fetch(photo.hash, photo.size, photo.author, now)
                return
        if self._position < len(lacking):
            self._again_at = now
        elif self._again_at is None and self._left:
            self._again_at = now + (SOON_SECONDS if self._soon else self._pause)

    def _begin_again(self) -> None:
        self._position, self._again_at = 0, None
        self._not_there.clear()
        self._left = self._soon = False

    def _may_ask_for(self, photo: Named, now: float) -> bool:
        replica = self._replica
        if replica.store.photos.state(photo.hash) is not None or not self._served.allows_any([photo.record]):
            return False
        self._left = True
        if photo.hash in self._not_there or not replica.photos.room.has_room(photo.author, photo.size):
            return False
        free = replica.photos.queue.is_free(photo.hash, now)
        self._soon |= not free
        return free
