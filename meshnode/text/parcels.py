"""Texts about parcels: files that carry what people may have without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from meshnode.quoting import named, quoted
from meshnode.text import errors, forms
from meshnode.text.catalog import message, plural

HELP = message("Carry what you share to people without a network: as a file on a stick, or by any messenger.")
OUT_HELP = message(
    "Write a parcel: what people may have and are not known to hold, sealed for them.\n\n"
    "FILE is a new file, a folder, or - for standard output."
)
OUT_FOR = message("Make it for this person (repeatable; default: all your contacts and your other computers).")
OUT_AGAIN = message("Carry everything that they may have, also what they are known to hold.")
OUT_NO_PHOTOS = message("Leave out photos, which can make a parcel large.")
IN_HELP = message(
    "Take in a parcel that somebody gave you, or all parcels in a folder.\n\n"
    "FILE is a parcel, a folder, or - for standard input."
)
MAKING = message("Making the parcel")
TAKING = message("Taking it in")
NOTHING_NEW = message("There is nothing new to carry: no parcel was written.")
NO_PARCELS_HINT = message("name the folder that the parcels were copied to")
EXISTS_HINT = message("name a new file, or a folder: what is in the old parcel may not have arrived yet")
TO_TERMINAL = message("a parcel cannot be shown on a terminal")
TO_TERMINAL_HINT = message("name a file, or send the output to one")
NO_PARCEL = message("choose the parcel that you were given")
NOT_A_FILE_HINT = message("name a parcel, a folder with parcels, or - for standard input")


def written(reply: Mapping[str, Any]) -> Iterable[str]:
    """Say what is in a parcel that was written to a file, and who is left out."""
    yield from contents(reply)
    if reply["size"]:
        yield message("Give {file} to them, by hand or by any messenger.", file=quoted(reply["file"] or "-"))


def contents(reply: Mapping[str, Any]) -> Iterable[str]:
    """Say what is in a parcel, and who is left out (ParcelView of the API)."""
    if not reply["size"]:
        yield str(NOTHING_NEW)
    names = _names(reply)
    for one in reply["people"]:
        yield from _for_person(one, names[one["person"]["id"]])
    yield from left_out(reply)


def _for_person(one: Mapping[str, Any], name: str) -> Iterable[str]:
    if one["records"] or not one["photos"]:
        yield plural(one["records"], "For {name}: {n} item.", "For {name}: {n} items.", name=name)
    if one["photos"]:
        yield plural(one["photos"], "For {name}: {n} photo.", "For {name}: {n} photos.", name=name)
    if one["photos_left"]:
        yield plural(
            one["photos_left"],
            "{n} photo is left for the next parcel to {name}.",
            "{n} photos are left for the next parcel to {name}.",
            name=name,
        )


def left_out(reply: Mapping[str, Any]) -> Iterable[str]:
    """Say for whom there is nothing in a parcel."""
    names = _names(reply)
    for one in reply["unreachable"]:
        yield message("{name}: not in it, since none of their computers is known here.", name=names[one["id"]])


def _names(reply: Mapping[str, Any]) -> dict[str, str]:
    return forms.apart([*(one["person"] for one in reply["people"]), *reply["unreachable"]])


def all_taken(reply: Mapping[str, Any]) -> Iterable[tuple[bool, str]]:
    """Say what each of some parcels has brought (the JSON of `carry in`), and whether it was taken in."""
    names = forms.apart(one["person"] for one in reply["parcels"] if one["person"])
    for one in reply["parcels"]:
        if one["problem"] is None:
            yield True, taken(one, names[one["person"]["id"]])
        else:
            yield False, not_taken(PurePath(one["file"]).name, one["problem"], one["hint"])


def taken(reply: Mapping[str, Any], name: str = "") -> str:
    """Say what a parcel has brought; `name` is what its maker is called among several."""
    return " ".join(_brought(reply, name or named(reply["person"]["name"])))


def _brought(reply: Mapping[str, Any], name: str) -> Iterable[str]:
    if reply["connected"]:
        yield message("You and {name} are connected now.", name=name)
    elif reply["new"]:
        yield plural(reply["new"], "From {name}: {n} new item.", "From {name}: {n} new items.", name=name)
    elif not reply["photos"]:
        yield message("From {name}: nothing new.", name=name)
    if reply["photos"]:
        yield plural(reply["photos"], "From {name}: {n} new photo.", "From {name}: {n} new photos.", name=name)


def not_taken(name: str, problem: str, hint: str) -> str:
    """Say why one of several parcels was not taken in."""
    return message("{name}: {problem}", name=quoted(name), problem=errors.line(problem, hint))


def cannot_read(reason: str | None) -> str:
    """Say that the file of a parcel cannot be read."""
    return message("the file cannot be read: {reason}", reason=reason)


def no_parcels(name: str) -> str:
    """Say that a folder has no parcel in it."""
    return message("there is no parcel in {name}", name=quoted(name))


def exists(name: str) -> str:
    """Say that a file would be overwritten."""
    return message("{name} is there already", name=quoted(name))


def not_a_file(name: str) -> str:
    """Say that something can be no parcel."""
    return message("{name} is neither a file nor a folder", name=quoted(name))
