"""Defines a problem of the node, as the status and events report it."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import limits


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: a stable code for programs, one line that says what, and one on what to do about it.

    `about` has the ids of the people, posts and devices that it is about.
    """

    code: str
    message: str
    hint: str
    about: tuple[str, ...] = ()


def days(seconds: int) -> str:
    """Return a length of time in whole days."""
    count = max(seconds, 0) // limits.DAY
    return "1 day" if count == 1 else f"{count} days"
