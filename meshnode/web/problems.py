"""Shows an error on the page: what is wrong, and what to do, with a link to where that is done."""

from __future__ import annotations

from typing import Any

from meshnode.errors import Ambiguous, MeshnodeError, Unconfirmed
from meshnode.text.page_steps import step


def problem(error: MeshnodeError) -> dict[str, Any]:
    """Return what a template shows of an error, and the field that it is about. What needs a yes has its button on the form."""
    next_step = step("" if isinstance(error, Unconfirmed) else error.hint)
    candidates = error.candidates if isinstance(error, Ambiguous) else ()
    return {"message": error.message, "next": next_step, "candidates": list(candidates), "field": error.field}
