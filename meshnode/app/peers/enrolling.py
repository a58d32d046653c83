"""Talks with a machine that has used a device code: it asks one question, waits for the owner's word, and has one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from meshnode.app.devices import enrolment
from meshnode.replica.replica import Replica
from protocol import Code, RemoteError, limits
from protocol.wire import Bye, Enrol, Enrolled, decode_known

GRACE_SECONDS = 1.0  # after the owner's time is over, until the machine is told


class Enrolling:
    """The showing device's end of a connection on which a device code was used."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._ask: Callable[[Ask], Bye | Enrolled | None] | None = None
        self.until = float("inf")
        """When to `look` at the latest: then the owner's time is over."""

    @property
    def waits(self) -> bool:
        """Whether the machine has asked, and waits."""
        return self._ask is not None

    def receive(
        self, code_id: bytes, channel: EnrolmentChannel, frames: Iterable[bytes], now: float
    ) -> Bye | Enrolled | None:
        """Take in frames of a machine that has used the code with this id; return the answer if there is one now.

        Raises RemoteError for anything but the one question.
        """
        for frame in map(decode_known, frames):
            if frame is None:
                continue  # from a newer version
            if self._ask is not None or not isinstance(frame, Enrol):
                raise RemoteError(Code.OUT_OF_ORDER, f"{type(frame).__name__} from a machine that is not a device yet")
            self._ask = partial(_ask, self._replica, code_id, frame, channel.handshake_hash, channel.remote_static)
            self.until = now + limits.CONFIRM_SECONDS + GRACE_SECONDS
            return self._ask(enrolment.answer)
        return None

    def look(self, now: float) -> Bye | Enrolled | None:
        """Return the answer, if the owner has given their word by now or the time for it is over."""
        self.until = max(self.until, now + GRACE_SECONDS)
        return None if self._ask is None else self._ask(enrolment.decided)


class Ask(Protocol):
    """Answers a machine that has used a device code: `enrolment.answer` and `enrolment.decided`."""

    def __call__(
        self, replica: Replica, code_id: bytes, asked: Enrol, *, handshake_hash: bytes, remote_static: bytes
    ) -> Bye | Enrolled | None: ...


class EnrolmentChannel(Protocol):
    """The part of a channel that the answer depends on."""

    @property
    def handshake_hash(self) -> bytes: ...
    @property
    def remote_static(self) -> bytes: ...


def _ask(
    replica: Replica, code_id: bytes, asked: Enrol, handshake_hash: bytes, remote_static: bytes, ask: Ask
) -> Bye | Enrolled | None:
    return ask(replica, code_id, asked, handshake_hash=handshake_hash, remote_static=remote_static)
