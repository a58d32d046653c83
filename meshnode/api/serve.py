"""Serving the API: the socket is bound here with the right mode, Hypercorn answers on it, and it goes when the node does.

Hypercorn would bind a Unix socket with a mode that lets others in, and take over a live one; it is handed a descriptor
instead. It and Starlette cost a tenth of a second to import, so that happens in a thread while the rest comes up.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from meshnode.api.connection_shutdown import shut_down_connections
from meshnode.app.events import ALERTS
from meshnode.errors import Failed, StorageFull

if TYPE_CHECKING:
    from hypercorn.config import Config

    from meshnode.api.context import ApiContext, StoreRunner
    from meshnode.app.explain.status import NetworkStatus
    from meshnode.replica.changes import Change
    from meshnode.replica.replica import Replica

log = logging.getLogger("meshnode.api.hypercorn")

WATCH_SECONDS = 0.5  # commits that follow each other so soon are looked at together
WATCH_REST = 9  # times as long as it took to look at them: at most a tenth of the time goes into it
GRACE_SECONDS = 0.5  # for requests under way when the node stops
BACKLOG = 64
SUN_PATH_MAX = 107  # bytes of a Unix socket's path (unix(7)), its final NUL not counted


async def serve(
    store_thread: StoreRunner,
    replica: Replica,
    network: NetworkStatus,
    path: Path,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the API on the Unix socket `path` until cancelled. The caller holds the home's lock.

    Raises Failed if the socket cannot be bound, and StorageFailed as soon as the disk has failed a request.
    """
    listener = _bind(path)
    try:
        prepared = await trio.to_thread.run_sync(_prepare)
        await prepared(store_thread, replica, network, listener, task_status)
    finally:
        listener.close()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    """A listening socket at `path` that only this user may connect to; whatever lay there is of a dead daemon."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    before = os.umask(0o177)
    try:
        if path.exists() and not stat.S_ISSOCK(path.lstat().st_mode):
            raise Failed(f"{path} is in the way", "move it elsewhere")
        path.unlink(missing_ok=True)
        long = len(os.fsencode(path)) > SUN_PATH_MAX
        listener.bind(f"/proc/self/fd/{directory}/{path.name}" if long else os.fspath(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Failed(f"the local API cannot listen at {path} ({error.strerror})") from error
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
        os.close(directory)
    return listener


Prepared = Callable[
    ["StoreRunner", "Replica", "NetworkStatus", socket.socket, "trio.TaskStatus[list[str]]"], Awaitable[None]
]


def _prepare() -> Prepared:
    """Import the web stack; in a thread, since it takes long."""
    from hypercorn import trio as hypercorn_trio
    from hypercorn.config import Config

    from meshnode.api.app import build
    from meshnode.api.context import ApiContext
    from meshnode.api.feed import Feed
    from meshnode.app.catalog.catalog import Catalog

    # Starlette and Hypercorn describe one ASGI in types that do not meet.
    run_hypercorn: Callable[..., Awaitable[None]] = hypercorn_trio.serve

    async def run(
        store_thread: StoreRunner,
        replica: Replica,
        network: NetworkStatus,
        listener: socket.socket,
        task_status: trio.TaskStatus[list[str]],
    ) -> None:
        context = ApiContext(
            store_thread, replica, network, await store_thread.run(Catalog, replica), Feed(replica, network)
        )
        config = _configured(Config(), listener)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_look_out, context)
            nursery.start_soon(context.feed.run)
            nursery.start_soon(shut_down_connections, listener)
            await run_hypercorn(
                build(context), config, shutdown_trigger=context.stop.wait, mode="asgi", task_status=task_status
            )
            nursery.cancel_scope.cancel()
        if context.broken is not None:
            raise context.broken

    return run


async def _fill(store_thread: StoreRunner, fill: Callable[[], bool]) -> None:
    """Read the catalog slice by slice, so that the first to look need not wait; others take turns in between."""
    while await store_thread.run(fill):
        await trio.lowlevel.checkpoint()


async def _look_out(context: ApiContext) -> None:
    """Know what is here, then watch what comes."""
    await _fill(context.store_thread, context.catalog.fill)
    await _watch(context)


async def _watch(context: ApiContext) -> None:
    """Let the watcher look at what commits bring: soon, several of them at once, and never most of the time."""
    token = trio.lowlevel.current_trio_token()
    wake, woken = trio.open_memory_channel[None](1)

    def knock() -> None:
        with suppress(trio.WouldBlock):
            wake.send_nowait(None)

    def committed(_: Change) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(knock, idempotent=True)

    told = context.watcher.raised
    end = context.replica.changes.subscribe(committed)
    try:
        knock()  # whatever came while nobody watched
        async for _ in woken:
            await trio.sleep(WATCH_SECONDS)
            started = trio.current_time()
            with suppress(StorageFull):  # said elsewhere; what came is in the news all the same
                await context.store_thread.run(context.watcher.evaluate)
            if context.watcher.raised > told:
                told = context.watcher.raised
                context.feed.hear(frozenset({ALERTS}))
            await trio.sleep(WATCH_REST * (trio.current_time() - started))
    finally:
        end()


def _configured(config: Config, listener: socket.socket) -> Config:
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # Hypercorn closes the one it is given
    config.graceful_timeout = GRACE_SECONDS
    config.alpn_protocols = ["http/1.1"]
    config.h11_max_incomplete_size = 32 * 1024
    config.accesslog = None
    log.setLevel(logging.WARNING)  # it would tell of every start in words of its own
    config.errorlog = log
    config.include_server_header = False
    return config
