"""Serves the API on a Unix socket that is bound here and removed when the node stops.

Starlette takes long to import, so a thread imports it while the rest of the node starts.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from meshnode.errors import Failed

if TYPE_CHECKING:
    from meshnode.local.context import LocalContext

log = logging.getLogger(__name__)

BACKLOG = 64
SUN_PATH_MAX = 107  # bytes of a Unix socket's path (unix(7)), its final NUL not counted


async def serve(
    context: LocalContext, path: Path, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve the API of the node of `context` on the Unix socket `path` until cancelled. The caller holds the home's lock.

    `task_status` is told once requests are answered. Raises Failed if the socket cannot be bound, and StorageFailed as soon
    as a request has failed because of the disk.
    """
    listener = _bind(path)
    try:
        build, serve_application = await trio.to_thread.run_sync(_imported)
        await serve_application(build(context), listener, context.stop, task_status)
        if context.broken is not None:
            raise context.broken
    finally:
        listener.close()
        _remove(path)


def _imported() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Import the web stack, which takes long. Runs in a thread of its own."""
    from meshnode.api.app import build
    from meshnode.local.serving import serve_application

    return build, serve_application


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # a failed disk, which is not what the node is to report as the reason for its end
        log.warning("%s cannot be removed: %s", path, error.strerror)


def _bind(path: Path) -> socket.socket:
    """Return a listening socket at `path` that only this user may connect to.

    It replaces a socket that is there already: the caller holds the home's lock, so no running node listens on it.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    before = os.umask(0o177)
    try:
        if path.exists() and not stat.S_ISSOCK(path.lstat().st_mode):
            raise Failed("{path} is in the way: it is not a socket", "move it elsewhere", path=path)
        path.unlink(missing_ok=True)
        long = len(os.fsencode(path)) > SUN_PATH_MAX
        listener.bind(f"/proc/self/fd/{directory}/{path.name}" if long else os.fspath(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Failed(
            "the local API cannot listen at {path} ({strerror})", path=path, strerror=error.strerror
        ) from error
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
        os.close(directory)
    return listener
