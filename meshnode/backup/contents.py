"""Writes and reads the inside of a backup: a tar archive whose first file, manifest.json, names all others with their hashes.

The reader takes nothing on trust, since anybody can seal a file to a key that is public: each name is one that a backup
can have, and sizes and hashes are as the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct, to_builtins

from meshnode.errors import Failed, Refused

WHAT = "meshnode backup"
VERSION = 1
MANIFEST = "manifest.json"
STORE = "store.db"
ENCRYPTION = "encryption.json"  # with the key of an encrypted home, sealed under its passphrase
IDENTITY = "identity.key"
DEVICE = "device.key"
OPEN, SEALED, ELSEWHERE = "open", "sealed", "elsewhere"  # the state of the identity key in a backup
MANIFEST_BYTES_MAX = 64 * 1024  # with the names of a hundred files
FILE_BYTES_MAX = 1024 * 1024  # of a key or the settings, which have some kilobytes
STORE_BYTES_MAX = 4 * 1024 * 1024 * 1024  # more than all that a node keeps for itself and for others
FILES_MAX = 128  # a home has one old key for each time that it was copied
CHUNK = 64 * 1024
_BLOCK = tarfile.BLOCKSIZE
_NAME = re.compile(
    r"encryption\.json|identity\.key|device\.key|device\.old-\d{1,4}\.key|config\.toml|backup\.recipients|store\.db"
)
_TEXT_MAX = 1000  # letters of a name in the manifest; more than any name of a person has


class StoredFile(Struct, frozen=True):
    """A file in a backup: how long it is, and its SHA-256 in hex."""

    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """The beginning of a backup: whose it is, when and by what it was made, and what is in it.

    `made` is in UNIX seconds. `counts` has the number of records by the name of their kind. `identity` is "open", "sealed"
    (by a passphrase of its own), or "elsewhere", on another device.
    """

    made: int
    program: str
    schema: int
    person: str
    name: str
    device: str
    device_name: str
    identity: str
    counts: Mapping[str, int]
    files: Mapping[str, StoredFile]

    @property
    def is_encrypted(self) -> bool:
        """Whether the home in it is encrypted, so that it needs its passphrase."""
        return ENCRYPTION in self.files

    def encoded(self) -> bytes:
        """Return the manifest as it is in the archive."""
        return json.dumps({"what": WHAT, "version": VERSION, **to_builtins(self)}, indent=1).encode() + b"\n"

    @classmethod
    def decoded(cls, data: bytes) -> Manifest:
        """Return the manifest in `data`. Raises Refused for one of a newer version, Failed for anything else."""
        try:
            read: Any = json.loads(data)
        except (ValueError, RecursionError):
            raise damaged() from None
        if not isinstance(read, dict) or read.get("what") != WHAT or not _is_number(read.get("version")):
            raise damaged()
        if read["version"] != VERSION:
            raise Refused("this backup was made by a newer meshnode", "update meshnode, then do this again")
        texts = ("program", "person", "name", "device", "device_name", "identity")
        sound = (
            all(isinstance(read.get(key), str) and len(read[key]) <= _TEXT_MAX for key in texts)
            and all(_is_number(read.get(key)) for key in ("made", "schema"))
            and read["identity"] in (OPEN, SEALED, ELSEWHERE)
            and _are_counts(read.get("counts"))
            and _are_files(read.get("files"))
        )
        if not sound:
            raise damaged()
        files = {name: StoredFile(one["bytes"], one["sha256"]) for name, one in read["files"].items()}
        return cls(
            made=read["made"],
            schema=read["schema"],
            counts=read["counts"],
            files=files,
            **{key: read[key] for key in texts},
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _are_counts(counts: object) -> bool:
    return (
        isinstance(counts, dict)
        and len(counts) <= FILES_MAX
        and all(len(name) <= _TEXT_MAX and _is_number(many) for name, many in counts.items())
    )


def _are_files(files: object) -> bool:
    if not isinstance(files, dict) or len(files) > FILES_MAX or not {STORE, IDENTITY, DEVICE} <= files.keys():
        return False
    for name, one in files.items():
        longest = STORE_BYTES_MAX if name == STORE else FILE_BYTES_MAX
        if not _NAME.fullmatch(name) or not isinstance(one, dict) or not _is_number(one.get("bytes")):
            return False
        if one["bytes"] > longest or not re.fullmatch(r"[0-9a-f]{64}", str(one.get("sha256"))):
            return False
    return True


def damaged() -> Failed:
    """Return the error for a file that is no sound backup."""
    return Failed("this is no backup, or it is damaged", "take another one: nothing was changed")


# --- writing ---------------------------------------------------------------------------------------------------------


def hashed(path: Path) -> StoredFile:
    """Return how long a file is, and its hash."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return StoredFile(file.tell(), digest.hexdigest())


def archive(manifest: Manifest, paths: Mapping[str, Path]) -> Iterator[bytes]:
    """Yield the archive in pieces: the manifest, then each file that it names."""
    encoded = manifest.encoded()
    yield _header(MANIFEST, len(encoded), manifest.made)
    yield _padded(encoded)
    for name, stored in manifest.files.items():
        yield _header(name, stored.bytes, manifest.made)
        with paths[name].open("rb") as file:
            yield from _pieces(file)
        yield bytes(-stored.bytes % _BLOCK)
    yield bytes(2 * _BLOCK)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _header(name: str, size: int, made: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, made, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


# --- reading ---------------------------------------------------------------------------------------------------------


class Unpacker:
    """Takes the archive in pieces, as a file that is written to, and checks it; with `into`, keeps its files there.

    Raises Failed where something is not as it must be, and OSError where a file cannot be kept. `finish` says that all
    has come.
    """

    def __init__(self, into: Path | None) -> None:
        self._into = into
        self._came = bytearray()
        self._left = 0  # bytes of the present file that are still to come
        self._padding = 0
        self._present = ""
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._manifest = bytearray()
        self._awaited: list[str] = [MANIFEST]
        self._ended = False
        self.manifest: Manifest | None = None

    def write(self, data: bytes) -> int:
        """Take the next piece."""
        self._came += data
        while self._step():
            pass
        return len(data)

    def flush(self) -> None:
        """Do nothing: what came was looked at already."""

    def finish(self) -> Manifest:
        """Return the manifest if everything that it names has come."""
        if self.manifest is None or not self._ended or self._came:
            raise damaged()
        return self.manifest

    def close(self) -> None:
        """Close a file that is only partly there."""
        if self._file is not None:
            self._file.close()

    def _step(self) -> bool:
        if self._present:
            return self._take_content()
        if len(self._came) < _BLOCK:
            return False
        block = bytes(self._came[:_BLOCK])
        del self._came[:_BLOCK]
        if self._ended or block == bytes(_BLOCK):
            if block != bytes(_BLOCK) or self._awaited:
                raise damaged()
            self._ended = True
        else:
            self._begin(block)
        return True

    def _begin(self, block: bytes) -> None:
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        except (tarfile.HeaderError, UnicodeError):
            raise damaged() from None
        if not self._awaited or info.name != self._awaited[0] or info.type != tarfile.REGTYPE:
            raise damaged()
        size = MANIFEST_BYTES_MAX if self.manifest is None else self.manifest.files[info.name].bytes
        if info.size > size or (self.manifest is not None and info.size != size):
            raise damaged()
        self._present, self._left, self._padding = self._awaited.pop(0), info.size, -info.size % _BLOCK
        self._digest = hashlib.sha256()
        if self.manifest is not None and self._into is not None:
            self._file = (self._into / self._present).open("xb")

    def _take_content(self) -> bool:
        piece = bytes(self._came[: self._left])
        del self._came[: len(piece)]
        self._left -= len(piece)
        self._digest.update(piece)
        if self.manifest is None:
            self._manifest += piece
        elif self._file is not None:
            self._file.write(piece)
        if self._left or len(self._came) < self._padding:
            return False
        if any(self._came[: self._padding]):
            raise damaged()
        del self._came[: self._padding]
        self._end_file()
        return True

    def _end_file(self) -> None:
        if self.manifest is None:
            self.manifest = Manifest.decoded(bytes(self._manifest))
            self._awaited = list(self.manifest.files)
        elif self._digest.hexdigest() != self.manifest.files[self._present].sha256:
            raise damaged()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._present = ""


class Pieces:
    """Lets an iterator of pieces be read as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all that are left without it; none at the end."""
        if size < 0:
            return bytes(self._rest) + b"".join(self._pieces)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken
