"""The node's log on standard error: a JSON object a line where a program reads it, a short line where a person does.

Whatever peers put into it is inert: control characters and bidirectional marks come out as escapes. What repeats is
counted instead of written, for a peer must not be able to wear out an SD card with it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, TextIO

LINES_PER_MINUTE = 10  # of one event about one peer or address
LINES_PER_MINUTE_ALL = 300
KINDS_REMEMBERED = 512
VALUE_MAX = 2000  # characters
TRACE_MAX = 8000
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "left_out"}


def begin(level: str, *, stream: TextIO | None = None, person: bool | None = None) -> None:
    """Log to `stream` (standard error). `person`: somebody watches, so say less and say it shortly."""
    stream = stream if stream is not None else sys.stderr
    person = stream.isatty() if person is None else person
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ForPeople() if person else ForPrograms())
    handler.addFilter(Sparing())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # A person at a terminal sees the node's own screen; of the log only what is wrong belongs there.
    root.setLevel(logging.WARNING if person and level == "info" else level.upper())


class ForPrograms(logging.Formatter):
    """One JSON object a line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": _short(record.getMessage()),
            "from": record.name,
            **_extra(record),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)[-TRACE_MAX:]  # its end says what happened
        return json.dumps(told)


class ForPeople(logging.Formatter):
    """Time, event and what belongs to it, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [time.strftime("%H:%M:%S", time.localtime(record.created)), _short(record.getMessage())]
        parts += [f"{name}={value}" for name, value in _extra(record).items()]
        if record.exc_info and record.exc_info[0] is not None:
            parts.append(f"({record.exc_info[0].__name__}: {record.exc_info[1]})")
        return json.dumps(" ".join(parts))[1:-1].replace('\\"', '"')


class Sparing(logging.Filter):
    """Lets so many lines of a kind through a minute; the first after that says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._counts: dict[tuple[str, str, str], int] = {}
        self._all = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute, self._all = minute, 0
            self._counts.clear()
        who = getattr(record, "peer", None) or str(getattr(record, "address", "")).rpartition(":")[0]
        kind = (record.name, str(record.msg), str(who))
        if kind not in self._counts and len(self._counts) >= KINDS_REMEMBERED:
            kind = (record.name, str(record.msg), "")
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._all += 1
        if self._counts[kind] > LINES_PER_MINUTE or self._all > LINES_PER_MINUTE_ALL:
            self._left_out += 1
            return False
        if self._left_out:
            record.left_out_before = self._left_out
            self._left_out = 0
        return True


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {
        name: value if isinstance(value, int | float | None) else _short(str(value)) for name, value in given.items()
    }


def _short(text: str) -> str:
    return text if len(text) <= VALUE_MAX else text[:VALUE_MAX] + "..."
