"""One task wakes others, again and again."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from meshnode.wakeup import Wakeup


async def returns_at_once(wakeup: Wakeup) -> bool:
    """Whether `wait` returns without waiting."""
    returned = False

    async def waiter() -> None:
        nonlocal returned
        await wakeup.wait()
        returned = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waiter)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    return returned


async def test_a_set_that_nobody_waits_for_ends_the_next_wait_and_only_that() -> None:
    wakeup = Wakeup()
    assert not await returns_at_once(wakeup)
    wakeup.set()
    wakeup.set()
    assert await returns_at_once(wakeup)
    assert not await returns_at_once(wakeup)


async def test_every_task_that_waits_is_woken(nursery: trio.Nursery) -> None:
    wakeup, woken = Wakeup(), []

    async def waiter(name: str) -> None:
        await wakeup.wait()
        woken.append(name)

    for name in ("one", "two"):
        nursery.start_soon(waiter, name)
    await wait_all_tasks_blocked()
    wakeup.set()
    await wait_all_tasks_blocked()
    assert sorted(woken) == ["one", "two"]
    assert not await returns_at_once(wakeup)


async def test_a_wait_that_is_cancelled_takes_nothing_away() -> None:
    wakeup = Wakeup()
    with trio.CancelScope() as scope:
        scope.cancel()
        await wakeup.wait()
    wakeup.set()
    assert await returns_at_once(wakeup)
