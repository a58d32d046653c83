"""Writes the files that systemd reads: units and what is dropped in beside them, each as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

UNIT_MODE = 0o644


def write(file: Path, text: str) -> None:
    """Write `text` to `file`, whose directories are made where they are missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(UNIT_MODE)
    draft.rename(file)
