"""Faults are counted by the person who answers for those who commit them, and decay."""

from __future__ import annotations

import pytest

from meshnode.app.peers.accounts import NOBODY
from meshnode.net.misbehavior import ACCOUNTS_KEPT, HALF_LIFE_SECONDS, TOLERATED, Misbehavior
from protocol import limits

BOB, CAROL = b"b" * 32, b"c" * 32
FEW = int(TOLERATED)


def sybil(number: int) -> bytes:
    return number.to_bytes(32, "big")


def after(count: int, account: bytes = BOB, *, person: bytes | None = None) -> Misbehavior:
    """Return what is remembered after so many faults, each of another Sybil behind `account` unless `person` is given."""
    made = Misbehavior()
    for number in range(1, count + 1):
        made.note(account, person or sybil(number), 0.0)
    return made


@pytest.mark.parametrize("account", [BOB, NOBODY])
def test_sybils_who_each_break_the_protocol_once_are_turned_away_together(account: bytes) -> None:
    made = after(FEW + 3, account)
    assert made.turned_away(account, sybil(99), 0.0) > 0
    assert made.turned_away(CAROL, sybil(99), 0.0) == 0
    assert made.named(0.0) == [account]


def test_a_few_faults_are_tolerated() -> None:
    made = after(FEW)
    assert made.turned_away(BOB, sybil(1), 0.0) == 0
    assert made.named(0.0) == []


def test_an_introducer_is_not_turned_away_for_the_faults_of_others_but_for_their_own() -> None:
    assert after(100).turned_away(BOB, BOB, 0.0) == 0
    own = after(100, person=BOB)
    assert own.turned_away(BOB, BOB, 0.0) > 0
    assert own.turned_away(BOB, sybil(1), 0.0) > 0


def test_each_further_fault_makes_the_pause_longer_up_to_the_longest() -> None:
    pauses = [after(count).turned_away(BOB, CAROL, 0.0) for count in range(FEW, FEW + 40)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0, limits.BUSY_PAUSE_MAX)


def test_faults_are_forgotten_with_time() -> None:
    made = after(2 * FEW + 1)
    assert made.turned_away(BOB, CAROL, HALF_LIFE_SECONDS / 10) > 0
    assert made.turned_away(BOB, CAROL, 2 * HALF_LIFE_SECONDS) == 0
    assert made.named(2 * HALF_LIFE_SECONDS) == []


def test_many_accounts_with_a_fault_each_do_not_displace_the_one_with_many() -> None:
    made = after(100)
    for number in range(10 * ACCOUNTS_KEPT):
        made.note(sybil(number), sybil(number), 1.0)
    assert made.named(1.0) == [BOB]
    assert len(made._counts) <= ACCOUNTS_KEPT
