"""Fetches photos over a session, one at a time in each direction, beside all that is compared and handed over.

Who may have a photo is the node's business on both sides: it asks only for what a listing names that the other side may
have, and gives only what a listing names that the other side may have at that moment. What cannot be given, for whichever
reason, is answered alike. Spec: protocol/README.md, "Photos".
"""

from __future__ import annotations

from collections.abc import Callable

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import PersonId
from protocol.limits import MINUTE, PHOTO_FETCHES_PER_MINUTE
from protocol.rate import RateLimit
from protocol.records.photo import PhotoHash, PhotoParts, photo_parts
from protocol.session.events import Event, PhotoReceived, PhotoRequested
from protocol.wire.frames import FetchPhoto, Frame, PhotoPart


class PhotoExchange:
    """The photos that one side asks for, and those that it is asked for. The session passes it the frames.

    The node calls `fetch` while it is `free`, and `give` once for each PhotoRequested. `send` takes the frames to send.
    """

    def __init__(self, send: Callable[[Frame], None]) -> None:
        self._send = send
        self._asked: PhotoParts | None = None
        self._requested: PhotoHash | None = None
        self._fetches = RateLimit(2 * PHOTO_FETCHES_PER_MINUTE, MINUTE)
        self._own_fetches = RateLimit(PHOTO_FETCHES_PER_MINUTE, MINUTE)

    @property
    def idle(self) -> bool:
        """Whether no photo is asked for, and none under way."""
        return self._asked is None and self._requested is None

    def free(self, now: float) -> bool:
        """Whether another photo may be asked for."""
        return self._asked is None and self._own_fetches.left(now) > 0

    def fetch(self, photo: PhotoHash, size: int, author: PersonId, now: float) -> None:
        """Ask for a photo of `size` bytes that a listing of `author` names. LocalError while another one is asked for."""
        if self._asked is not None:
            raise LocalError("another photo is under way")
        self._own_fetches.spend(1, now)
        self._asked = PhotoParts(photo, size, author)
        self._send(FetchPhoto(photo))

    def give(self, data: bytes | None) -> None:
        """Answer the PhotoRequested with the bytes of the photo, or None if it cannot be given. LocalError if there is none."""
        if self._requested is None:
            raise LocalError("no photo is requested")
        photo, self._requested = self._requested, None
        if data is None:
            self._send(PhotoPart(photo, None))
            return
        for part in photo_parts(data):
            self._send(PhotoPart(photo, part))

    def take(self, frame: FetchPhoto | PhotoPart, now: float) -> list[Event]:
        """Take a frame and return the event that it makes, if any.

        RemoteError UNSOLICITED for what was not asked for and for too many requests, MALFORMED for a part of another
        length than is due, FORGED for a photo that is not the one asked for.
        """
        return self._take_request(frame.photo, now) if isinstance(frame, FetchPhoto) else self._take_part(frame)

    def _take_request(self, photo: PhotoHash, now: float) -> list[Event]:
        if self._requested is not None:
            raise RemoteError(Code.UNSOLICITED, "a second photo is asked for before the first was given")
        if not self._fetches.spend(1, now):
            raise RemoteError(Code.UNSOLICITED, "too many photos are asked for")
        self._requested = photo
        return [PhotoRequested(photo)]

    def _take_part(self, part: PhotoPart) -> list[Event]:
        if self._asked is None or part.photo != self._asked.photo:
            raise RemoteError(Code.UNSOLICITED, "a photo that was not asked for")
        data = None if part.data is None else self._asked.add(part.data)
        if part.data is not None and data is None:
            return []
        self._asked = None
        return [PhotoReceived(part.photo, data)]
