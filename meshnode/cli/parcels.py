"""`carry`: writes parcels for people whom no network reaches, and takes in those that they have sent."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import Client, Refusal
from meshnode.cli.command import Answer, CommandGroup, Settings, command
from meshnode.cli.progress import Progress
from meshnode.errors import Failed, NotFound, Refused, Usage
from meshnode.text import parcels as text

MAGIC = b"meshnode parcel"  # with which a parcel begins; a test compares it with the protocol's
SUFFIX = ".parcel"
PIECE_BYTES = 256 * 1024
STANDARD = "-"

carry = CommandGroup("carry", help=text.HELP)


# --- out -------------------------------------------------------------------------------------------------------------


@command("out", about=text.OUT_HELP, group=carry)
@click.argument("file")
@click.option("--for", "people", multiple=True, metavar="PERSON", shell_complete=names.people, help=text.OUT_FOR)
@click.option("--again", is_flag=True, help=text.OUT_AGAIN)
@click.option("--no-photos", is_flag=True, help=text.OUT_NO_PHOTOS)
def carry_out(call: Settings, file: str, people: tuple[str, ...], again: bool, no_photos: bool) -> Any:
    if file == STANDARD and sys.stdout.isatty():
        raise Usage(text.TO_TERMINAL, text.TO_TERMINAL_HINT)
    path = None if file == STANDARD else _new_file(Path(file))
    client = call.client()
    with Progress(str(text.MAKING)) as progress:
        made = client.post_long("/v1/parcels", people=list(people), again=again, photos=not no_photos)
        reply = {**made, "file": None}
        if made["size"]:
            progress.begin(made["size"])
            _write(client, made["id"], path, progress)
            client.put(f"/v1/parcels/{made['id']}")
            reply["file"] = None if path is None else str(path)
    if path is None:
        return _beside_a_parcel(call, reply)
    return Answer(reply, lambda shown: output.say_lines(list(text.written(shown))))


def _beside_a_parcel(call: Settings, reply: dict[str, Any]) -> None:
    """Say on standard error what is in a parcel that went to standard output."""
    if call.json:
        import json

        output.note(json.dumps(reply))
        return
    for line in text.written(reply) if not reply["size"] else text.left_out(reply):
        output.note(line)


def _new_file(path: Path) -> Path:
    """Return the file to write: in a folder, a new one with a name that says nothing. Raises Refused if it is there."""
    if path.is_dir():
        path /= f"{os.urandom(4).hex()}{SUFFIX}"
    if path.exists() or path.is_symlink():
        raise Refused(text.exists(path.name), text.EXISTS_HINT)
    return path


def _write(client: Client, name: str, path: Path | None, progress: Progress) -> None:
    """Write a parcel to a file that is there as a whole or not at all, or to standard output."""
    if path is None:
        _copy(client, name, sys.stdout.buffer, progress)
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with part.open("xb") as file:
            _copy(client, name, file, progress)
            file.flush()
            os.fsync(file.fileno())
        _name(part, path)
    except FileExistsError:
        raise Refused(text.exists(path.name), text.EXISTS_HINT) from None
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, path: Path) -> None:
    """Give a file that is whole its name. Raises FileExistsError where that is taken meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # the file systems of most sticks give a file no second name
        if path.exists():
            raise FileExistsError(path) from None
        part.rename(path)


def _copy(client: Client, name: str, file: IO[bytes], progress: Progress) -> None:
    for piece in client.fetch(f"/v1/parcels/{name}"):
        file.write(piece)
        progress.advance(len(piece))


# --- in --------------------------------------------------------------------------------------------------------------


@command("in", about=text.IN_HELP, group=carry)
@click.argument("file")
def carry_in(call: Settings, file: str) -> Any:
    client = call.client()
    if file == STANDARD:
        with Progress(str(text.TAKING)) as progress:
            taken = [_taken(client, sys.stdin.buffer, None, progress)]
    elif Path(file).is_dir():
        taken = _all_in(client, Path(file))
    else:
        taken = [_from_file(client, Path(file))]
    return Answer({"parcels": taken}, _show)


def _show(reply: dict[str, Any]) -> None:
    for is_taken, line in text.all_taken(reply):
        (output.say if is_taken else output.note)(line)


def _all_in(client: Client, folder: Path) -> list[dict[str, Any]]:
    """Take in all parcels in a folder, the oldest first. One that cannot be taken in keeps no other from it."""
    taken, errors = [], list[Refusal | Failed]()
    for path in _files(folder):
        try:
            if _begins_as_parcel(path):
                taken.append(_from_file(client, path))
        except (Refusal, Failed) as error:
            errors.append(error)
            taken.append(_view(path, problem=error.message, hint=error.hint))
    if not taken:
        raise NotFound(text.no_parcels(folder.name), text.NO_PARCELS_HINT)
    if len(errors) == len(taken):
        raise errors[-1]
    return taken


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder, the oldest first. A link is never followed, and a pipe never waited for."""
    found = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            seen = path.lstat()
            if stat.S_ISREG(seen.st_mode):
                found.append((seen.st_mtime, path))
    return [path for _, path in sorted(found)]


def _begins_as_parcel(path: Path) -> bool:
    with _opened(path) as file:
        return _read(file, len(MAGIC)) == MAGIC


def _from_file(client: Client, path: Path) -> dict[str, Any]:
    with _opened(path) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Usage(text.not_a_file(path.name), text.NOT_A_FILE_HINT)
        with Progress(str(text.TAKING), found.st_size) as progress:
            return _taken(client, file, path, progress)


def _opened(path: Path) -> IO[bytes]:
    """Open a file, without waiting for a pipe; Failed where it cannot be opened."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY), "rb")
    except OSError as error:
        raise Failed(text.cannot_read(error.strerror)) from error


def _read(file: IO[bytes], count: int) -> bytes:
    try:
        return file.read(count)
    except OSError as error:
        raise Failed(text.cannot_read(error.strerror)) from error


def _taken(client: Client, file: IO[bytes], path: Path | None, progress: Progress) -> dict[str, Any]:
    return {**_view(path), **client.send_stream("/v1/parcels/taken", _pieces(file, progress))}


def _pieces(file: IO[bytes], progress: Progress) -> Iterator[bytes]:
    while piece := _read(file, PIECE_BYTES):
        yield piece
        progress.advance(len(piece))


def _view(path: Path | None, *, problem: str | None = None, hint: str = "") -> dict[str, Any]:
    """Return what is said of every parcel; the daemon says the rest of one that was taken in."""
    return {
        "file": None if path is None else str(path),
        "person": None,
        "made": None,
        "records": 0,
        "new": 0,
        "connected": False,
        "again": False,
        "photos": 0,
        "problem": problem,
        "hint": hint,
    }
