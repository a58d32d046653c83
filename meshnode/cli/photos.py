"""Reads the card in a picture that was named instead of a card, such as a photo of a printed one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from meshnode.errors import Usage
from meshnode.qr import photos
from meshnode.text import photos as text

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"}
)  # what phones and screens save


def is_picture(typed: str) -> bool:
    """Whether what was typed names a picture: by how it ends, or as the path of a file that is there."""
    path = _path(typed)
    if typed.lower().startswith(photos.CARD_PREFIX):
        return path.suffix.lower() in SUFFIXES  # a card has no dots
    return path.suffix.lower() in SUFFIXES or (os.sep in typed and path.exists())


def card_in(typed: str) -> str:
    """Return the text of the one card in this picture. Raises Usage, which says what to do next, if there is no such."""
    path = _path(typed)
    return photos.card_in(_content(path), path.name)


def _path(typed: str) -> Path:
    return Path(typed).expanduser() if typed.startswith("~") else Path(typed)


def content(typed: str) -> bytes:
    """Return the bytes of the picture that was typed. Raises Usage if it is none that can be read here."""
    path = _path(typed)
    picture = _content(path)
    if photos.is_heic(picture):
        raise Usage(text.heic(path.name), text.HEIC_HINT)
    return picture


def _content(path: Path) -> bytes:
    """Return the bytes of a file. A pipe or a device is never waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Usage(text.no_file(path.name, reason or ""), text.NO_FILE_HINT) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Usage(text.not_a_file(path.name), text.NO_FILE_HINT)
        if found.st_size > photos.PICTURE_BYTES_MAX:
            raise Usage(text.unreadable(path.name, "large"), text.UNREADABLE_HINT)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(photos.PICTURE_BYTES_MAX)
    finally:
        os.close(descriptor)
