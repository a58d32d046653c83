"""Runs the program at a pseudo-terminal, reads what it shows, and types answers to its questions."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 120.0  # for something to be shown: a question that the test does not expect would be waited out for ever


class Terminal:
    """A command running at a terminal of its own. Reading blocks until something comes or the command has ended.

    It fails where nothing comes for WAIT_SECONDS.
    """

    def __init__(self, *words: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self._shown = ""
        self._program = subprocess.Popen(
            [sys.executable, "-m", "meshnode", *words],
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._program.kill()
        self._program.wait()
        os.close(self._ours)

    def type(self, line: str) -> None:
        """Type a line, as an answer to a question."""
        os.write(self._ours, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Interrupt the command, as Ctrl-C does."""
        self._program.send_signal(signal.SIGINT)

    def read_until(self, awaited: str) -> str:
        """Return what is shown up to and including `awaited`; fail if it never appears."""
        while awaited not in self._shown:
            more = self._read()
            assert more, f"{awaited!r} never came: {self._shown!r}"
            self._shown += more
        before, _, self._shown = self._shown.partition(awaited)
        return before + awaited

    def read_all(self) -> str:
        """Return everything that is still shown until the command ends."""
        while more := self._read():
            self._shown += more
        return self._shown

    def _read(self) -> str:
        ready, _, _ = select.select([self._ours], [], [], WAIT_SECONDS)
        assert ready, f"nothing more came: {self._shown!r}"
        try:
            return os.read(self._ours, 65_536).decode(errors="replace")
        except OSError:  # how Linux says that nobody is at the other end any more
            return ""
