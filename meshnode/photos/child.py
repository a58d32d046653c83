"""Runs the child process that makes pictures again, one at a time, and believes nothing but the length of its answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

import trio

from meshnode.errors import Failed, Field, Usage
from protocol.limits import PHOTO_BYTES_MAX, THUMBNAIL_BYTES_MAX

PICTURE_BYTES_MAX = 24 * 1024 * 1024  # of a picture that is added: phones make photos of 4 to 20 MB
MEDIA_TYPE = "image/webp"  # of all that is made here
SECONDS = 50.0  # until the child is given up, however busy the computer is
LENGTH_BYTES = 4
ANSWER_BYTES_MAX = 8 * (PHOTO_BYTES_MAX + LENGTH_BYTES)
READ_BYTES = 65_536
WHY = {
    "format": ("this is no photo that can be read", "take a JPEG, PNG, WebP or GIF file"),
    "large": ("this photo is too large", "make it smaller first, or take a picture of it on the screen"),
}
# A picture of one pixel: it tells a bad photo from a machine that can decode none.
SOUND = bytes.fromhex("524946461a000000574542505650384c0e0000002f00000000071011fd0f4444ff03")
DAMAGED = ("this photo cannot be read: the file is damaged or cut short", "take another copy of it")

_one_at_a_time = trio.CapacityLimiter(1)  # each may take MEMORY_BYTES of `boxed`


class Made(NamedTuple):
    """A photo and its thumbnail, as their listing will name them: WebP, and nothing else in them."""

    photo: bytes
    thumbnail: bytes


async def add(picture: bytes) -> Made:
    """Return a picture of the owner's, made small. Raises Usage if it is none, or too large."""
    if len(picture) > PICTURE_BYTES_MAX:
        raise Usage(*WHY["large"], field=Field.PHOTOS)
    parts = _parts(await _run("add", picture))
    if len(parts) == 2 and _is_whole(parts[0], PHOTO_BYTES_MAX) and _is_whole(parts[1], THUMBNAIL_BYTES_MAX):
        return Made(*parts)
    word = parts[1].decode("ascii", "replace") if len(parts) == 2 and not parts[0] else ""
    raise Usage(*WHY.get(word, DAMAGED), field=Field.PHOTOS)


async def show(photos: Sequence[bytes]) -> list[bytes | None]:
    """Return each of these photos, of one author, as it is shown; None for one that cannot be decoded.

    Raises Failed where no photo at all can be decoded on this machine now, and leaves them for later.
    """
    made = await _show(photos)
    if made is None and len(photos) > 1:  # the child was stopped at one of its limits: find out which one it was
        return [(await show([photo]))[0] for photo in photos]
    if made is None and await _show([SOUND]) is None:
        raise Failed(
            "no photo can be looked at: the program that decodes them does not run here",
            "it needs 768 MB of address space; your posts and those of others are not touched",
        )
    return [None] * len(photos) if made is None else made


async def _show(photos: Sequence[bytes]) -> list[bytes | None] | None:
    given = b"".join(len(photo).to_bytes(LENGTH_BYTES, "big") + photo for photo in photos)
    parts = _parts(await _run("show", given))
    if len(parts) != len(photos):
        return None
    return [part if _is_whole(part, PHOTO_BYTES_MAX) else None for part in parts]


def _is_whole(made: bytes, most: int) -> bool:
    """Whether this is one WebP file of at most so many bytes, and nothing behind it."""
    return (
        len(made) <= most
        and made[:4] == b"RIFF"
        and made[8:12] == b"WEBP"
        and int.from_bytes(made[4:8], "little") + 8 == len(made)
    )


def _parts(answer: bytes) -> list[bytes]:
    """Return the parts of an answer, none if it is cut short."""
    parts = []
    while answer:
        end = LENGTH_BYTES + int.from_bytes(answer[:LENGTH_BYTES], "big")
        if len(answer) < end:
            return []
        parts.append(answer[LENGTH_BYTES:end])
        answer = answer[end:]
    return parts


async def _run(what: str, given: bytes) -> bytes:
    """Return what the child answers; empty if it was stopped, or says too much."""
    command = [sys.executable, "-P", "-m", "meshnode.photos.remake", what]
    async with _one_at_a_time, trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        answer = b""
        try:
            with trio.move_on_after(SECONDS):
                nursery.start_soon(_feed, process, given)
                answer = await _read(process)
                await process.wait()
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
        nursery.cancel_scope.cancel()
    return answer if process.returncode == 0 else b""


async def _feed(process: trio.Process, given: bytes) -> None:
    assert process.stdin is not None
    try:
        async with process.stdin:
            await process.stdin.send_all(given)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # it ended before it had read all: its answer says why


async def _read(process: trio.Process) -> bytes:
    assert process.stdout is not None
    answer = bytearray()
    async with process.stdout:
        async for some in process.stdout:
            answer += some
            if len(answer) > ANSWER_BYTES_MAX:
                return b""
    return bytes(answer)
