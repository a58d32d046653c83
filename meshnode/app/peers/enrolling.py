"""Talks with a machine that has used a device code: it asks one question, waits for the owner's word, and has one answer."""

from __future__ import annotations

from collections.abc import Iterable

from meshnode.app.devices import enrolment
from meshnode.replica.replica import Replica
from protocol import Code, RemoteError
from protocol.wire import Bye, Enrol, Enrolled, Responder, decode_known

LOOK_SECONDS = 0.5  # between two looks whether the owner has answered


class Enrolling:
    """The showing device's end of a connection on which the code with this id was used; it gets no session."""

    def __init__(self, replica: Replica, code_id: bytes, channel: Responder) -> None:
        self._replica = replica
        self._code_id = code_id
        self._channel = channel
        self._asked: Enrol | None = None

    @property
    def waits(self) -> bool:
        """Whether the machine has asked, and waits."""
        return self._asked is not None

    def receive(self, frames: Iterable[bytes]) -> Bye | Enrolled | None:
        """Take frames in; return the answer if there is one now. Raises RemoteError for anything but the one question."""
        for frame in map(decode_known, frames):
            if frame is None:
                continue  # from a newer version
            if self._asked is not None or not isinstance(frame, Enrol):
                raise RemoteError(
                    Code.OUT_OF_ORDER, f"{type(frame).__name__} from a machine that is not a device yet"
                )
            self._asked = frame
            return enrolment.answer(
                self._replica,
                self._code_id,
                frame,
                handshake_hash=self._channel.handshake_hash,
                remote_static=self._channel.remote_static,
            )
        return None

    def look(self) -> Bye | Enrolled | None:
        """Return the answer, if the owner has given their word by now or the time for it is over."""
        if self._asked is None:
            return None
        return enrolment.decided(
            self._replica,
            self._code_id,
            self._asked,
            handshake_hash=self._channel.handshake_hash,
            remote_static=self._channel.remote_static,
        )
