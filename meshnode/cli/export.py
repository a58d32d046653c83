"""`export`: everything that is yours, as one document, and the photos of your posts as files beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from meshnode.cli import apart, output
from meshnode.cli.client import Client
from meshnode.cli.command import Settings, command
from meshnode.cli.post_photos import picture_of
from meshnode.text import listings as listings_text
from meshnode.text import program as text


def _show(reply: Any) -> None:
    output.script(json.dumps(reply, indent=2))


@command("export", about=text.EXPORT_HELP, show=_show)
@click.option("--photos", "folder", type=click.Path(file_okay=False, path_type=Path), help=text.EXPORT_PHOTOS)
def export(call: Settings, folder: Path | None) -> Any:
    client = apart.client(call)
    reply = client.get("/v1/export")
    if folder is not None:
        saved, missing = _save(client, reply, folder)
        if not call.json:
            output.note(listings_text.photos_exported(saved, str(folder)))
        if missing and not call.json:
            output.note(listings_text.photos_missing(missing))
    return reply


def _save(client: Client, reply: Any, folder: Path) -> tuple[int, int]:
    """Save the photos of one's own posts, one at a time, under their names; return how many, and how many are not here."""
    photos = {one["photo"]: one["here"] for post in (*reply["listings"], *reply["ended"]) for one in post["photos"]}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # like the document, they are for the owner alone
    here = [name for name, is_here in photos.items() if is_here]
    for name in here:
        (folder / f"{name}.webp").write_bytes(picture_of(client, name))
    return len(here), len(photos) - len(here)
