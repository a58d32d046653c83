"""However many sessions want to use the store thread, a command of the owner waits for one of them at most."""

from __future__ import annotations

import threading

import trio
from trio.testing import wait_all_tasks_blocked

from meshnode.net.lane import Lane
from meshnode.store.store_thread import StoreThread

SESSIONS = 64


async def test_a_command_goes_before_all_sessions_that_wait(nursery: trio.Nursery) -> None:
    store_thread = StoreThread()
    lane = Lane(store_thread)
    begin = threading.Event()
    done: list[str] = []
    nursery.start_soon(lane.run, begin.wait)
    await wait_all_tasks_blocked(0.001)
    for number in range(SESSIONS):
        nursery.start_soon(lane.run, done.append, f"session {number}")
        await wait_all_tasks_blocked(0.001)
    nursery.start_soon(store_thread.run, done.append, "command")
    await wait_all_tasks_blocked(0.001)
    begin.set()
    while len(done) <= SESSIONS:
        await wait_all_tasks_blocked(0.001)
    assert done == ["command", *(f"session {number}" for number in range(SESSIONS))]


async def test_a_session_that_ends_while_it_waits_leaves_its_turn_to_the_next(nursery: trio.Nursery) -> None:
    store_thread = StoreThread()
    lane = Lane(store_thread)
    begin = threading.Event()
    done: list[str] = []
    leaving = trio.CancelScope()

    async def leave() -> None:
        with leaving:
            await lane.run(done.append, "gone")

    nursery.start_soon(lane.run, begin.wait)
    await wait_all_tasks_blocked(0.001)
    nursery.start_soon(leave)
    await wait_all_tasks_blocked(0.001)
    nursery.start_soon(lane.run, done.append, "next")
    leaving.cancel()
    begin.set()
    while not done:
        await wait_all_tasks_blocked(0.001)
    assert done == ["next"]
