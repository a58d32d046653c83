"""A machine that wakes up is noticed once; a moment's sleep is not."""

from __future__ import annotations

from meshnode.net.sleep_watch import ASLEEP_SECONDS, SleepWatch


def test_a_sleep_is_noticed_once() -> None:
    asleep = [1_000.0]
    watch = SleepWatch(lambda: asleep[0])
    assert not watch.has_slept()
    asleep[0] += ASLEEP_SECONDS
    assert watch.has_slept()
    assert not watch.has_slept()
    asleep[0] += ASLEEP_SECONDS / 2
    assert not watch.has_slept()


def test_this_machine_has_not_slept_between_two_calls() -> None:
    watch = SleepWatch()
    assert not watch.has_slept()
