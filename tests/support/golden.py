"""Reads the golden vectors from the files that other implementations use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import protocol

DIRECTORY = Path(protocol.__file__).parent / "vectors"


def golden(name: str) -> Any:
    """Return the content of the file `name` of protocol/vectors."""
    return json.loads((DIRECTORY / name).read_text(encoding="utf-8"))
