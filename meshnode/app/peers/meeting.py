"""Talks with a machine that has computed the number of our word code: it must prove the words before anything is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from meshnode.app.meetings import shown
from meshnode.app.peers.contacts import PskName
from meshnode.replica.replica import Replica
from protocol import Code, RemoteError
from protocol.wire import (
    Bye,
    Frame,
    Initiator,
    MeetDevice,
    MeetPerson,
    MeetProof,
    MeetStart,
    Responder,
    decode_known,
    encode_frame,
)


class MeetingChannel(Protocol):
    """The part of a channel that a meeting needs."""

    @property
    def handshake_hash(self) -> bytes: ...
    def send(self, plaintext: bytes) -> bytes: ...


def in_meeting(channel: Initiator | Responder[PskName]) -> bool:
    """Whether the caller knows the number of our word code, and nothing else so far."""
    return isinstance(channel, Responder) and channel.established and channel.psk_name.meeting is not None


class AnsweringMeeting:
    """The end that shows a code, on one connection: three questions, three answers. `over` says that it has given the last."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._begun: tuple[MeetStart, MeetStart] | None = None
        """What this end has said to begin the proof, and what the caller has."""
        self._proved = False
        self.over = False

    def receive(self, channel: MeetingChannel, frames: Iterable[bytes]) -> Iterator[bytes]:
        """Take in frames and yield the bytes of the answers. Raises RemoteError for anything but the next question."""
        for frame in map(decode_known, frames):
            if frame is not None and not self.over:  # None: from a newer version
                for answer in self._answer(channel.handshake_hash, frame):
                    yield channel.send(encode_frame(answer))

    def _answer(self, handshake_hash: bytes, frame: Frame) -> Iterator[Frame]:
        match frame:
            case MeetStart() if self._begun is None:
                begun = shown.begin(self._replica)
                if isinstance(begun, MeetStart):
                    self._begun = begun, frame
                answers: tuple[Frame, ...] = (begun,)
            case MeetProof() if self._begun is not None and not self._proved:
                self._proved = True
                answers = shown.prove(self._replica, *self._begun, frame, handshake_hash)
                self.over = any(isinstance(one, MeetProof) and one.purpose != frame.purpose for one in answers)
            case MeetPerson() if self._begun is not None and self._proved:
                answers = (shown.meet(self._replica, self._begun[0], frame, handshake_hash),)
                self.over = True
            case _:
                raise RemoteError(Code.OUT_OF_ORDER, f"{type(frame).__name__} in a meeting")
        self.over = self.over or any(isinstance(one, Bye | MeetDevice) for one in answers)
        yield from answers
