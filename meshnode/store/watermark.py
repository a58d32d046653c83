"""A number beside the database that tells when the database is older than what this node has signed.

Every commit that holds a record of our own hand raises a counter inside the database, and then this file, before the
record can be sent to anybody. If the database is found behind its mark (its WAL was deleted, an older copy was put
back, its end was lost to a bad block), version numbers that others have seen would be given out a second time: the
node must then write as a new device. A mark that is behind its database means nothing; the power went between the two.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

_DIGITS = 20
_LENGTH = _DIGITS + 1 + 8 + 1  # number, space, checksum, newline


class Watermark:
    """The mark of one database: two lines of fixed length, overwritten in turn, so that a torn one costs nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """The highest mark that can be read; 0 if there is none."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        return max(_number(data[:_LENGTH]), _number(data[_LENGTH:]))

    def raise_to(self, number: int) -> None:
        """Write the mark and wait until it is on the disk. OSError where it cannot be."""
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
