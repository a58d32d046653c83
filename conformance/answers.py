"""Answers the questions of a conformance run with this implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import data, decisions, meetings, parcels, talks
from conformance.asked import Asked, Told
from protocol import RemoteError

OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    **data.OPERATIONS,
    **decisions.OPERATIONS,
    **meetings.OPERATIONS,
    **talks.OPERATIONS,
    **parcels.OPERATIONS,
}
"""The operations that questions name, by the file of vectors."""


def answer(question: Asked) -> dict[str, Any]:
    """Return the answer: the result under `ok`, or the code of the refusal under `refused`."""
    operation = OPERATIONS.get(question["file"], {}).get(question["do"])
    if operation is None:
        return {"unsupported": True}
    try:
        return {"ok": operation(question)}
    except RemoteError as error:
        return {"refused": error.code.name}
