"""Keeps the frames of a session that wait to be sent, encoded, and counts their bytes."""

from __future__ import annotations

from protocol.wire.frames import Frame, encode_frame


class Outbox:
    """The frames to send, in order. The session and its parts put them in, and the session empties it."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self.size = 0
        """How many bytes wait."""

    def __bool__(self) -> bool:
        """Whether a frame waits."""
        return bool(self._frames)

    def send(self, frame: Frame) -> None:
        """Put a frame in."""
        data = encode_frame(frame)
        self._frames.append(data)
        self.size += len(data)

    def take(self) -> list[bytes]:
        """Return the frames that wait, each once."""
        frames, self._frames, self.size = self._frames, [], 0
        return frames
