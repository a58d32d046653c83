"""Keeps what a clock knows over a restart of the program, as one line of JSON."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from protocol import limits
from protocol.wire.stratum import MACHINE


class ClockMemory(Struct, frozen=True):
    """The last date that was known, and what ties it to the running time of the machine. Times are UNIX seconds.

    `boot_id` names the start of the machine in which this was written; `offset`, `wall_offset` and `owner_offset` are
    times less the seconds that the machine had run, so they mean nothing after it has started again.
    """

    floor: int = 0
    """The last date that was known; 0 if none ever was."""
    careful: int | None = None
    """The time to delete by, when this was written."""
    boot_id: str = ""
    offset: float | None = None
    """The date last known, less the running time."""
    stratum: int = MACHINE
    """The stratum that it had."""
    wall_offset: float | None = None
    """What the machine's clock showed then, less the running time."""
    owner_offset: float | None = None
    """The date by the owner's word, less the running time; None if the owner has said none."""
    written_at: float = 0.0
    """The running time at which this was written."""
    unsure_since: int | None = None
    """The date at which the node began to go by a time that only one witness, or none, was for."""
    unsure_until: int = 0
    """The latest date that it went by meanwhile."""
    unsure_last: int = 0
    """The date that it went by last; it may have started again with an earlier one."""
    doubted: bool = False
    """Whether the date was in doubt meanwhile."""

    def to_text(self) -> str:
        """Return the line to keep."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | None) -> ClockMemory:
        """Return what a line says that `to_text` has made; nothing is remembered from any other text."""
        try:
            given = json.loads(text or "{}")
        except ValueError:
            return cls()
        return cls(**given) if isinstance(given, dict) and _is_sound(given) else cls()


_OFFSETS = ("offset", "wall_offset", "owner_offset")


def _is_sound(given: dict[str, Any]) -> bool:
    expected = {
        "floor": int,
        "boot_id": str,
        "written_at": int | float,
        "stratum": int,
        "unsure_until": int,
        "unsure_last": int,
        "doubted": bool,
    }
    optional = {"careful": int, "unsure_since": int, **dict.fromkeys(_OFFSETS, int | float)}
    return all(
        isinstance(value, expected[name])
        if name in expected
        else name in optional and _is_number(value, optional[name])
        for name, value in given.items()
    ) and all(abs(value) <= limits.INT_MAX for value in given.values() if isinstance(value, int | float))


def _is_number(value: object, kind: Any) -> bool:
    return value is None or isinstance(value, kind)
