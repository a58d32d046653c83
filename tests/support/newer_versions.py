"""Sends what a node of a newer version of the protocol might: unknown frames, and further fields of known ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from protocol import Code, RemoteError, Value, decode, encode
from protocol.limits import FRAME_MAX_BYTES
from protocol.session import Session, greeting

UNKNOWN_FRAME = encode((99, b"of a newer version", (1, None)))


def with_more_fields(frame: bytes, *further: Value) -> bytes:
    """Return the frame with more fields at its end."""
    fields = decode(frame, max_bytes=FRAME_MAX_BYTES)
    assert isinstance(fields, tuple)
    return encode((*fields, *(further or ("more", (1, 2)))))


class NewerSession(Session):
    """A session that adds fields to every frame it sends, and an unknown frame before each."""

    def frames_to_send(self) -> list[bytes]:
        """Return the frames to send now, each with more fields, behind an unknown one."""
        return extended_frames(super().frames_to_send())


def extended_frames(frames: Sequence[bytes]) -> list[bytes]:
    """Return these frames with more fields, and an unknown frame before each."""
    return [data for frame in frames for data in (UNKNOWN_FRAME, with_more_fields(frame))]


@contextmanager
def nothing_in_common() -> Iterator[None]:
    """Let all nodes find that they have no version of the protocol in common with their peers."""

    def refused(ours: Sequence[int], theirs: Sequence[int]) -> int:
        raise RemoteError(Code.VERSION, f"{theirs} where we have {ours}")

    with patch.object(greeting, "highest_common", refused):
        yield
