"""Slices: long work lets others have their turn in the store thread, and can be cancelled between two of them."""

from __future__ import annotations

import pytest
import trio

from meshnode.errors import NotFound
from meshnode.slices import Steps, advance, complete, in_slices
from meshnode.store.store_thread import StoreThread


def counting(count: int, taken: list[int]) -> Steps[str]:
    for number in range(count):
        taken.append(number)
        yield
    return "done"


def test_steps_taken_in_one_go_give_their_result() -> None:
    taken: list[int] = []
    assert complete(counting(5, taken)) == "done"
    assert taken == [0, 1, 2, 3, 4]


def test_at_least_one_step_is_taken_in_each_slice() -> None:
    taken: list[int] = []
    steps = counting(2, taken)
    assert advance(steps, 0.0) is None
    assert taken == [0]
    assert advance(steps, 0.0) is None
    finished = advance(steps, 0.0)
    assert finished is not None
    assert finished.result == "done"


async def test_what_others_ask_for_is_done_between_two_slices() -> None:
    store_thread = StoreThread()
    taken: list[int] = []
    answered_at: list[int] = []

    async def ask() -> None:
        await store_thread.run(lambda: answered_at.append(len(taken)))

    def steps() -> Steps[str]:
        while not answered_at:  # without others having a turn, this would never end
            taken.append(0)
            yield
        return "done"

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            assert await in_slices(store_thread, steps()) == "done"
    assert answered_at


async def test_work_without_end_is_cancelled_at_once() -> None:
    """A node that is told to stop must not wait until long work is done."""
    store_thread = StoreThread()
    begun = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def endless() -> Steps[None]:
        while True:
            token.run_sync_soon(begun.set)
            yield

    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_slices, store_thread, endless())
            await begun.wait()
            nursery.cancel_scope.cancel()


async def test_an_error_of_a_step_is_raised() -> None:
    def failing() -> Steps[None]:
        yield
        raise NotFound("nothing is here", "look elsewhere")

    with pytest.raises(NotFound):
        await in_slices(StoreThread(), failing())
