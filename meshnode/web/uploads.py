"""Reads a form that carries files (RFC 7578), in memory: a photo that was chosen never lies in a file of this computer.

Only what browsers send is understood: each part has a name in quotes, and no part is within another.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from meshnode.errors import Usage

TYPE = "multipart/form-data"
PARTS_MAX = 64
HEAD_MAX_BYTES = 2_048
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?$')
_NAME = re.compile(rb'form-data; *name="([^"\r\n]*)"(?:; *filename="([^"\r\n]*)")?', re.IGNORECASE)


class File(NamedTuple):
    """A file that was chosen in a form: its name where it was chosen, and what is in it."""

    name: str
    content: bytes


class Uploaded(NamedTuple):
    """The fields of a form, and its files by the fields that they were chosen in; fields without a file are left out."""

    fields: list[tuple[str, str]]
    files: dict[str, File]


def read(content_type: str, body: bytes) -> Uploaded:
    """Return what a form sends. Raises Usage if it cannot be read."""
    pieces = (b"\r\n" + body).split(delimiter(content_type), PARTS_MAX + 1)
    if pieces[0] or len(pieces) < 2 or pieces[-1].rstrip(b"\r\n") != b"--":
        raise Usage("this form cannot be read")
    uploaded = Uploaded([], {})
    for piece in pieces[1:-1]:
        _take(piece, uploaded)
    return uploaded


def _take(piece: bytes, uploaded: Uploaded) -> None:
    end = piece.find(b"\r\n\r\n", 0, HEAD_MAX_BYTES)
    name, file = named(piece[: max(end, 0)])
    if file is None:
        uploaded.fields.append((name, text(piece[end + 4 :])))
    elif end + 4 < len(piece):
        uploaded.files[name] = File(file, piece[end + 4 :])


def delimiter(content_type: str) -> bytes:
    """Return what is before each part of a form of this type. Raises Usage if the type does not say it."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Usage("this form cannot be read")
    return b"\r\n--" + found[1].encode("ascii")


def named(head: bytes) -> tuple[str, str | None]:
    """Return the name of the field whose part has this head, and that of the file in it; None where it is no file."""
    found = _NAME.search(head) if head.startswith(b"\r\n") else None
    if found is None:
        raise Usage("this form cannot be read")
    return text(found[1]), None if found[2] is None else text(found[2])


def text(sent: bytes) -> str:
    """Return the words in a form. Raises Usage if they are none."""
    try:
        return sent.decode()
    except UnicodeDecodeError:
        raise Usage("this form cannot be read") from None
