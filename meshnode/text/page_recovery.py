"""Texts of the page about coming back when everything is lost."""

from __future__ import annotations

from typing import Any

from meshnode.text.catalog import message
from meshnode.text.errors import line

DONE = {
    "words": message("That is right. Put the paper in a safe place."),
    "friends": message("Your friends get their shares by message."),
    "unset": message("Your friends are told to delete their shares."),
    "kept": message("It goes on as one of your devices."),
}
SURE = {
    "friends": message("Do you trust these friends so far?"),
    "help": message("Does this friend stand before you?"),
}


def words(reply: dict[str, Any]) -> str:
    """Say whether the recovery words are written down (RecoveryView of the API)."""
    if reply["words_confirmed"]:
        return message("Your recovery words are written down.")
    return message("Write them on paper. They bring you back if this computer is lost or breaks.")


def sentence(part: str) -> str:
    """Return a message or a hint as a sentence."""
    return line(part, "")
