"""The memory of what was refused, over all sessions: bounded, shared out by introducer, and forgotten with the reason."""

from __future__ import annotations

import pytest

from meshnode.replica.quota import Charge, Shortage
from meshnode.replica.refusal_memory import RefusalMemory
from meshnode.replica.refusals import CHECK_SECONDS
from meshnode.replica.refused_record import RefusedRecord
from protocol import Kind, limits
from tests.replica.test_refusals import crowd, free, ledger, node
from tests.support.people import Person, grown

ALICE, BOB, CAROL, DAVE = (Person(name).id for name in ("Alice", "Bob", "Carol", "Dave"))


def refusal(number: int) -> RefusedRecord:
    record_id = grown("record", number)
    return RefusedRecord((number, record_id), Kind.PROFILE, Shortage.INTRODUCER, None, Charge(DAVE, Kind.PROFILE, 9), 0)


def test_a_flood_pushes_out_only_what_the_same_account_has_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_KEPT_MAX", 100)
    memory = RefusalMemory()
    for number in range(20):
        memory.of(ALICE, ALICE).note(refusal(number))
    for number in range(1000):  # two puppets for whom Bob answers
        memory.of(CAROL if number % 2 else DAVE, BOB).note(refusal(1000 + number))
    assert len(memory) == 100
    assert len(memory.records(ALICE)) == 20
    assert len(memory.records(CAROL)) + len(memory.records(DAVE)) == 80
    for number in range(1000):
        memory.of(ALICE, ALICE).note(refusal(number))
    assert len(memory) == 100
    assert len(memory.records(ALICE)) in (50, 51)


def test_the_oldest_refusals_make_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_KEPT_MAX", 3)
    memory = RefusalMemory()
    for number in (1, 2, 3, 1, 4):
        memory.of(ALICE, ALICE).note(refusal(number))
    assert [one.item[0] for one in memory.records(ALICE)] == [3, 1, 4]


def test_what_somebody_has_shown_moves_to_the_account_of_the_person_who_answers_for_them_now() -> None:
    memory = RefusalMemory()
    memory.of(CAROL, BOB).note(refusal(1))
    memory.of(CAROL, ALICE).note(refusal(2))
    memory.of(CAROL, ALICE).forget([refusal(1).id, refusal(2).id, refusal(3).id])
    assert len(memory) == 0
    assert memory.records(CAROL) == []


def test_the_next_session_begins_with_what_is_refused_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, first = node()
    later = crowd(bob, 40)
    first.note(later, 0.0)
    second = ledger(bob)
    assert {one.id for one in second.resume(100.0)} == {one.id for one in later}
    assert second.missing == ((Shortage.INTRODUCER, len(later)),)
    free(bob)
    assert second.next_check is not None
    released = second.check(second.next_check)
    assert len(released) == 1
    assert released[0] not in ledger(bob).resume(200.0)


def test_what_there_is_room_for_by_then_is_brought_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, first = node()
    later = crowd(bob, 40)
    first.note(later, 0.0)
    free(bob)
    free(bob)
    assert len(ledger(bob).resume(CHECK_SECONDS)) == len(later) - 2


def test_what_the_peer_has_not_shown_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that were held here and had to go may be in no set that the peer sees, if it may not have them by then."""
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob, first = node()
    first.note(crowd(bob, 40), 0.0, shown=False)
    assert ledger(bob).resume(1.0) == []
