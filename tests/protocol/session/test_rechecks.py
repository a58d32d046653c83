"""When the initiator of a live session compares again: soon after a change, and less and less often without one."""

from __future__ import annotations

import math

import pytest

from protocol.limits import LIVE_COMPARE_SECONDS, RECHECK_MAX_SECONDS, RECHECK_SECONDS
from protocol.session.rechecks import Rechecks


def settled() -> Rechecks:
    """Return the rechecks of a session whose first comparison is over at second 0."""
    rechecks = Rechecks()
    rechecks.settled(0.0)
    return rechecks


def test_nothing_is_due_before_the_first_comparison_is_over() -> None:
    assert Rechecks().next_timer(0.0) == math.inf
    assert not Rechecks().is_due(10**9)


def test_the_pauses_double_up_to_a_limit_while_nothing_changes_and_begin_again_after_a_change() -> None:
    rechecks, pauses = settled(), []
    for _ in range(6):
        pauses.append(rechecks.next_timer(0.0))
        rechecks.settled(0.0)
    doubled = [RECHECK_SECONDS * 2**number for number in range(6)]
    assert pauses == [min(pause, RECHECK_MAX_SECONDS) for pause in doubled]
    assert doubled[-1] > RECHECK_MAX_SECONDS
    rechecks.changed()
    rechecks.settled(0.0)
    assert rechecks.next_timer(0.0) == RECHECK_SECONDS
    rechecks.settled(0.0)
    assert rechecks.next_timer(0.0) == 2 * RECHECK_SECONDS


@pytest.mark.parametrize("told_at", [0.0, 1000.0])
def test_a_change_brings_the_next_comparison_nearer_and_never_puts_it_off(told_at: float) -> None:
    rechecks = settled()
    for _ in range(3):
        rechecks.settled(0.0)
    due = rechecks.next_timer(0.0)
    rechecks.advance_to(0.0)
    assert rechecks.next_timer(0.0) == due > told_at + RECHECK_SECONDS
    rechecks.changed()
    assert rechecks.next_timer(told_at) == told_at + RECHECK_SECONDS
    rechecks.advance_to(told_at)
    assert rechecks.next_timer(told_at + 5) == told_at + RECHECK_SECONDS
    rechecks.advance_to(told_at + 50)
    assert rechecks.next_timer(told_at + 50) == told_at + RECHECK_SECONDS
    rechecks.changed()
    rechecks.advance_to(due)
    assert rechecks.next_timer(due) == told_at + RECHECK_SECONDS


def test_a_comparison_is_due_from_its_second_on_and_once_more_a_while_later() -> None:
    rechecks = settled()
    assert not rechecks.is_due(RECHECK_SECONDS - 1)
    assert rechecks.is_due(RECHECK_SECONDS)
    assert not rechecks.is_due(RECHECK_SECONDS + LIVE_COMPARE_SECONDS - 1)
    assert rechecks.is_due(RECHECK_SECONDS + LIVE_COMPARE_SECONDS)
