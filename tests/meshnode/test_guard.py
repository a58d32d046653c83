"""The guard: an error in unattended work stays alone, is said once, and is not met again before its cause may have changed."""

from __future__ import annotations

import errno
import logging

import pytest
import trio
import trio.testing

from meshnode import background
from meshnode.errors import Refused, StorageDamaged, StorageFailed, StorageFull
from meshnode.guard import RETRY_SECONDS, SET_ASIDE, SET_ASIDE_MAX, SHOWN_SECONDS, Guard
from tests.support.guards import Values, guard_of

pytestmark = pytest.mark.fails_unattended


class Work:
    """Work that raises `error` as long as there is one, and counts how often it was tried."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.tried = 0

    def __call__(self) -> None:
        self.tried += 1
        if self.error is not None:
            raise self.error

    async def task(self) -> None:
        self()


UNFORESEEN = (
    ValueError("x"),
    AssertionError(),
    MemoryError(),
    RecursionError(),
    OverflowError(),
    KeyError("k"),
    OSError(errno.ENOENT, "gone"),
)
STOPS = (
    StorageFailed("the disk failed"),
    StorageDamaged("the database is damaged"),
    OSError(errno.EIO, "I/O error"),
    OSError(errno.EROFS, "read-only"),
    KeyboardInterrupt(),
    SystemExit(),
)


@pytest.mark.parametrize("error", UNFORESEEN, ids=repr)
def test_a_step_that_fails_is_set_aside_and_the_others_go_on(error: Exception) -> None:
    guard, work, other = guard_of(), Work(error), Work()
    assert not guard.step("failing", work)
    assert not guard.step("failing", work)
    assert guard.step("going on", other)
    assert (work.tried, other.tried) == (1, 1)
    (failure,) = guard.failures()
    assert (failure.work, failure.reason, failure.set_aside) == ("failing", type(error).__name__, True)


@pytest.mark.parametrize("error", STOPS, ids=repr)
def test_what_must_stop_the_node_stops_it(error: BaseException) -> None:
    values = Values()
    guard = guard_of(values)
    for run in (guard.step, guard.attempt):
        with pytest.raises(type(error)):
            run("failing", Work(error))
    assert guard.failures() == ()
    assert SET_ASIDE not in values.kept


def test_it_is_not_tried_at_the_next_start_but_by_the_next_version() -> None:
    values, work = Values(), Work(ValueError("x"))
    guard_of(values).step("failing", work, item="one")
    again = guard_of(values)
    assert not again.step("failing", work, item="one")
    assert [(one.work, one.item) for one in again.failures()] == [("failing", "one")]
    assert work.tried == 1
    assert again.step("failing", Work(), item="two")
    work.error = None
    newer = guard_of(values, "2")
    assert newer.step("failing", work, item="one")
    assert newer.failures() == ()


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", "1", '{"version": "1"}', '{"version": "1", "aside": [1]}', '{"version": "1", "aside": {}}']
)
def test_a_memory_that_cannot_be_read_keeps_nothing_from_running(kept: str) -> None:
    values = Values()
    values.set(SET_ASIDE, kept)
    assert guard_of(values).step("work", Work())


def test_it_is_tried_again_when_the_owner_wants_it_and_after_a_day() -> None:
    time = [0.0]
    guard, work = guard_of(time=time), Work(ValueError("x"))
    guard.step("failing", work)
    guard.try_again()
    guard.step("failing", work)
    assert work.tried == 2
    guard.step("failing", work)
    assert work.tried == 2
    time[0] += RETRY_SECONDS
    work.error = None
    assert guard.step("failing", work)
    assert guard.failures() == ()


def test_what_worked_again_is_forgotten_by_the_store_too() -> None:
    values, work = Values(), Work(ValueError("x"))
    guard = guard_of(values)
    guard.step("failing", work)
    work.error = None
    guard.try_again()
    guard.step("failing", work)
    assert guard_of(values).failures() == ()


def test_an_error_that_others_may_end_is_shown_and_tried_in_every_round() -> None:
    guard, work = guard_of(), Work(Refused("the certificate has expired", "connect it"))
    for _ in range(3):
        assert not guard.step("renewing", work)
    assert work.tried == 3
    (failure,) = guard.failures()
    assert (failure.reason, failure.hint, failure.set_aside) == ("the certificate has expired", "connect it", False)


def test_a_full_disk_sets_nothing_aside() -> None:
    guard, work = guard_of(), Work(StorageFull("the disk is full"))
    for _ in range(3):
        assert not guard.step("writing", work)
    assert work.tried == 3
    assert guard.failures() == ()


def test_it_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    time = [0.0]
    guard, work = guard_of(time=time), Work(ValueError("x"))
    with caplog.at_level(logging.ERROR):
        for _ in range(20):
            guard.attempt("failing", work)
    assert (work.tried, len(caplog.records)) == (20, 1)
    time[0] += SHOWN_SECONDS
    guard.attempt("failing", work)
    assert len(caplog.records) == 2


def test_the_memory_is_bounded() -> None:
    values = Values()
    guard = guard_of(values)
    for number in range(3 * SET_ASIDE_MAX):
        guard.step("failing", Work(ValueError("x")), item=str(number))
    assert len(guard.failures()) == SET_ASIDE_MAX
    assert len(guard_of(values).failures()) == SET_ASIDE_MAX


def test_a_result_has_a_stand_in() -> None:
    guard = guard_of()
    assert guard.result("counting", int, "3", otherwise=lambda: 0) == 3
    assert guard.result("counting", int, "x", otherwise=lambda: 0) == 0


# --- background tasks ------------------------------------------------------------------------------------------------


async def test_a_background_task_that_fails_is_begun_again_after_a_growing_pause(
    autojump_clock: trio.testing.MockClock,
) -> None:
    guard, work = guard_of(), Work(ValueError("x"))
    begun = trio.current_time()
    with trio.move_on_after(3600):
        await background.run(guard, "failing", work.task)
    assert 10 < work.tried < 30
    assert trio.current_time() - begun >= 3600
    work.error = None
    await background.run(guard, "failing", work.task)
    assert guard.failures() == ()


@pytest.mark.parametrize("error", STOPS[:4], ids=repr)
async def test_a_failed_disk_ends_a_background_task(error: Exception) -> None:
    async def in_a_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Work(error).task)

    for task in (Work(error).task, in_a_nursery):
        with pytest.RaisesGroup(type(error), flatten_subgroups=True):
            await background.once(guard_of(), "failing", task)


async def test_cancelling_ends_a_background_task_even_while_it_fails() -> None:
    async def fail_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("x")

    guard: Guard = guard_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(background.run, guard, "failing", fail_when_cancelled)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [one.reason for one in guard.failures()] == ["ValueError"]
