"""A pause in a policy: it takes access, its end gives it back, it holds before none, and costs nothing while there is none."""

from __future__ import annotations

import pytest

from protocol import Audience, Policy, Preference
from protocol.numbers import Stamp
from protocol.trust import may_reduce_access, merge


def says(preference: Preference) -> Policy:
    return Policy(bytes(16), Stamp(9), preference=preference)


def test_at_equal_stamps_a_pause_holds() -> None:
    away, here = Preference(Audience.NETWORK_WIDE, stamp=2, paused=7), Preference(Audience.MY_CELL, stamp=2)
    for registers in ([says(away), says(here)], [says(here), says(away)]):
        assert merge(registers).preference == away


@pytest.mark.parametrize(
    ("before", "after", "takes"),
    [(0, 7, True), (7, 0, False), (7, 8, False), (8, 7, False), (0, 0, False), (7, 7, False)],
)
def test_a_pause_takes_access_and_its_end_gives_it_back(before: int, after: int, takes: bool) -> None:
    old, new = (says(Preference(stamp=2, paused=paused)) for paused in (before, after))
    assert may_reduce_access(old, new) is takes


def test_a_policy_of_a_person_who_is_not_away_has_the_bytes_that_it_always_had() -> None:
    assert Preference(stamp=2).to_value() == (2, 8, 25, 2)
    assert Preference(stamp=2, paused=7).to_value() == (2, 8, 25, 2, 7)
