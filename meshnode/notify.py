"""Tells the owner of what has come to wait for them: on the screen of `run`, and by the command that they have named.

The command is the owner's own, and anything may be wrong with it. It runs apart from the node, one at a time, for a few
seconds at most; it gets one thing as JSON on its standard input and inherits nothing else. However much comes at once,
the owner hears of it at most a few times a minute.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import trio
from msgspec import to_builtins

from meshnode.app import waiting
from meshnode.app.explain.problem import Problem, found_problem
from meshnode.app.waiting import WaitingView
from meshnode.errors import StorageFull
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.text import waiting as text
from meshnode.wakeup import Wakeup

log = logging.getLogger(__name__)

GATHER_SECONDS = 2.0  # what comes within this time after a commit is looked at together
PAUSE_SECONDS = 15.0  # between two looks, however much comes: a phone that rings all day is switched off
LOOK_SECONDS = 10 * 60.0  # without any commit, since things become overdue by themselves
SINGLY_MAX = 3  # things told one by one; more at once are told as one number
COMMAND_SECONDS = 10.0  # a command that takes longer is ended, with everything that it has started

Screen = Callable[[str], None]
"""Shows the owner one line."""
Runner = Callable[[tuple[str, ...], bytes], Awaitable[str]]
"""Runs a command with these bytes on its standard input; returns why it failed, or an empty text."""


class Notifier:
    """Looks after commits, and now and then, for things that have come to wait, and tells of each of them once.

    All methods belong to the event loop.
    """

    def __init__(
        self,
        replica: Replica,
        store_thread: StoreRunner,
        command: tuple[str, ...],
        screen: Screen | None,
        run_command: Runner | None = None,
    ) -> None:
        self._replica = replica
        self._store_thread = store_thread
        self._command = command
        self._screen = screen
        self._run_command = run_bounded if run_command is None else run_command
        self._commits = Wakeup()
        self._failure = ""

    def problems(self) -> tuple[Problem, ...]:
        """Return the problem of the command, while it has one."""
        if not self._failure:
            return ()
        return (
            found_problem(
                "notify_failed",
                "The command that notifies you does not work: {failure}",
                "correct notify_command in config.toml, then restart the node",
                failure=self._failure,
            ),
        )

    async def run(self) -> None:
        """Tell of what comes to wait until cancelled. Returns at once where there is nobody to tell."""
        if not self._command and self._screen is None:
            return
        token = trio.lowlevel.current_trio_token()
        unsubscribe = self._replica.changes.subscribe(partial(self._committed, token))
        try:
            while True:
                await self._look()
                await trio.sleep(PAUSE_SECONDS)
                with trio.move_on_after(LOOK_SECONDS):
                    await self._commits.wait()
                await trio.sleep(GATHER_SECONDS)
        finally:
            unsubscribe()

    def _committed(self, token: trio.lowlevel.TrioToken, _: Change) -> None:
        """Wake the next look. Runs in the store thread."""
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(self._commits.set, idempotent=True)

    async def _look(self) -> None:
        try:
            found = await self._store_thread.run(waiting.untold, self._replica)
        except StorageFull:
            return  # `status` reports it, and nothing counts as told
        for told in _messages(found):
            if self._screen is not None:
                await trio.to_thread.run_sync(self._screen, told["text"], abandon_on_cancel=True)
            if self._command:
                await self._tell(told)

    async def _tell(self, told: dict[str, Any]) -> None:
        """Run the command with one message; a failure is logged, and shown in the status, until it works again."""
        failure = await self._run_command(self._command, json.dumps(told).encode() + b"\n")
        if failure and failure != self._failure:
            log.warning("the notify command failed", extra={"why": failure})
        self._failure = failure


def _messages(found: tuple[WaitingView, ...]) -> Iterator[dict[str, Any]]:
    """Yield what the owner is told of these things: each as an object, or one for many."""
    if len(found) > SINGLY_MAX:
        yield {"kind": "several", "text": text.several(len(found)), "count": len(found)}
        return
    for each in found:
        fields = to_builtins(each)
        yield {"kind": each.kind, "text": text.line(fields), **fields}


async def run_bounded(command: tuple[str, ...], said: bytes, seconds: float = COMMAND_SECONDS) -> str:
    """Run a command with `said` on its standard input; return why it failed, or an empty text.

    It is a session of its own, so that it and all that it has started can be ended when its time is over.
    """
    try:
        with trio.move_on_after(seconds) as time_limit:
            ended = await trio.run_process(
                command,
                stdin=said,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                start_new_session=True,
                deliver_cancel=_end_all,
            )
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    if time_limit.cancelled_caught:
        return f"it was still running after {seconds:g} seconds"
    if ended.returncode:
        return f"it ended with the exit code {ended.returncode}"
    return ""


async def _end_all(process: trio.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
