"""Talks to the service manager that started this process, by the protocol of sd_notify(3), and knows systemd's journal.

A message is one datagram of lines such as READY=1, sent to the socket that NOTIFY_SOCKET names. Where no service manager
waits for any, nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from typing import IO

ABSTRACT = "@"  # begins the name of a socket that has no file; the kernel wants a zero byte there
SECONDS_MAX = (
    1.0  # to send a message that is said once; a sign of life is not waited for, since the next may get through
)
PINGS = 3  # in the time in which the manager wants to hear from the node: two may be late


class ServiceManager:
    """The manager that started this process, or none; its variables are taken out of `environ`.

    So programs that this process starts cannot speak for it.
    """

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = _address(environ.pop("NOTIFY_SOCKET", ""))
        micros, process = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        waits = micros.isascii() and micros.isdigit() and process in ("", str(os.getpid()))
        self._watchdog_seconds = int(micros) / 1e6 if waits and self._address else 0.0

    @property
    def ping_seconds(self) -> float | None:
        """How often the manager wants to hear that this process still works; None if it does not."""
        return self._watchdog_seconds / PINGS if self._watchdog_seconds else None

    def ready(self, status: str) -> None:
        """Say that the node can be reached; `status` is shown by `systemctl status`."""
        self._send("READY=1", f"STATUS={_one_line(status)}", seconds=SECONDS_MAX)

    def stopping(self) -> None:
        """Say that the node is about to end."""
        self._send("STOPPING=1", seconds=SECONDS_MAX)

    def working(self) -> None:
        """Say that the node still works; to be said every `ping_seconds`."""
        self._send("WATCHDOG=1", seconds=0.0)

    def _send(self, *lines: str, seconds: float) -> None:
        """Send one message, and wait for at most `seconds`. A manager that has gone, or does not read, changes nothing."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(seconds)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return


def _address(name: str) -> str | bytes:
    """Return the address of the socket of that name; "" where there is none that this process could use."""
    if name.startswith(ABSTRACT):
        return b"\0" + os.fsencode(name[1:])
    return name if name.startswith("/") else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def is_journal(stream: IO[str], environ: MutableMapping[str, str] | None = None) -> bool:
    """Whether what is written to `stream` goes to systemd's journal, as JOURNAL_STREAM names it (systemd.exec(5))."""
    device, _, inode = (os.environ if environ is None else environ).get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream that is no file, or closed
        return False
    return (device, inode) == (str(found.st_dev), str(found.st_ino))
