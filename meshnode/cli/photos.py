"""Finds the card in a picture, such as a photo of a printed card: a child process reads the codes, see `photo_reader`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from meshnode.errors import Usage
from meshnode.text import photos as text

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"}
)  # what phones and screens save
PICTURE_BYTES_MAX = 64 * 1024 * 1024  # the largest photos of phones have half of it
SECONDS = 30.0  # until the child is given up, however busy the computer is
ANSWER_LETTERS_MAX = 1024 * 1024  # of the child's answer, in which JSON may write a letter with six
CARD_PREFIX = "mesh1"
READER = Path(__file__).with_name("photo_reader.py")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")


def is_picture(typed: str) -> bool:
    """Whether what was typed names a picture: by how it ends, or as the path of a file that is there."""
    path = _path(typed)
    if typed.lower().startswith(CARD_PREFIX):
        return path.suffix.lower() in SUFFIXES  # a card has no dots
    return path.suffix.lower() in SUFFIXES or (os.sep in typed and path.exists())


def card_in(typed: str) -> str:
    """Return the text of the one card in this picture. Raises Usage, which says what to do next, if there is no such."""
    path = _path(typed)
    codes = _codes(path)
    cards = [code.lower() for code in codes if code.lower().startswith(CARD_PREFIX)]
    if len(cards) > 1:
        raise Usage(text.several_cards(path.name, len(cards)), text.SEVERAL_CARDS_HINT)
    if not cards:
        raise Usage(text.other_code(path.name) if codes else text.no_code(path.name), text.NO_CODE_HINT)
    return cards[0]


def _path(typed: str) -> Path:
    return Path(typed).expanduser() if typed.startswith("~") else Path(typed)


def _codes(path: Path) -> list[str]:
    picture = content(os.fspath(path))
    try:
        ended = subprocess.run(
            [sys.executable, "-P", os.fspath(READER)],
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        found = json.loads(ended.stdout[:ANSWER_LETTERS_MAX])
        fault, codes = found.get("fault"), [code for code in found.get("codes", ()) if isinstance(code, str)]
    except (subprocess.TimeoutExpired, ValueError, AttributeError, TypeError):  # it was stopped at one of its limits
        fault, codes = "damaged", []
    if fault is not None:
        raise Usage(text.unreadable(path.name, str(fault)), text.UNREADABLE_HINT)
    return codes


def content(typed: str) -> bytes:
    """Return the bytes of the picture that was typed. Raises Usage if it is none that can be read here."""
    path = _path(typed)
    picture = _content(path)
    if picture[4:8] == b"ftyp" and picture[8:12] in HEIC_BRANDS:
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
        if found.st_size > PICTURE_BYTES_MAX:
            raise Usage(text.unreadable(path.name, "large"), text.UNREADABLE_HINT)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(PICTURE_BYTES_MAX)
    finally:
        os.close(descriptor)
