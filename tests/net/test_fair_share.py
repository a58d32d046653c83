"""How one person's share of the desk is kept."""

from __future__ import annotations

import pytest

from meshnode.net.fair_share import PAUSE_MAX, PEOPLE_KEPT, FairShare
from protocol import limits

ALICE, MALLORY = b"a" * 32, b"m" * 32


def test_whoever_brings_much_at_once_is_not_slowed_down() -> None:
    pace = FairShare()
    pace.spend(ALICE, limits.WORK_BURST_SECONDS, now=0.0)
    assert pace.pause(ALICE, now=0.0) == 0.0


def test_whoever_goes_on_and_on_waits_until_only_his_share_is_used() -> None:
    pace, now, busy = FairShare(), 0.0, 0.0
    while now < 10_000:
        pace.spend(MALLORY, 0.5, now)
        now += 0.5 + pace.pause(MALLORY, now)
        busy += 0.5
    assert busy == pytest.approx(limits.WORK_BURST_SECONDS + 10_000 * limits.WORK_SHARE, rel=0.01)


def test_nobody_waits_for_what_another_has_used_up_nor_longer_than_his_signs_of_life_allow() -> None:
    pace = FairShare()
    pace.spend(MALLORY, 100 * limits.WORK_BURST_SECONDS, now=0.0)
    assert pace.pause(MALLORY, now=0.0) == PAUSE_MAX
    assert pace.pause(ALICE, now=0.0) == 0.0


def test_what_was_used_is_given_back_in_time() -> None:
    pace = FairShare()
    pace.spend(MALLORY, 2 * limits.WORK_BURST_SECONDS, now=0.0)
    assert pace.pause(MALLORY, now=limits.WORK_BURST_SECONDS / limits.WORK_SHARE) == 0.0


def test_only_those_who_owe_something_are_remembered() -> None:
    pace = FairShare()
    pace.spend(MALLORY, 2 * limits.WORK_BURST_SECONDS, now=0.0)
    for number in range(PEOPLE_KEPT + 1):
        pace.spend(number.to_bytes(32, "big"), 0.001, now=number / 10)
    assert pace.pause(MALLORY, now=PEOPLE_KEPT / 10) > 0.0
    assert len(pace._owed) <= PEOPLE_KEPT
