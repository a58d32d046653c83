"""Fills the templates of messages. A message catalog would look the templates up here, and nowhere else."""

from __future__ import annotations


def message(template: str, /, **values: object) -> str:
    """Return `template` with its named placeholders filled; braces in the values are left as they are."""
    return template.format(**values) if values else template


def plural(count: int, one: str, many: str, /, **values: object) -> str:
    """Return `one` for a count of 1 and `many` for every other, filled with the values and with the count as `n`."""
    return (one if count == 1 else many).format(n=count, **values)
