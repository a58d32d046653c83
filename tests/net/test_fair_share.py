"""How much of the store thread's time the connections of one account get."""

from __future__ import annotations

import pytest

from meshnode.app.peers.accounts import NOBODY
from meshnode.net.fair_share import ACCOUNTS_KEPT, PAUSE_MAX, FairShare
from protocol import limits

ALICE, MALLORY = b"a" * 32, b"m" * 32


def used_by_somebody_who_never_stops(account: bytes) -> float:
    """Return how many of 10,000 seconds an account uses that asks for half a second of work again and again."""
    fair_share, now, busy = FairShare(), 0.0, 0.0
    while now < 10_000:
        fair_share.spend(account, 0.5, now)
        now += 0.5 + fair_share.pause(account, now)
        busy += 0.5
    return busy


def test_a_person_who_brings_much_at_once_is_not_slowed_down() -> None:
    fair_share = FairShare()
    fair_share.spend(ALICE, limits.WORK_BURST_SECONDS, now=0.0)
    assert fair_share.pause(ALICE, now=0.0) == 0.0


def test_a_person_who_goes_on_and_on_gets_only_a_share() -> None:
    busy = used_by_somebody_who_never_stops(MALLORY)
    assert busy == pytest.approx(limits.WORK_BURST_SECONDS + 10_000 * limits.WORK_SHARE, rel=0.01)


def test_a_person_waits_for_their_own_debt_only_and_no_longer_than_pings_allow() -> None:
    fair_share = FairShare()
    fair_share.spend(MALLORY, 100 * limits.WORK_BURST_SECONDS, now=0.0)
    assert fair_share.pause(MALLORY, now=0.0) == PAUSE_MAX
    assert fair_share.pause(ALICE, now=0.0) == 0.0


def test_a_debt_shrinks_with_time() -> None:
    fair_share = FairShare()
    fair_share.spend(MALLORY, 2 * limits.WORK_BURST_SECONDS, now=0.0)
    assert fair_share.pause(MALLORY, now=limits.WORK_BURST_SECONDS / limits.WORK_SHARE) == 0.0


def test_only_accounts_with_a_debt_are_remembered() -> None:
    fair_share = FairShare()
    fair_share.spend(MALLORY, 2 * limits.WORK_BURST_SECONDS, now=0.0)
    for number in range(ACCOUNTS_KEPT + 1):
        fair_share.spend(number.to_bytes(32, "big"), 0.001, now=number / 10)
    assert fair_share.pause(MALLORY, now=ACCOUNTS_KEPT / 10) > 0.0
    assert len(fair_share._debts) <= ACCOUNTS_KEPT


def test_a_new_connection_is_turned_away_for_exactly_as_long_as_the_debt_lasts() -> None:
    fair_share = FairShare()
    fair_share.spend(MALLORY, limits.WORK_BURST_SECONDS + 10.0, now=0.0)
    pause = fair_share.turned_away(MALLORY, now=0.0)
    assert pause == 10.0 / limits.WORK_SHARE
    assert fair_share.turned_away(MALLORY, now=pause - 1.0) > 0
    assert fair_share.turned_away(MALLORY, now=float(pause)) == 0
    assert fair_share.turned_away(ALICE, now=0.0) == 0


def test_all_those_for_whom_nobody_answers_get_a_part_of_what_one_introducer_gets() -> None:
    busy = used_by_somebody_who_never_stops(NOBODY)
    introducer = limits.WORK_BURST_SECONDS + 10_000 * limits.WORK_SHARE
    assert busy == pytest.approx(introducer * limits.WORK_OF_STRANGERS, rel=0.02)
