"""Serves the API with Hypercorn, on a Unix socket that is bound here and removed when the node stops.

Hypercorn itself would bind the socket with a mode that lets other users in, and would take over the socket of a running
node. It therefore gets a descriptor. Hypercorn and Starlette take a tenth of a second to import, so a thread imports them
while the rest of the node starts.
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from meshnode import background
from meshnode.api.connection_shutdown import shut_down_connections
from meshnode.app import naming
from meshnode.app.events import ALERTS
from meshnode.errors import Failed, StorageFull
from meshnode.slices import in_slices
from meshnode.wakeup import Wakeup

if TYPE_CHECKING:
    from hypercorn.config import Config

    from meshnode.api.context import ApiContext
    from meshnode.app.explain.status import NetworkStatus
    from meshnode.replica.changes import Change
    from meshnode.replica.replica import Replica, StoreRunner

log = logging.getLogger("meshnode.api.hypercorn")

WATCH_SECONDS = 0.5  # saved searches are evaluated once for all commits within this time
WATCH_REST = 9  # pause after an evaluation, in multiples of its duration: it takes at most a tenth of the time
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

    `task_status` is told once requests are answered. Raises Failed if the socket cannot be bound, and StorageFailed as soon
    as a request has failed because of the disk.
    """
    listener = _bind(path)
    try:
        prepared = await trio.to_thread.run_sync(_prepare)
        await prepared(store_thread, replica, network, listener, task_status)
    finally:
        listener.close()
        _remove(path)


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
            raise Failed(f"{path} is in the way: it is not a socket", "move it elsewhere")
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
    """Import the web stack, which takes long, and return the function that serves with it. Runs in a thread of its own."""
    from hypercorn import trio as hypercorn_trio
    from hypercorn.config import Config

    from meshnode.api.app import build
    from meshnode.api.context import ApiContext
    from meshnode.api.feed import Feed
    from meshnode.app.catalog.catalog import Catalog

    # The types by which Starlette and Hypercorn describe ASGI are not compatible.
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
            guard = replica.guard
            nursery.start_soon(background.run, guard, "looking after saved searches", _evaluate_watches, context)
            nursery.start_soon(background.run, guard, "telling programs of changes", context.feed.run)
            nursery.start_soon(background.run, guard, "closing connections to the API", shut_down_connections, listener)
            await run_hypercorn(
                build(context), config, shutdown_trigger=context.stop.wait, mode="asgi", task_status=task_status
            )
            nursery.cancel_scope.cancel()
        if context.broken is not None:
            raise context.broken

    return run


async def _evaluate_watches(context: ApiContext) -> None:
    """Fill the catalog, then evaluate the saved searches after commits, and report new matches to the feed.

    The catalog is filled in slices between which requests get their turn in the store's thread.
    """
    gc.freeze()  # the people stay: the garbage collector need not go through them while the catalog is filled
    await in_slices(context.store_thread, context.catalog.preparing())
    await in_slices(context.store_thread, naming.preparing(context.replica))
    gc.freeze()  # the catalog stays: the garbage collector need not go through it again and again
    token = trio.lowlevel.current_trio_token()
    commits = Wakeup()

    def committed(_: Change) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(commits.set, idempotent=True)

    reported = context.watcher.raised
    unsubscribe = context.replica.changes.subscribe(committed)
    try:
        commits.set()  # there may be listings from before this start that were not evaluated
        while True:
            await commits.wait()
            await trio.sleep(WATCH_SECONDS)
            started = trio.current_time()
            with suppress(StorageFull):  # `status` reports it; the listings appear in the news nevertheless
                await in_slices(context.store_thread, context.catalog.preparing())
                await in_slices(context.store_thread, context.watcher.preparing())
                await context.store_thread.run(context.watcher.evaluate)
            if context.watcher.raised > reported:
                reported = context.watcher.raised
                context.feed.report({ALERTS: None})
            await trio.sleep(WATCH_REST * (trio.current_time() - started))
    finally:
        unsubscribe()


def _configured(config: Config, listener: socket.socket) -> Config:
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # Hypercorn closes the descriptor it gets
    config.graceful_timeout = GRACE_SECONDS
    config.alpn_protocols = ["http/1.1"]
    config.h11_max_incomplete_size = 32 * 1024
    config.accesslog = None
    log.setLevel(logging.WARNING)  # below it, Hypercorn logs every start
    config.errorlog = log
    config.include_server_header = False
    return config
