"""Keeps a number beside the database that shows when the database is older than what this node has signed.

Every commit with a record that this node wrote raises a counter in the database and then this file, before the record
can be sent to anybody. A database behind its mark was put back from a copy, lost its WAL, or lost its end to a bad
block: version numbers that others have seen would be given out again, so the node must write as a new device. A mark
that is behind its database means nothing: the power failed between the two writes.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

_DIGITS = 20
_LENGTH = _DIGITS + 1 + 8 + 1  # number, space, checksum, newline


class Watermark:
    """The mark of one database: two lines of fixed length, written in turn, so that a torn write loses nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """Return the highest mark that can be read; 0 if there is none."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        return max(_number(data[:_LENGTH]), _number(data[_LENGTH:]))

    def raise_to(self, number: int) -> None:
        """Write the mark and wait until it is on the disk. Raises OSError where that fails."""
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, _line(number), number % 2 * _LENGTH)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            _sync_directory(self._path.parent)


def _line(number: int) -> bytes:
    digits = f"{number:0{_DIGITS}d}"
    return f"{digits} {zlib.crc32(digits.encode()):08x}\n".encode()


def _number(line: bytes) -> int:
    digits = line[:_DIGITS]
    if len(line) == _LENGTH and digits.isdigit() and line == _line(int(digits)):
        return int(digits)
    return 0


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
