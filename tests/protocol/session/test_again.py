"""What was refused and can be taken later comes in the same session, as soon as it is asked for."""

from __future__ import annotations

import pytest

from protocol.limits import AGAIN_PER_MINUTE, MINUTE
from protocol.session import Phase, announcing
from protocol.wire.frames import Again, Have, Pull, Records, Want
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, kinds, settled

ALICE, BOB = Person("Alice"), Person("Bob")
OFFERS = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(300)]


def refused_by(who: str, *, count: int = 20) -> tuple[Pair, Side]:
    """Return a live pair of whom one side was shown these offers and refused them."""
    one, other = Side(ALICE), Side(BOB)
    refusing, giving = (one, other) if who == "the initiator" else (other, one)
    refusing.refused = {record.id for record in OFFERS[:count]}
    giving.put(OFFERS[:count])
    pair = Pair.of(one, other).run()
    assert pair.initiator.live
    assert not refusing.store
    return pair, refusing


@pytest.mark.parametrize("who", ["the initiator", "the responder"])
def test_what_was_refused_comes_at_once_when_it_is_asked_for(who: str) -> None:
    pair, refusing = refused_by(who)
    before = len(pair.log)
    refusing.ask_again(*OFFERS[:5])
    pair.run()
    assert set(refusing.store) == {record.id for record in OFFERS[:5]}
    assert [type(frame) for frame in pair.frames[before:]] == [Again, Have, Want, Pull, Records]
    settled(pair)


def test_what_was_refused_and_is_not_asked_for_is_not_sent_again() -> None:
    pair, refusing = refused_by("the initiator")
    records = kinds(pair)[Records]
    settled(pair)
    assert kinds(pair)[Records] == records
    assert not refusing.store


def test_nothing_is_asked_for_that_the_other_side_has_not_shown() -> None:
    """It could tell the other side that this side has held a record which the other side may not have."""
    one, other = Side(ALICE), Side(BOB)
    other.put(OFFERS[:1], hidden=True)
    pair = Pair.of(one, other).run()
    before = len(pair.log)
    one.ask_again(OFFERS[0], OFFERS[1])
    pair.run()
    assert pair.frames[before:] == []
    settled(pair)


def test_nothing_is_said_about_items_that_the_asker_may_not_have_any_longer() -> None:
    pair, refusing = refused_by("the initiator")
    pair.responder.session.update(Phase.CONTENT, [], [item(OFFERS[0])])
    before = len(pair.log)
    refusing.ask_again(OFFERS[0])
    pair.run()
    assert [type(frame) for frame in pair.frames[before:]] == [Again]


def test_much_that_is_asked_for_comes_in_portions() -> None:
    pair, refusing = refused_by("the responder", count=len(OFFERS))
    refusing.ask_again(*OFFERS)
    pair.run()
    assert len(refusing.store) == len(OFFERS)
    assert kinds(pair)[Again] == 2
    settled(pair)


def test_what_is_asked_for_while_the_sets_are_compared_is_not_lost() -> None:
    pair, refusing = refused_by("the responder")
    pair.wait(100)
    pair.initiator.session.recheck(pair.now)
    refusing.ask_again(*OFFERS[:3])
    pair.run()
    assert len(refusing.store) == 3
    settled(pair)


def test_what_exceeds_the_limit_of_a_minute_is_asked_for_in_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "AGAIN_PER_MINUTE", 5)
    pair, refusing = refused_by("the initiator")
    refusing.ask_again(*OFFERS[:12])
    pair.run()
    assert len(refusing.store) == 5
    pair.wait(2 * MINUTE + 1)
    assert len(refusing.store) == 12
    assert AGAIN_PER_MINUTE >= 1000


def test_items_asked_for_leave_the_set_of_the_asker() -> None:
    pair, refusing = refused_by("the initiator")
    pair.responder.session.update(Phase.CONTENT, [], [item(OFFERS[0])])  # the giver takes it back meanwhile
    refusing.ask_again(OFFERS[0])
    pair.run()
    assert not refusing.store
    settled(pair)
