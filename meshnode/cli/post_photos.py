"""`photo`, and the option of that name: gives photos to a post, and saves those of a post as files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from meshnode.cli import names, numbers, output
from meshnode.cli.client import Client, segment
from meshnode.cli.command import Settings, command
from meshnode.cli.photos import content
from meshnode.errors import NotFound, Usage
from meshnode.text import listings as text

WAIT_SECONDS = 10.0  # for photos that are being fetched: a neighbor gives one within a second
LOOK_SECONDS = 0.5


def added(client: Client, given: dict[str, Any], *, preview: bool) -> tuple[dict[str, Any], ...]:
    """Take the files out of the options, and return the photos as the API names them in a post; none for a preview."""
    files, words = given.pop("photos"), given.pop("photo_words")
    if len(words) > len(files):
        raise Usage(text.TOO_FEW_PHOTOS, text.TOO_FEW_PHOTOS_HINT)
    if preview:
        return ()
    words = (*words, *[""] * (len(files) - len(words)))
    sent = [client.send_file("/v1/photos", content(file)) for file in files]
    return tuple({**photo, "words": said} for photo, said in zip(sent, words, strict=True))


def _show_saved(reply: dict[str, Any]) -> None:
    for one in reply["saved"]:
        output.say(text.photo_saved(one["file"], one["words"]))
    if reply["missing"]:
        output.note(text.photos_missing(reply["missing"]))


@command("photo", about=text.PHOTO_HELP, show=_show_saved)
@click.argument("listing", shell_complete=names.listings)
@click.option("--save", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help=text.PHOTO_SAVE)
def photo(call: Settings, listing: str, folder: Path) -> Any:
    client, which = call.client(), segment(numbers.post(call, listing))
    shown, until = client.get(f"/v1/listings/{which}"), time.monotonic() + WAIT_SECONDS
    if not shown["photos"]:
        raise NotFound(text.NO_PHOTOS)
    while not all(one["here"] for one in shown["photos"]) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        shown = client.get(f"/v1/listings/{shown['id']}")
    saved = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(shown["photos"], 1):
        if one["here"]:
            file = folder / f"{shown['id'][:8]}-{number}.webp"
            file.write_bytes(picture_of(client, one["photo"]))
            saved.append({"file": str(file), "words": one["words"]})
    return {"saved": saved, "missing": len(shown["photos"]) - len(saved)}


def picture_of(client: Client, name: str) -> bytes:
    """Return the bytes of the photo of this name."""
    from base64 import b64decode

    return b64decode(client.get(f"/v1/photos/{name}")["data"])
