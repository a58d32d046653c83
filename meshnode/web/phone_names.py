"""Guesses what to call a phone by what its browser says of itself. The owner can call it otherwise."""

from __future__ import annotations

from meshnode.text import phones as text

SAID_MAX = 512  # letters that are looked at


def guessed_name(said: str) -> str:
    """Return a name for the device whose browser calls itself so (the header User-Agent)."""
    for mark, name in text.KINDS.items():
        if mark in said[:SAID_MAX]:
            return name
    return text.ANY_PHONE
