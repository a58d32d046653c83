"""Seals backups as age files (age-encryption.org/v1), which the standard `age` tool opens, and opens them.

A node seals to public keys alone. A passphrase is put on by the program in which it was typed: it costs a second and much
memory, during which the library lets nothing else in the process go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from meshnode.backup.contents import Pieces, damaged
from meshnode.errors import Failed, Forbidden, MeshnodeError, Refused, Usage, of_system

PASSPHRASE_BYTES_MAX = 256 * 1024 * 1024  # of a backup with a passphrase, which is in memory twice while it is sealed
_HEADER_BYTES = 200  # the first lines, which say how a file is sealed
_SECRET = "AGE-SECRET-KEY-1"


class Sink(Protocol):
    """A file that is written to."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class _Watched:
    """Passes on what is written, and keeps the error: the library puts only its text into one of its own."""

    def __init__(self, sink: Sink | BinaryIO) -> None:
        self._sink = sink
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except (OSError, MeshnodeError) as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        self._sink.flush()


def new_key() -> tuple[str, str]:
    """Return a new secret key and its public key, in age's text form."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient(text: str) -> str:
    """Return the public key in `text`. Raises Usage where it is none, and says so where it is a secret key."""
    import pyrage

    typed = text.strip()
    if typed.upper().startswith(_SECRET):
        raise Usage("this is a secret key, which must stay with you", "give the public key, which begins with age1")
    try:
        return str(pyrage.x25519.Recipient.from_str(typed))
    except pyrage.RecipientError:
        raise Usage("{typed} is not a public key of age", "it begins with age1", typed=repr(typed[:80])) from None


def seal(pieces: Iterable[bytes], file: BinaryIO, recipients: Sequence[str]) -> None:
    """Write the pieces into `file`, readable to those who have the secret key of one of `recipients`."""
    import pyrage

    watched = _Watched(file)
    keys: list[Any] = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    try:
        pyrage.encrypt_io(Pieces(pieces), watched, keys)
    except (pyrage.EncryptError, OSError) as error:
        raise _meant(watched, error) from error


def open_sealed(path: Path, secret: str, into: Sink) -> None:
    """Write what is sealed in the file at `path` into `into`; `secret` is its passphrase, or a secret key.

    Raises Forbidden for another key or passphrase than the file has, Failed where it is damaged, and what `into` raises.
    """
    import pyrage

    watched = _Watched(into)
    try:
        if wants_passphrase(path):
            if secret.strip().upper().startswith(_SECRET):
                raise Forbidden("this backup is sealed with a passphrase, not to a key", "give its passphrase")
            if path.stat().st_size > PASSPHRASE_BYTES_MAX:
                raise damaged()
            watched.write(pyrage.passphrase.decrypt(path.read_bytes(), secret))
        else:
            with path.open("rb") as file:
                pyrage.decrypt_io(_Read(file), watched, [_identity(secret)])
    except (pyrage.DecryptError, OSError) as error:
        raise _meant(watched, error) from error


class _Read:
    """Reads a file by a function of ours: between two calls of it, other threads have their turn."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def _identity(secret: str) -> Any:
    import pyrage

    for line in secret.splitlines():
        if line.strip().upper().startswith(_SECRET):
            try:
                return pyrage.x25519.Identity.from_str(line.strip().upper())
            except pyrage.IdentityError:
                break
    raise Usage("this is not the secret key of a backup", "it begins with AGE-SECRET-KEY-1; copy it whole")


def wants_passphrase(path: Path) -> bool:
    """Whether the file is sealed with a passphrase. Raises Failed if it is no age file, OSError if it cannot be read."""
    with path.open("rb") as file:
        lines = file.read(_HEADER_BYTES).split(b"\n")
    if lines[0] != b"age-encryption.org/v1" or len(lines) < 2:
        raise damaged()
    return lines[1].startswith(b"-> scrypt ")


def with_passphrase(path: Path, secret: str, passphrase: str) -> None:
    """Seal the file at `path`, which `secret` opens, with a passphrase instead, and read it back."""
    import pyrage

    if not passphrase:
        raise Usage("the passphrase is empty", "choose one that nobody guesses")
    if path.stat().st_size > PASSPHRASE_BYTES_MAX:
        raise Refused("this backup is too large for a passphrase", "make a key for your backups, and use that")
    plain = pyrage.decrypt(path.read_bytes(), [_identity(secret)])
    sealed = pyrage.passphrase.encrypt(plain, passphrase)
    if pyrage.passphrase.decrypt(sealed, passphrase) != plain:
        raise damaged()
    path.write_bytes(sealed)


def _meant(watched: _Watched, error: Exception) -> Exception:
    """Return what an error of the library means: that of the writer, another key, or damage."""
    if isinstance(watched.error, OSError):
        return of_system(watched.error)
    if watched.error is not None:
        return watched.error
    if isinstance(error, OSError) and error.errno is not None:
        return of_system(error)
    if str(error) == "No matching keys found":
        return Forbidden("this backup is not sealed to that key", "look for the key that was shown when it was made")
    if str(error) == "Decryption failed":
        return Forbidden("that is not the passphrase", "try again")
    if str(error).startswith("Excessive work"):
        return Failed("this computer is too slow for the passphrase of this backup", "restore it on a faster computer")
    return damaged()
