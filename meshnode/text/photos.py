"""Texts about cards in pictures."""

from __future__ import annotations

from meshnode.quoting import quoted
from meshnode.text.catalog import message

NO_CODE_HINT = message("take it from closer, straight from the front and in good light, or paste the card's text")
SEVERAL_CARDS_HINT = message("cut the picture down to the card that you want to add")
HEIC_HINT = message("open it and save or export it as JPEG, or take a screenshot of it")
UNREADABLE_HINT = message("save it again as JPEG or PNG, or paste the card's text")
NO_FILE_HINT = message("check its name, or type 'meshnode add' and paste the card's text")
FAULTS = {
    "format": message("{name} is no picture that can be read here"),
    "large": message("the picture {name} is too large"),
    "damaged": message("the picture {name} is damaged"),
}


def no_code(name: str) -> str:
    """Say that a picture has no code that can be read."""
    return message("no QR code can be read in {name}", name=quoted(name))


def other_code(name: str) -> str:
    """Say that the codes in a picture are no cards."""
    return message("the QR code in {name} is no card of meshnode", name=quoted(name))


def several_cards(name: str, count: int) -> str:
    """Say that a picture shows several cards."""
    return message("{name} shows {count} cards", name=quoted(name), count=count)


def heic(name: str) -> str:
    """Say that a picture is in the format of iPhones."""
    return message("{name} is a HEIC picture, which cannot be read here", name=quoted(name))


def unreadable(name: str, fault: str) -> str:
    """Say why a picture cannot be read."""
    return message(FAULTS.get(fault, FAULTS["damaged"]), name=quoted(name))


def no_file(name: str, reason: str) -> str:
    """Say that a file cannot be opened."""
    return message("{name} cannot be opened ({reason})", name=quoted(name), reason=reason.lower())


def not_a_file(name: str) -> str:
    """Say that something is no file with a picture in it."""
    return message("{name} is not a file", name=quoted(name))
