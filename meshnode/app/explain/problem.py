"""Defines a problem of the node, as the status and events report it."""

from __future__ import annotations

from msgspec import Struct

from meshnode.text.catalog import message as said
from meshnode.text.catalog import plural
from protocol import limits


class Problem(Struct, frozen=True):
    """Something that is wrong: a stable code for programs, one line that says what, and one on what to do about it.

    `about` has the ids of the people, posts and devices that it is about.
    """

    code: str
    message: str
    hint: str
    about: tuple[str, ...] = ()


def found_problem(code: str, message: str, hint: str, about: tuple[str, ...] = (), /, **values: object) -> Problem:
    """Return a problem in the language of this call; message and hint are templates, which the values fill."""
    return Problem(code, str(said(message, **values)), str(said(hint, **values)), about)


def days(seconds: int) -> str:
    """Return a length of time in whole days."""
    return plural(max(seconds, 0) // limits.DAY, "1 day", "{n} days")
