"""Hanging up on everybody when the node stops, also on those who read no more.

Hypercorn finishes what it writes, come what may: to a stopped program at the other end it would write for ever.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

import trio


async def shut_down_connections(listener: socket.socket) -> None:
    """Wait to be cancelled, then shut down every connection that `listener` took."""
    try:
        await trio.sleep_forever()
    finally:
        _shut_down(listener.getsockname())


def _shut_down(own: str) -> None:
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # gone by now, as what lists them is
            number = int(opened.name)
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as found:
                    if found.getsockname() == own and not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        found.shutdown(socket.SHUT_RDWR)
