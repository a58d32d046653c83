"""The picture of the session's states in the docs is the one that the table of transitions draws."""

from __future__ import annotations

from pathlib import Path

from tests.support.session_picture import picture

PAGE = Path(__file__).parents[3] / "docs" / "session.md"


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    drawn = f"```mermaid\n{picture()}```\n"
    assert drawn in PAGE.read_text(), f"put this into {PAGE.name}:\n{drawn}"
