"""Tells the service manager again and again that this node works, and only while both of its threads do."""

from __future__ import annotations

import trio

from meshnode.service_manager import ServiceManager
from meshnode.store.store_thread import StoreThread


async def run(manager: ServiceManager, store_thread: StoreThread) -> None:
    """Send a sign of life every third of the time that the manager waits; return at once if it waits for none.

    Each goes through the store thread's queue and back through the event loop: if either hangs they end, and
    the manager ends the node and starts it again.
    """
    seconds = manager.ping_seconds
    if seconds is None:
        return
    while True:
        await store_thread.run(manager.working)
        await trio.sleep(seconds)
