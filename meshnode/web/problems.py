"""Shows an error on the page: what is wrong, and what to do, where that is something other than a command."""

from __future__ import annotations

from typing import Any

from meshnode.errors import Ambiguous, MeshnodeError

_OF_COMMANDS = ("meshnode ", "--")


def problem(error: MeshnodeError) -> dict[str, Any]:
    """Return what a template shows of an error."""
    hint = "" if any(word in error.hint for word in _OF_COMMANDS) else error.hint
    candidates = error.candidates if isinstance(error, Ambiguous) else ()
    return {"message": error.message, "hint": hint, "candidates": list(candidates)}
