"""Closes every connection to the API when the node stops, even those of clients that have stopped reading.

Hypercorn waits without limit for a response to be written, so one stopped client would keep the node from ending.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

import trio


async def shut_down_connections(listener: socket.socket) -> None:
    """Wait until cancelled, then shut down every connection that `listener` has accepted."""
    try:
        await trio.sleep_forever()
    finally:
        _shut_down(listener.getsockname())


def _shut_down(address: str) -> None:
    """Shut down this process's connections with the local `address`. Hypercorn does not show them, so /proc is asked."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # a descriptor may be closed by now, as is the one that lists the directory
            number = int(entry.name)
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as found:
                    listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                    if found.getsockname() == address and not listens:
                        found.shutdown(socket.SHUT_RDWR)
