"""The dialer decides whom to dial and when; the tests set its clock."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.net.address import Address
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import (
    ANNOUNCED_KEPT,
    REFUSED_PAUSE,
    DialAttempt,
    Dialer,
    DialTarget,
)
from meshnode.net.endpoint_states import (
    ANNOUNCED_FAILURES,
    LONGEST_PAUSE,
    LONGEST_STATIC_PAUSE,
    REHEARD_PAUSE,
)
from meshnode.net.races import ADDRESSES_AT_ONCE, NEXT_SECONDS, PEOPLE_AT_ONCE

ALICE, BOB, CAROL = (letter * 32 for letter in (b"a", b"b", b"c"))
HOME, CAFE, HUT = Address("192.168.1.7", 7000), Address("10.0.0.7", 7000), Address("fd00::7", 7000)
LAPTOP, PI = b"l" * 32, b"p" * 32


def dialer(*wanted: DialTarget) -> Dialer:
    """Return a dialer that wants these people, at time 0 and with the longest jitter."""
    made = Dialer(lambda: 1.0)
    made.want(wanted, 0.0)
    return made


def addresses(attempts: Iterable[DialAttempt]) -> list[Address]:
    """Return the addresses that these attempts go to."""
    return [attempt.address for attempt in attempts]


def next_time(made: Dialer) -> float:
    """Return when the next attempt is due."""
    timer = made.next_timer()
    assert timer is not None
    return timer


def failures(made: Dialer, count: int, outcome: DialOutcome = DialOutcome.UNREACHABLE) -> list[float]:
    """Let the next attempts fail at once, and return the pauses between them."""
    times = []
    for _ in range(count):
        now = next_time(made)
        [attempt] = made.due(now)
        made.ended(attempt, outcome, now)
        times.append(now)
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_contact_is_dialed_at_once_where_they_were_met_last() -> None:
    assert addresses(dialer(DialTarget(BOB, 1, (HOME,))).due(0.0)) == [HOME]


def test_a_new_address_is_tried_though_many_old_ones_were_announced() -> None:
    made = dialer(DialTarget(BOB, 1))
    for number in range(ANNOUNCED_KEPT):
        made.heard(BOB, [Address(f"10.0.0.{number}", 7000)], 0.0)
    for _ in range(ANNOUNCED_KEPT):
        [attempt] = made.due(0.0)
        made.ended(attempt, DialOutcome.NO_ANSWER, 0.0)
    made.heard(BOB, [HOME], 0.1)
    assert addresses(made.due(0.1)) == [HOME]


def test_the_next_address_is_dialed_a_moment_after_the_one_before_and_no_sooner() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME, CAFE, HUT)))
    assert addresses(made.due(0.0)) == [HOME]
    assert not made.due(0.0)
    assert next_time(made) == NEXT_SECONDS
    assert addresses(made.due(NEXT_SECONDS)) == [CAFE]
    assert addresses(made.due(2 * NEXT_SECONDS)) == [HUT]
    assert made.next_timer() is None


def test_an_address_that_fails_lets_the_next_start_at_once() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME, CAFE)))
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.UNREACHABLE, 0.01)
    assert next_time(made) <= 0.01
    assert addresses(made.due(0.01)) == [CAFE]


def test_a_limited_number_of_one_persons_addresses_is_dialed_at_once() -> None:
    made = dialer(DialTarget(BOB, 1, tuple(Address(f"10.0.0.{number}", 7000) for number in range(8))))
    running = [attempt for moment in range(8) for attempt in made.due(moment * NEXT_SECONDS)]
    assert len(running) == ADDRESSES_AT_ONCE
    assert made.next_timer() is None
    made.ended(running[0], DialOutcome.UNREACHABLE, 2.0)
    assert len(made.due(2.0)) == 1


def test_a_race_ends_when_one_address_has_answered() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME, CAFE, HUT)))
    running = [*made.due(0.0), *made.due(NEXT_SECONDS)]
    made.ended(running[1], DialOutcome.MET, 0.3, device=LAPTOP)
    made.connected(BOB, LAPTOP, 0.3)
    made.ended(running[0], DialOutcome.OVERTAKEN, 0.3)
    assert made.next_timer() is None
    made.lost(BOB, LAPTOP, 100.0, good=True)
    assert addresses(made.due(next_time(made))) == [CAFE]  # the last good address


def test_an_address_that_was_overtaken_has_not_failed() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    for _ in range(5):
        now = next_time(made)
        [attempt] = made.due(now)
        made.ended(attempt, DialOutcome.OVERTAKEN, now)
        assert next_time(made) - now == 1.0


NEAR, FAR, INSIDE, OWN = (Address(f"10.{number}.0.1", 7000) for number in range(4))
RANKS: dict[Address, int | None] = {NEAR: 0, FAR: 1, INSIDE: 2, OWN: None}


@given(st.permutations([NEAR, FAR, INSIDE, OWN]), st.sets(st.sampled_from([FAR, INSIDE])))
def test_the_likeliest_address_goes_first_whatever_the_order_in_which_they_were_learned(
    order: list[Address], announced: set[Address]
) -> None:
    made = Dialer(lambda: 1.0, RANKS.get)
    made.want([DialTarget(BOB, 1, tuple(order))], 0.0)
    if announced:
        made.heard(BOB, announced, 0.0)
    dialed = [address for moment in range(5) for address in addresses(made.due(moment * NEXT_SECONDS))]
    assert dialed == [NEAR, FAR, INSIDE]
    assert made.next_timer() is None


def test_a_node_never_dials_itself_and_waits_for_nothing_then() -> None:
    made = Dialer(lambda: 1.0, RANKS.get)
    made.want([DialTarget(BOB, 1, (OWN,))], 0.0)
    made.heard(BOB, [OWN], 0.0)
    assert made.next_timer() is None
    assert not made.due(1e6)


def test_on_another_network_every_address_is_judged_again() -> None:
    ranks = dict(RANKS)
    made = Dialer(lambda: 1.0, ranks.get)
    made.want([DialTarget(BOB, 1, (OWN, FAR))], 0.0)
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.UNREACHABLE, 0.0)
    ranks[OWN] = 0
    made.moved(0.5)
    assert addresses(made.due(0.5)) == [OWN]


def test_the_last_good_address_goes_before_what_was_just_announced_until_it_fails() -> None:
    made = dialer(DialTarget(BOB, 1, (CAFE, HOME)))
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.MET, 0.0, device=LAPTOP)
    made.connected(BOB, LAPTOP, 0.0)
    made.lost(BOB, LAPTOP, 100.0, good=True)
    made.heard(BOB, [HUT], 100.0)
    now = next_time(made)
    [second] = made.due(now)
    assert second.address == CAFE
    made.ended(second, DialOutcome.UNREACHABLE, now)
    assert addresses(made.due(now)) == [HUT]


def test_a_connected_person_is_left_alone_until_the_session_is_lost() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    made.connected(BOB, LAPTOP, 0.0)
    assert made.next_timer() is None
    assert not made.due(1e6)
    made.lost(BOB, LAPTOP, 1e6, good=True)
    assert addresses(made.due(next_time(made))) == [HOME]


def test_pauses_double_with_each_failure_up_to_the_longest() -> None:
    pauses = failures(dialer(DialTarget(BOB, 1, (HOME,))), 12)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST_PAUSE


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 30))
def test_jitter_never_shortens_a_pause_below_its_half_nor_lengthens_it(jitter: float, count: int) -> None:
    made = Dialer(lambda: jitter)
    made.want([DialTarget(BOB, 1, (HOME,))], 0.0)
    for number, pause in enumerate(failures(made, count)):
        full = min(LONGEST_PAUSE, 2.0**number)
        assert full / 2 * 0.999 <= pause <= full * 1.001


def test_other_addresses_are_tried_while_one_is_left_alone() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME, CAFE)))
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.UNREACHABLE, 0.0)
    [second] = made.due(0.0)
    assert {first.address, second.address} == {HOME, CAFE}


def test_what_was_just_announced_goes_before_what_is_remembered() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    made.heard(BOB, [CAFE], 0.0)
    assert addresses(made.due(0.0)) == [CAFE]


def test_an_announcement_makes_a_failed_address_worth_another_try_but_not_every_packet_does() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    failures(made, 8)
    long_pause = next_time(made)
    now = long_pause - 60.0
    made.heard(BOB, [HOME], now)
    [attempt] = made.due(now)
    made.ended(attempt, DialOutcome.UNREACHABLE, now)
    made.heard(BOB, [HOME], now + 0.1)
    assert not made.due(now + 0.2)
    made.heard(BOB, [HOME], now + REHEARD_PAUSE)
    assert made.due(now + REHEARD_PAUSE)


def test_of_two_who_hear_each_other_one_can_leave_the_other_time_to_dial() -> None:
    made = Dialer(lambda: 0.0)
    made.heard(BOB, [HOME], 10.0, pause=0.3)
    assert not made.due(10.0)
    assert addresses(made.due(10.3)) == [HOME]


def test_an_announced_person_who_is_no_contact_is_dialed_until_their_addresses_have_failed() -> None:
    made = Dialer(lambda: 1.0)
    made.heard(CAROL, [HOME], 0.0)
    failures(made, ANNOUNCED_FAILURES)
    assert made.next_timer() is None


def test_a_change_of_network_makes_everything_worth_a_try() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    failures(made, 8)
    now = next_time(made) - 100.0
    assert not made.due(now)
    made.retry_all(now)
    assert addresses(made.due(now)) == [HOME]


def test_an_address_that_does_not_answer_is_tried_with_the_next_key_at_once_and_after_the_last_one_left_alone() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.NO_ANSWER, 0.0, more_keys=True)
    assert next_time(made) < 0.1
    [second] = made.due(0.1)
    assert (first.turn, second.turn) == (0, 1)
    made.ended(second, DialOutcome.NO_ANSWER, 0.1)
    assert next_time(made) == 1.1
    assert made.due(1.1)[0].turn == 0


@pytest.mark.parametrize("outcome", [DialOutcome.REFUSED, DialOutcome.OTHER_VERSION])
def test_a_person_who_refused_is_left_alone_whatever_they_announce(outcome: DialOutcome) -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    [attempt] = made.due(0.0)
    made.ended(attempt, outcome, 0.0)
    made.heard(BOB, [HOME, CAFE], 50.0)
    assert not made.due(50.0)
    assert next_time(made) == REFUSED_PAUSE


def test_sessions_that_break_again_and_again_come_back_ever_later() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    now, pauses = 0.0, []
    for _ in range(4):
        [attempt] = made.due(now)
        made.ended(attempt, DialOutcome.MET, now, device=LAPTOP)
        made.connected(BOB, LAPTOP, 0.0)
        made.lost(BOB, LAPTOP, now, good=False)
        pauses.append(next_time(made) - now)
        now = next_time(made)
    assert pauses == [2.0, 4.0, 8.0, 16.0]


def test_a_person_with_two_devices_is_dialed_until_both_are_connected() -> None:
    made = dialer(DialTarget(BOB, 2, (HOME, CAFE)))
    [attempt] = made.due(0.0)
    made.ended(attempt, DialOutcome.MET, 0.0, device=LAPTOP)
    made.connected(BOB, LAPTOP, 0.0)
    [other] = made.due(0.0)
    assert other.address != attempt.address
    made.ended(other, DialOutcome.DUPLICATE, 0.0, device=LAPTOP)
    assert made.next_timer() is None  # both addresses lead to the laptop
    made.heard(BOB, [HUT], 5.0)
    [third] = made.due(5.0)
    made.ended(third, DialOutcome.MET, 5.0, device=PI)
    made.connected(BOB, PI, 0.0)
    assert made.next_timer() is None


def test_a_limited_number_is_dialed_at_once_and_those_just_announced_go_first() -> None:
    people = [bytes([number]) * 32 for number in range(PEOPLE_AT_ONCE + 5)]
    made = dialer(*(DialTarget(person, 1, (HOME,)) for person in people))
    made.heard(people[-1], [CAFE], 0.0)
    attempts = made.due(0.0)
    assert len(attempts) == PEOPLE_AT_ONCE
    assert attempts[0].person == people[-1]
    assert not made.due(0.0)
    assert next_time(made) == NEXT_SECONDS  # for the other address of the one who was announced
    made.ended(attempts[1], DialOutcome.UNREACHABLE, 0.0)
    assert len(made.due(0.0)) == 1


def test_somebody_no_longer_wanted_is_no_longer_dialed() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    made.want([], 1.0)
    assert made.next_timer() is None
    assert not made.due(1.0)


# --- addresses given by hand ---------------------------------------------------------------------------------------


def static(*people: bytes) -> Dialer:
    """Return a dialer that wants these people, knows no address of theirs, and has one address given by hand."""
    made = dialer(*(DialTarget(person, 1) for person in people))
    made.given([HOME], 0.0)
    return made


def test_missing_contacts_are_tried_at_a_given_address_one_after_the_other() -> None:
    made = static(ALICE, BOB, CAROL)
    asked = []
    for _ in range(3):
        now = next_time(made)
        [attempt] = made.due(now)
        asked.append(attempt.person)
        made.ended(attempt, DialOutcome.NO_ANSWER, now)
    assert asked == [ALICE, BOB, CAROL]


def test_only_when_nobody_was_found_there_does_a_given_address_count_as_failed() -> None:
    made = static(ALICE, BOB)
    rounds, now = [], 0.0
    for _ in range(16):
        for _ in range(2):
            now = next_time(made)
            [attempt] = made.due(now)
            made.ended(attempt, DialOutcome.NO_ANSWER, now)
        rounds.append(next_time(made) - now)
    assert rounds[:3] == [1.0, 2.0, 4.0]
    assert rounds[-1] == LONGEST_STATIC_PAUSE


def test_the_person_found_at_a_given_address_is_dialed_there_again() -> None:
    made = static(ALICE, BOB)
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.NO_ANSWER, 0.0)
    [second] = made.due(next_time(made))
    made.ended(second, DialOutcome.MET, 1.0, device=LAPTOP)
    made.connected(BOB, LAPTOP, 0.0)
    assert made.next_timer() is None
    made.lost(BOB, LAPTOP, 100.0, good=True)
    assert [attempt.person for attempt in made.due(next_time(made))] == [BOB]


def test_at_a_given_address_that_is_not_reachable_nobody_is_crossed_off() -> None:
    made = static(ALICE, BOB)
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.UNREACHABLE, 0.0)
    assert [attempt.person for attempt in made.due(next_time(made))] == [ALICE]


def test_a_given_address_is_of_no_use_while_everybody_is_there() -> None:
    made = static(ALICE)
    made.connected(ALICE, LAPTOP, 0.0)
    assert made.next_timer() is None
    assert not made.due(1e6)


# --- any order of events ----------------------------------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.sampled_from(["heard", "want", "lost", "connected", "look", "static", "go"]),
        st.sampled_from([ALICE, BOB, CAROL]),
        st.sampled_from([HOME, CAFE, HUT]),
        st.sampled_from(list(DialOutcome)),
        st.booleans(),
    ),
    max_size=40,
)


@given(steps)
def test_in_any_order_of_events_an_attempt_is_due_when_the_timer_has_come(
    steps: list[tuple[str, bytes, Address, DialOutcome, bool]],
) -> None:
    made, now = Dialer(lambda: 0.5), 0.0
    running: list[DialAttempt] = []
    given: set[Address] = set()
    for step, person, address, outcome, flag in steps:
        match step:
            case "heard":
                made.heard(person, [address], now, pause=0.3 if flag else 0.0)
            case "want":
                made.want([DialTarget(person, 1 + flag, (address,))], now)
            case "lost":
                made.lost(person, LAPTOP, now, good=flag)
            case "connected":
                made.connected(person, LAPTOP, now)
            case "look":
                made.retry_all(now)
            case "static":
                given ^= {address}
                made.given(sorted(given), now)
            case _ if running:
                made.ended(running.pop(0), outcome, now, device=LAPTOP, more_keys=flag)
        timer = made.next_timer()
        if timer is not None:
            now = max(now, timer)
            started = made.due(now)
            assert started
            running += started
        assert len({attempt.person for attempt in running}) <= PEOPLE_AT_ONCE
        ways = [(attempt.person, attempt.address) for attempt in running]
        assert len(set(ways)) == len(ways)
        assert all(sum(person == one for person, _ in ways) <= ADDRESSES_AT_ONCE for one in (ALICE, BOB, CAROL))


def test_an_attempt_may_end_after_its_address_was_taken_back_and_given_again() -> None:
    made = dialer(DialTarget(BOB, 1))
    made.given([HOME], 0.0)
    [attempt] = made.due(0.0)
    made.given([], 1.0)
    made.given([HOME], 2.0)
    made.ended(attempt, DialOutcome.MET, 3.0, device=LAPTOP)
    assert addresses(made.due(3.0)) == [HOME]


def test_a_connected_person_is_dialed_again_to_be_shown_a_card() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    made.connected(BOB, LAPTOP, 0.0)
    assert made.due(0.0) == []
    made.want([DialTarget(BOB, 1, (HOME,), claims=True)], 1.0)
    [attempt] = made.due(1.0)
    made.ended(attempt, DialOutcome.MET, 1.0, device=LAPTOP)
    made.want([DialTarget(BOB, 1, (HOME,))], 2.0)
    assert made.next_timer() is None


def test_an_address_that_was_taken_back_is_no_longer_dialed_even_if_an_attempt_is_under_way() -> None:
    made = static(ALICE)
    [attempt] = made.due(0.0)
    made.given([], 1.0)
    made.ended(attempt, DialOutcome.NO_ANSWER, 2.0)
    assert made.next_timer() is None
    assert not list(made.found_at())


def test_it_is_known_who_was_found_at_a_given_address_and_how_the_last_attempt_ended() -> None:
    made = static(ALICE, BOB)
    assert list(made.found_at()) == [(HOME, None, None)]
    [first] = made.due(0.0)
    made.ended(first, DialOutcome.UNREACHABLE, 0.0)
    assert list(made.found_at()) == [(HOME, None, DialOutcome.UNREACHABLE)]
    now = next_time(made)
    [second] = made.due(now)
    made.ended(second, DialOutcome.MET, now, device=LAPTOP)
    made.given([HOME, CAFE], now)
    assert list(made.found_at()) == [(HOME, ALICE, DialOutcome.MET), (CAFE, None, None)]
