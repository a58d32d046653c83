"""Records every plaintext frame that a session of this process sends, in order, with its sender and receiver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from meshnode.app.peers import session_opening
from protocol import DeviceId
from protocol.session import SelfIdentification, Session
from protocol.wire.frames import Frame, Pull, decode_frame


@dataclass(frozen=True)
class Said:
    """One frame: the device that sent it, the X25519 key of the device that it was sent to, and its bytes."""

    device: DeviceId
    to: bytes
    data: bytes

    @property
    def frame(self) -> Frame:
        return decode_frame(self.data)


@dataclass
class Tap:
    """The frames that were sent since the tap was set."""

    said: list[Said] = field(default_factory=list)

    def between(self, device: DeviceId, to: bytes) -> list[bytes]:
        """Return the frames from that device to the holder of that key."""
        return [said.data for said in self.said if (said.device, said.to) == (device, to)]

    def asked_for(self, device: DeviceId, to: bytes) -> int:
        """Return how many of the records offered to that device it has asked for."""
        frames = [decode_frame(data) for data in self.between(device, to)]
        return sum(frame.count for frame in frames if isinstance(frame, Pull))


def set_tap(monkeypatch: pytest.MonkeyPatch) -> Tap:
    """Listen to all sessions begun from now on."""
    tap = Tap()

    class Tapped(Session):
        def __init__(self, *, me: SelfIdentification, remote_static: bytes, **rest: Any) -> None:
            super().__init__(me=me, remote_static=remote_static, **rest)
            self._ends = me.device, remote_static

        def frames_to_send(self) -> list[bytes]:
            frames = super().frames_to_send()
            tap.said += [Said(*self._ends, data) for data in frames]
            return frames

    monkeypatch.setattr(session_opening, "Session", Tapped)
    return tap
