"""How often others can make a node call at addresses of their choice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.net.address import Address
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import Dialer, DialTarget
from meshnode.net.knocks import CARD_TRIES_MAX, KNOCKS_MAX, KNOCKS_SECONDS
from meshnode.net.races import ADDRESSES_AT_ONCE, PEOPLE_AT_ONCE
from tests.net.test_dialer import ALICE, BOB, CAFE, CAROL, HOME, LAPTOP, addresses, dialer


def knocks(made: Dialer, seconds: float, announce: Callable[[float], None], every: float) -> int:
    """Let `announce` be called again and again, and all attempts fail; return how many there were."""
    count, now = 0, 0.0
    while now < seconds:
        announce(now)
        until = now + every
        while (timer := made.next_timer()) is not None and max(timer, now) < until:
            now = max(timer, now)
            for attempt in made.due(now):
                made.ended(attempt, DialOutcome.NO_ANSWER, now, more_keys=attempt.turn < 3)
                count += 1
            now += 0.001
        now = until
    return count


def sybil(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("people", "behind"), [(1, None), (50, CAROL)], ids=["one person", "fifty people behind one contact"]
)
@pytest.mark.parametrize("new_addresses", [False, True])
def test_announcements_make_a_node_call_where_nobody_answers_only_so_often(
    people: int, behind: bytes | None, new_addresses: bool
) -> None:
    made, hour = dialer(), 3500.0

    def announce(now: float) -> None:
        port = 1024 + int(now) if new_addresses else 7000
        for number in range(1, people + 1):
            made.heard(sybil(number), [Address(f"192.168.1.{number}", port)], now, account=behind)

    found = knocks(made, hour, announce, every=12.0)
    windows = hour / KNOCKS_SECONDS
    at_once = ADDRESSES_AT_ONCE * PEOPLE_AT_ONCE  # those under way when the count runs out
    assert 0 < found <= (windows + 1) * (KNOCKS_MAX + at_once)
    made.heard(ALICE, [HOME], hour)
    assert HOME in addresses(made.due(hour))  # others are called all the same


def test_a_person_who_was_met_where_they_were_announced_costs_no_knock() -> None:
    made = dialer(DialTarget(BOB, 1))
    for round_ in range(3 * KNOCKS_MAX):
        now = 10.0 * round_
        made.heard(BOB, [HOME], now)
        [attempt] = made.due(now)
        made.ended(attempt, DialOutcome.MET, now, device=LAPTOP)
        made.connected(BOB, LAPTOP, now)
        made.lost(BOB, LAPTOP, now, good=True)


def test_an_address_on_a_card_is_tried_for_days_but_not_without_end_and_again_when_the_network_changes() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME, CAFE), claims=True, on_cards=frozenset({HOME, CAFE})))
    month = 30 * 86_400.0
    assert knocks(made, month, lambda _: None, every=month) == 2 * CARD_TRIES_MAX
    assert made.next_timer() is None
    made.want([DialTarget(BOB, 1, (HOME, CAFE), claims=True, on_cards=frozenset({HOME, CAFE}))], month)
    assert not made.due(month)
    made.moved(month)
    assert made.due(month)


def test_an_address_where_the_giver_of_a_card_was_met_is_tried_without_end() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,), on_cards=frozenset({HOME})))
    made.want([DialTarget(BOB, 1, (HOME,))], 0.0)
    assert knocks(made, 10 * 86_400.0, lambda _: None, every=10 * 86_400.0) > 2 * CARD_TRIES_MAX
