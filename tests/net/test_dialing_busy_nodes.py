"""The dialer comes back to a busy node when it was asked to, and sooner with news; the tests set its clock."""

from __future__ import annotations

from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import BUSY_PAUSE_WITH_NEWS, BUSY_SPREAD, DialTarget
from meshnode.net.endpoint_states import LONGEST_SILENT_PAUSE
from tests.net.test_dialer import BOB, CAFE, CAROL, HOME, LAPTOP, addresses, dialer, failures, next_time


def test_a_node_that_listens_and_does_not_answer_is_called_again_soon_however_often_that_was() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    assert failures(made, 12, DialOutcome.NO_ANSWER)[-1] == LONGEST_SILENT_PAUSE


def test_a_busy_node_is_dialed_again_when_it_asked_for_it_whatever_it_announces() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    [attempt] = made.due(0.0)
    made.ended(attempt, DialOutcome.BUSY, 0.0, device=LAPTOP, pause=20.0)
    made.heard(BOB, [HOME], 5.0)
    assert not made.due(19.0)
    assert next_time(made) == 20.0 + BUSY_SPREAD
    assert made.turns(5.0) == {BOB: 15.0 + BUSY_SPREAD}
    assert not made.turns(30.0)
    assert addresses(made.due(next_time(made))) == [HOME]


def test_a_person_sent_away_comes_back_when_asked_and_it_counts_as_no_setback() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)))
    now = 0.0
    for _ in range(5):
        [attempt] = made.due(now)
        made.ended(attempt, DialOutcome.MET, now, device=LAPTOP)
        made.connected(BOB, LAPTOP, now)
        made.lost(BOB, LAPTOP, now + 5.0, good=True)
        made.busy(BOB, 60.0, now + 5.0)
        assert next_time(made) == now + 65.0 + BUSY_SPREAD
        now = next_time(made)


def test_news_of_the_owner_are_brought_to_a_busy_node_sooner_but_not_at_once() -> None:
    made = dialer(DialTarget(BOB, 1, (HOME,)), DialTarget(CAROL, 1, (CAFE,)))
    for attempt in made.due(0.0):
        outcome = DialOutcome.BUSY if attempt.person == BOB else DialOutcome.REFUSED
        made.ended(attempt, outcome, 0.0, pause=60.0)
    made.has_news(2.0)
    assert next_time(made) == BUSY_PAUSE_WITH_NEWS
    assert addresses(made.due(30.0)) == [HOME]
