"""The form of questions and answers, which all that answer questions share."""

from __future__ import annotations

from typing import Any

Asked = dict[str, Any]
"""A question: `file`, `do` and the input."""
Told = dict[str, Any]
"""The results in an answer."""


def unhexed(asked: Asked, *names: str) -> list[bytes]:
    """Return the byte strings that the question has under these names."""
    return [bytes.fromhex(asked[name]) for name in names]
