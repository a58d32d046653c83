"""The node's time: its floor, the clocks it believes, and what it says if it believes none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.clock import LEAP, RELEASED
from protocol.limits import DAY, HOUR
from tests.support.clock import FakeClock
from tests.support.people import NOW, Person

YEAR = 365 * DAY
IN_2099 = 4_086_000_000
ALICE, BOB, CAROL, DAVE = (Person(name).id for name in ("Alice", "Bob", "Carol", "Dave"))


def test_a_plausible_wall_clock_is_believed() -> None:
    clock = FakeClock(NOW)
    assert (clock.now(), clock.trusted, clock.reading().problem) == (NOW, True, None)


def test_a_node_that_boots_in_1970_goes_on_from_its_last_timestamp() -> None:
    clock = FakeClock(0, floor=NOW)
    clock.advance(120)
    assert (clock.now(), clock.trusted) == (NOW + 120, False)


def test_of_1970_2099_and_now_only_now_is_trusted() -> None:
    clock = FakeClock(0, floor=NOW)
    verdicts = []
    for wall in (0, IN_2099, NOW + DAY):
        clock.wall = wall
        clock.remember()
        verdicts.append((clock.now(), clock.trusted))
    assert verdicts == [(NOW, False), (NOW, False), (NOW + DAY, True)]
    assert clock.saved == [NOW + DAY]


def test_a_new_node_does_not_believe_1970_or_2099() -> None:
    for wall in (0, IN_2099):
        clock = FakeClock(wall)
        assert not clock.trusted
        assert clock.now() == RELEASED


def test_time_never_runs_backwards_over_a_restart() -> None:
    before = FakeClock(NOW)
    before.remember()
    after = FakeClock(NOW - 10, floor=before.saved[-1])
    assert (after.now(), after.trusted) == (NOW, True)


def test_the_floor_only_rises() -> None:
    clock = FakeClock(NOW)
    clock.remember()
    clock.wall = NOW - HOUR // 2
    clock.remember()
    clock.wall = NOW + 5
    clock.remember()
    assert clock.saved == [NOW, NOW + 5]


def test_a_leap_ahead_must_be_confirmed() -> None:
    clock = FakeClock(NOW + LEAP + 1, floor=NOW)
    assert (clock.now(), clock.trusted) == (NOW, False)
    clock.wall = NOW + LEAP
    assert clock.trusted


def test_a_node_that_runs_for_months_goes_on_trusting_its_clock() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.advance(3 * LEAP)
    assert (clock.now(), clock.trusted) == (NOW + 3 * LEAP, True)


def test_three_people_we_vouch_for_correct_a_clock_that_fell_behind() -> None:
    clock = FakeClock(NOW - 20 * DAY, floor=NOW - 20 * DAY)
    clock.heard(ALICE, NOW)
    clock.heard(BOB, NOW + 5)
    assert clock.now() == NOW - 20 * DAY
    clock.heard(CAROL, IN_2099)
    clock.advance(60)
    assert (clock.now(), clock.trusted) == (NOW + 65, True)


def test_three_people_confirm_a_long_absence() -> None:
    clock = FakeClock(NOW + YEAR, floor=NOW)
    for person in (ALICE, BOB, CAROL):
        clock.heard(person, NOW + YEAR + 30)
    assert (clock.now(), clock.trusted) == (NOW + YEAR, True)


def test_one_person_counts_once_however_often_they_send_their_time() -> None:
    clock = FakeClock(0, floor=NOW)
    for _ in range(5):
        clock.heard(ALICE, NOW + YEAR)
    assert not clock.trusted
    assert clock.reading().peers == 1


def test_not_even_three_people_take_the_time_back_before_our_own_timestamp() -> None:
    clock = FakeClock(NOW, floor=NOW)
    for person in (ALICE, BOB, CAROL):
        clock.heard(person, NOW - YEAR)
    assert (clock.now(), clock.trusted) == (NOW, False)
    assert clock.reading().problem is not None


def test_two_people_who_disagree_are_mentioned_but_not_obeyed() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.heard(ALICE, NOW + 3 * DAY)
    clock.heard(BOB, NOW + 3 * DAY)
    reading = clock.reading()
    assert (reading.now, reading.trusted, reading.peers_say) == (NOW, True, NOW + 3 * DAY)
    assert reading.problem is not None
    assert "2027-01-18" in reading.problem[0]


def test_the_owner_has_the_last_word() -> None:
    clock = FakeClock(NOW, floor=IN_2099)
    assert not clock.trusted
    clock.confirm()
    assert (clock.now(), clock.trusted, clock.saved) == (NOW, True, [NOW])


@pytest.mark.parametrize("wall", [0, IN_2099, 2**53 - 1])
def test_a_distrusted_clock_says_so_in_one_line_with_the_dates(wall: int) -> None:
    problem = FakeClock(wall, floor=NOW).reading().problem
    assert problem is not None
    assert "2027-01-15" in problem[0]
    assert "\n" not in problem[0] + problem[1]


@given(
    floor=st.integers(0, 2**40),
    walls=st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 10**7)), min_size=1, max_size=8),
    peer_times=st.dictionaries(st.sampled_from([ALICE, BOB, CAROL, DAVE]), st.integers(0, 2**53 - 1)),
)
def test_the_time_is_never_before_the_floor(
    floor: int, walls: list[tuple[int, int]], peer_times: dict[bytes, int]
) -> None:
    clock = FakeClock(0, floor=floor)
    for person, wall in peer_times.items():
        clock.heard(person, wall)
    for wall, passed in walls:
        clock.wall, clock.passed = wall, clock.passed + passed
        assert clock.now() >= floor
        clock.remember()
        floor = max([floor, *clock.saved])
