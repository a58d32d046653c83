"""Shows on a terminal how far something has come that takes longer than a second; elsewhere it shows nothing."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Self

SHOWN_AFTER_SECONDS = 1.0


class Progress:
    """A line on standard error for as long as a `with` block lasts, from its first second on.

    `advance` counts bytes; of a `total` that is not known yet, or never, the line says only that work goes on.
    """

    def __init__(self, title: str, total: int | None = None) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._shown: Any = None
        self._task: Any = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._over = False

    def __enter__(self) -> Self:
        """Begin to wait for the first second to pass."""
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._timer = threading.Timer(SHOWN_AFTER_SECONDS, self._show)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._over = True
            if self._shown is not None:
                self._shown.stop()

    def begin(self, total: int | None) -> None:
        """Begin with the part of the work of which so many bytes are known."""
        with self._lock:
            self._total, self._done = total, 0
            if self._shown is not None:
                self._shown.update(self._task, total=total, completed=0)

    def advance(self, count: int) -> None:
        """Count bytes that are done."""
        with self._lock:
            self._done += count
            if self._shown is not None:
                self._shown.update(self._task, completed=self._done)

    def _show(self) -> None:
        from rich import progress
        from rich.console import Console

        with self._lock:
            if self._over:
                return
            console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
            columns = (progress.TextColumn("{task.description}", markup=False), progress.BarColumn())
            self._shown = progress.Progress(
                *columns, progress.TaskProgressColumn(), progress.DownloadColumn(), console=console, transient=True
            )
            self._task = self._shown.add_task(self._title, total=self._total, completed=self._done)
            self._shown.start()
