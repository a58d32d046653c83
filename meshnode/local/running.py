"""Prepares what the owner's doors share, and runs what belongs to it: the events, and the watch over saved searches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from meshnode import background
from meshnode.app import naming
from meshnode.app.events import ALERTS
from meshnode.errors import StorageFull
from meshnode.local import collector
from meshnode.slices import in_slices
from meshnode.wakeup import Wakeup

if TYPE_CHECKING:
    from meshnode.app.explain.status import NetworkStatus
    from meshnode.backup import BackupMaker
    from meshnode.local.context import LocalContext
    from meshnode.replica.changes import Change
    from meshnode.replica.replica import Replica, StoreRunner

WATCH_SECONDS = 0.5  # saved searches are evaluated once for all commits within this time
WATCH_REST = 9  # pause after an evaluation, in multiples of its duration: it takes at most a tenth of the time


async def run(
    store_thread: StoreRunner,
    replica: Replica,
    network: NetworkStatus,
    backups: BackupMaker | None = None,
    *,
    task_status: trio.TaskStatus[LocalContext] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Tell `task_status` the context of this node's doors, and keep it current until cancelled."""
    prepare = await trio.to_thread.run_sync(_imported)
    context = await prepare(store_thread, replica, network)
    context.backups = backups
    guard = replica.guard
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(background.run, guard, "looking after saved searches", _evaluate_watches, context)
            nursery.start_soon(background.run, guard, "telling programs of changes", context.feed.run)
            task_status.started(context)
    finally:
        context.parcels.close()


def _imported() -> Callable[[StoreRunner, Replica, NetworkStatus], Awaitable[LocalContext]]:
    """Import what takes long, and return the function that makes a context with it. Runs in a thread of its own."""
    from meshnode.app.catalog.catalog import Catalog
    from meshnode.local.context import LocalContext
    from meshnode.local.feed import Feed

    async def prepare(store_thread: StoreRunner, replica: Replica, network: NetworkStatus) -> LocalContext:
        catalog = await store_thread.run(Catalog, replica)
        return LocalContext(store_thread, replica, network, catalog, Feed(replica, network))

    return prepare


async def _evaluate_watches(context: LocalContext) -> None:
    """Fill the catalog, then evaluate the saved searches after commits, and report new matches to the feed.

    The catalog is filled in slices between which requests get their turn in the store's thread.
    """
    collector.set_aside()  # the people
    await in_slices(context.store_thread, collector.setting_aside(context.catalog.preparing()))
    await in_slices(context.store_thread, collector.setting_aside(naming.preparing(context.replica)))
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
