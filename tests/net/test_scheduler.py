"""When upkeep runs, under a clock that jumps."""

from __future__ import annotations

from itertools import pairwise

import trio
from trio.testing import MockClock

from meshnode.net.scheduler import SOONEST_SECONDS, Scheduler


class Upkeep:
    """Notes when it was called and asks to be called again after `pause`."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.times: list[float] = []

    async def __call__(self) -> float:
        await trio.lowlevel.checkpoint()
        self.times.append(trio.current_time())
        return self.pause


async def test_upkeep_runs_again_when_it_has_asked_to(autojump_clock: MockClock) -> None:
    upkeep = Upkeep(600.0)
    with trio.move_on_after(3000.0):
        await Scheduler(upkeep).run()
    assert [round(later - earlier) for earlier, later in pairwise(upkeep.times)] == [600] * 4


async def test_changes_bring_it_sooner_but_not_each_of_them(autojump_clock: MockClock) -> None:
    upkeep = Upkeep(3600.0)
    scheduler = Scheduler(upkeep)

    async def news() -> None:
        while True:
            scheduler.changed()
            await trio.sleep(0.1)

    with trio.move_on_after(10 * SOONEST_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scheduler.run)
            nursery.start_soon(news)
    assert 5 <= len(upkeep.times) <= 11
