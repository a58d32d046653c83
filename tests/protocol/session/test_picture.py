"""The picture of the session's states in the docs, and the table in the specification, are what the code's tables draw."""

from __future__ import annotations

from pathlib import Path

import protocol
from tests.support.session_picture import picture, rows

PAGE = Path(__file__).parents[3] / "docs" / "session.md"
SPECIFICATION = Path(protocol.__file__).parent / "README.md"


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    drawn = f"```mermaid\n{picture()}```\n"
    assert drawn in PAGE.read_text(), f"put this into {PAGE.name}:\n{drawn}"


def test_the_specification_has_the_table_of_states_as_the_code_has_it() -> None:
    drawn = "".join(f"{row}\n" for row in rows())
    assert drawn in SPECIFICATION.read_text(), f"put this into {SPECIFICATION.name}:\n{drawn}"
