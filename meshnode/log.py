"""Writes the node's log to standard error: one JSON object a line for programs, one short line for people.

For systemd's journal the priority goes before the object, as the journal reads it.

Text from peers is inert: control characters and bidirectional marks are written as escapes. Repeated lines are counted
instead of written, so that no peer can wear out an SD card.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, TextIO

from meshnode.service_manager import is_journal
from protocol import RateLimit

LINES_PER_MINUTE = 10  # for one event about one peer or host
LINES_PER_MINUTE_ALL = 300
KINDS_REMEMBERED = 512
VALUE_MAX = 2000  # characters
TRACE_MAX = 8000
MINUTE = 60.0
_DEBUG = 7
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime"}


def set_up(level: str, *, stream: TextIO | None = None, person: bool | None = None) -> None:
    """Log to `stream` (None: standard error). `person`: for a person (None: if `stream` is a terminal), so less of it."""
    stream = stream if stream is not None else sys.stderr
    person = stream.isatty() if person is None else person
    handler = logging.StreamHandler(stream)
    if person:
        handler.setFormatter(TextFormatter())
    else:
        handler.setFormatter(JournalFormatter() if is_journal(stream) else JsonFormatter())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # `meshnode run` prints its own lines at a terminal; from the log only warnings and errors belong there.
    root.setLevel(logging.WARNING if person and level == "info" else level.upper())


class JsonFormatter(logging.Formatter):
    """Formats a record as one line: a JSON object in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": _short(record.getMessage()),
            "from": record.name,
            **_extra(record),
        }
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)[-TRACE_MAX:]  # the error itself is at its end
        return json.dumps(fields)


class JournalFormatter(JsonFormatter):
    """Formats a record for systemd's journal: the JSON object, after its priority in the form of sd-daemon(3)."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{_priority(record.levelno)}>{super().format(record)}"


class TextFormatter(logging.Formatter):
    """Formats a record as one line: time, event, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [time.strftime("%H:%M:%S", time.localtime(record.created)), _short(record.getMessage())]
        parts += [f"{name}={value}" for name, value in _extra(record).items()]
        if record.exc_info and record.exc_info[0] is not None:
            parts.append(f"({record.exc_info[0].__name__}: {record.exc_info[1]})")
        return json.dumps(" ".join(parts))[1:-1].replace('\\"', '"')


class RepeatFilter(logging.Filter):
    """Passes a limited number of lines a minute: in all, and of one event about one peer or host.

    The next line that passes says in `left_out_before` how many did not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._total = RateLimit(LINES_PER_MINUTE_ALL, MINUTE)
        self._kinds: dict[tuple[str, str, str], RateLimit] = {}
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        now = time.monotonic()  # not the record's own time: the machine's clock may be set back by years
        if now >= self._total.resets_at:
            self._kinds.clear()
        # The total counts only lines that pass: a flood about one peer must not hide lines about the others.
        if not self._limit(record).spend(1, now) or not self._total.spend(1, now):
            self._left_out += 1
            return False
        if self._left_out:
            record.left_out_before = self._left_out
            self._left_out = 0
        return True

    def _limit(self, record: logging.LogRecord) -> RateLimit:
        source = getattr(record, "peer", None) or str(getattr(record, "address", "")).rpartition(":")[0]
        kind = (record.name, str(record.msg), str(source))
        if kind not in self._kinds and len(self._kinds) >= KINDS_REMEMBERED:
            kind = (record.name, str(record.msg), "")
        return self._kinds.setdefault(kind, RateLimit(LINES_PER_MINUTE, MINUTE))


def _priority(level: int) -> int:
    """Return the priority of syslog(3) for a level."""
    return next((priority for least, priority in _PRIORITIES if level >= least), _DEBUG)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that the caller gave as `extra`."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {
        name: value if isinstance(value, int | float | None) else _short(str(value)) for name, value in given.items()
    }


def _short(text: str) -> str:
    return text if len(text) <= VALUE_MAX else text[:VALUE_MAX] + "..."
