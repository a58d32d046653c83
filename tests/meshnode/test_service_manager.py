"""A service manager hears from a real daemon: that it is ready, that it works, that it stops; and the journal reads its log."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from meshnode import log as logs
from meshnode.node import watchdog
from meshnode.service_manager import ServiceManager, is_journal
from meshnode.store.store_thread import StoreThread
from tests.support.processes import Start, ask, log_of

END_SECONDS = 10.0
MINUTE = "60000000"  # of microseconds


@pytest.fixture(params=["file", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Return the manager's socket: at a path, or in the kernel's own name space."""
    name = str(tmp_path / "notify") if request.param == "file" else f"\0meshnode-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(END_SECONDS)
        yield listener


def named(listener: socket.socket) -> str:
    """Return the name of the socket as NOTIFY_SOCKET has it."""
    name = listener.getsockname()
    return name if isinstance(name, str) else f"@{name[1:].decode()}"


def test_a_daemon_says_when_it_can_be_reached_that_it_works_and_that_it_stops(
    home: Path, start: Start, heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", named(heard))
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    daemon = start(home)
    first, status = heard.recv(4096).decode().splitlines()
    assert first == "READY=1"
    assert ask(home, "status")["ready"] is True  # at once: it does not wait for a start
    assert status.startswith("STATUS=listening on port ")
    assert [heard.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    daemon.send_signal(signal.SIGTERM)
    while (last := heard.recv(4096)) == b"WATCHDOG=1":
        pass
    assert last == b"STOPPING=1"
    assert daemon.wait(END_SECONDS) == 0


def test_in_the_journal_each_line_has_its_priority_and_nobody_is_greeted(
    home: Path, start: Start, heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of(home).touch()
    found = log_of(home).stat()
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    monkeypatch.setenv("NOTIFY_SOCKET", named(heard))
    daemon = start(home)
    heard.recv(4096)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(END_SECONDS) == 0
    lines = log_of(home).read_text().splitlines()
    assert lines
    assert all(line[0] == "<" and line[2] == ">" and line[1] in "23467" for line in lines)
    assert "ready" in [json.loads(line[3:])["event"] for line in lines]


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2)],
)
def test_every_level_has_the_priority_that_syslog_gives_it(level: int, priority: int) -> None:
    record = logging.LogRecord("meshnode", level, "", 0, "met", (), None)
    assert logs.JournalFormatter().format(record).startswith(f"<{priority}>{{")


@pytest.mark.parametrize("named_stream", ["", "1:2", "nonsense", "1:2:3"])
def test_another_stream_is_not_the_journal(named_stream: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        assert not is_journal(stream, {"JOURNAL_STREAM": named_stream})
        assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": named_stream})


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": MINUTE}, None),  # nobody listens
        ({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": MINUTE}, 20.0),
        ({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": MINUTE, "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": MINUTE, "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "0"}, None),
        ({"NOTIFY_SOCKET": "vsock:2:1", "WATCHDOG_USEC": MINUTE}, None),  # of a kind that is not spoken here
    ],
)
def test_the_manager_is_found_in_the_environment_and_taken_out_of_it(
    variables: dict[str, str], seconds: float | None
) -> None:
    environ = dict(variables)
    manager = ServiceManager(environ)
    assert manager.ping_seconds == seconds
    assert environ == {}
    manager.ready("listening")  # and a manager that has gone, or is none, changes nothing
    manager.working()
    manager.stopping()


async def test_a_store_thread_that_hangs_sends_no_sign_of_life(heard: socket.socket, mock_clock: MockClock) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": named(heard), "WATCHDOG_USEC": MINUTE})
    store_thread = StoreThread()
    hangs, again = threading.Event(), threading.Event()
    heard.setblocking(False)

    def hang() -> None:
        hangs.set()
        again.wait(END_SECONDS)

    async def signs(of: int, within: int) -> int:
        """Return how many signs of life come while minutes pass, at most `of`."""
        found = 0
        for _ in range(within):
            mock_clock.jump(60)
            await trio.to_thread.run_sync(time.monotonic)  # a thread has its turn
            with suppress(BlockingIOError):
                found += heard.recv(64) == b"WATCHDOG=1"
            if found == of:
                break
        return found

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watchdog.run, manager, store_thread)
        assert await signs(3, within=10_000) == 3
        nursery.start_soon(store_thread.run, hang)
        await trio.to_thread.run_sync(hangs.wait)
        await signs(3, within=3)  # those that were on their way
        assert await signs(1, within=100) == 0
        again.set()
        assert await signs(3, within=10_000) == 3
        nursery.cancel_scope.cancel()


async def test_without_a_watchdog_nothing_is_sent(heard: socket.socket) -> None:
    heard.setblocking(False)
    await watchdog.run(ServiceManager({"NOTIFY_SOCKET": named(heard)}), StoreThread())
    with pytest.raises(BlockingIOError):
        heard.recv(64)
