"""Reads a parcel as its bytes arrive: finds the part for its reader, opens that chunk by chunk, and passes over the rest."""

from __future__ import annotations

from collections.abc import Sequence

from protocol.boxes import BoxOpener
from protocol.errors import Code, RemoteError
from protocol.limits import FRAME_MAX_BYTES, PARCEL_CHUNK_BYTES
from protocol.parcels.contents import ParcelFrame, SignedOpening, read_parcel_frame
from protocol.parcels.sealing import BOX_BYTES, PARCEL_HEAD_BYTES, Part, boxes_of, open_box, open_chunk, read_head


class ParcelReader:
    """Reads one parcel for the holder of the private letter keys `privates`.

    `receive` takes bytes as they arrive, cut anywhere, and returns the frames that are whole with them; the first is the
    opening, and there is no other. It holds one chunk and one frame at most. RemoteError: VERSION for a parcel of a later
    version, REFUSED where nothing in it is for the reader, FORGED where it was changed, OVERSIZED, MALFORMED and
    OUT_OF_ORDER where it breaks the rules. After an error nothing further is to be passed in; the frames before it hold.
    """

    def __init__(self, privates: Sequence[bytes]) -> None:
        self._openers = [BoxOpener(private) for private in privates]
        self._received = bytearray()
        self._plain = bytearray()
        self._chunks = 0  # of the parcel, once its head was read
        self._boxes_left = 0
        self._seen = 0  # chunks that have gone by
        self._opened = False
        self._part: Part | None = None
        self._frames: list[ParcelFrame] = []
        self.done = False
        """Whether the part has come to its end: the rest of the parcel says nothing to this reader."""

    @property
    def key(self) -> bytes:
        """The key of the part, once its first frame has come."""
        assert self._part is not None, "a part is found before its frames"
        return self._part.key

    def receive(self, data: bytes) -> list[ParcelFrame]:
        """Take in bytes, and return the frames that are whole now; frames before a fault are in `taken`."""
        if self.done:
            return []
        self._received += data
        while self._step():
            pass
        return self.taken()

    def taken(self) -> list[ParcelFrame]:
        """Return the frames that were read and not returned yet, also after an error."""
        frames, self._frames = self._frames, []
        return frames

    def finish(self) -> None:
        """Note that the file has ended. RemoteError MALFORMED if the part is not whole."""
        if not self.done:
            raise RemoteError(Code.MALFORMED, "the parcel is cut short")

    def _step(self) -> bool:
        """Read one thing more; return whether there may be enough for another one."""
        if not self._chunks:
            return self._read_head()
        if self._boxes_left or self._part is None:
            return self._read_box()
        if len(self._received) < PARCEL_CHUNK_BYTES:
            return False
        sealed = self._take(PARCEL_CHUNK_BYTES)
        number = self._seen - self._part.first
        self._seen += 1
        if number >= 0:
            self._plain += open_chunk(self._part.key, number, sealed)
            self._read_frames()
            if number + 1 == self._part.count and not self.done:
                raise RemoteError(Code.MALFORMED, "a part ends within a frame")
        return not self.done

    def _read_head(self) -> bool:
        if len(self._received) < PARCEL_HEAD_BYTES:
            return False
        self._chunks = read_head(self._take(PARCEL_HEAD_BYTES))
        self._boxes_left = boxes_of(self._chunks)
        return True

    def _read_box(self) -> bool:
        if len(self._received) < BOX_BYTES:
            return False
        box = self._take(BOX_BYTES)
        self._boxes_left -= 1
        for opener in self._openers if self._part is None else ():
            self._part = self._part or open_box(box, self._chunks, opener)
        if not self._boxes_left and self._part is None:
            raise RemoteError(Code.REFUSED, "nothing in the parcel is for this reader")
        return True

    def _read_frames(self) -> None:
        while not self.done and len(self._plain) >= 2:
            length = int.from_bytes(self._plain[:2], "big")
            if length > FRAME_MAX_BYTES:
                raise RemoteError(Code.OVERSIZED, f"a frame of {length} bytes")
            if length == 0:
                self.done = True
                self._plain.clear()
                self._received.clear()
                break
            if len(self._plain) < 2 + length:
                return
            frame = read_parcel_frame(bytes(self._plain[2 : 2 + length]))
            del self._plain[: 2 + length]
            if frame is None:
                continue
            if isinstance(frame, SignedOpening) is self._opened:
                raise RemoteError(Code.OUT_OF_ORDER, "a part begins with its opening, and has no other")
            self._opened = True
            self._frames.append(frame)
        if self.done and not self._opened:
            raise RemoteError(Code.OUT_OF_ORDER, "a part without an opening")

    def _take(self, count: int) -> bytes:
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken
