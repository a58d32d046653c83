"""Exchanges and their moves in the store: stored, counted, and deleted to make space."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from meshnode.store import ArchivedListing, Exchange, Store
from meshnode.store.database import Database
from meshnode.store.migrate import migrate, migrations
from protocol.letters import LENT_OUT, UNFINISHED, Action, Move, Stage
from tests.support.exchanges import move, terms
from tests.support.people import NOW, Person, grown

BOB, CAROL = Person("Bob"), Person("Carol")
ASK = move(Action.ASK, terms())


def begun(
    store: Store,
    other: Person = BOB,
    number: int = 0,
    *,
    stage: Stage = Stage.REQUESTED,
    changed: int = NOW,
    **kept: object,
) -> Exchange:
    """An exchange that is shown and that the other person asked for."""
    made = store.exchanges.begin(other.id, grown("exchange", number, size=16), other.name, NOW)
    made = made._replace(asked=False, slot=terms().slot, shown=True, stage=stage, changed=changed)
    made = made._replace(**kept)  # type: ignore[arg-type]
    store.exchanges.keep(made)
    return made


def test_an_exchange_is_read_as_it_was_stored(store: Store) -> None:
    kept = begun(store, title="Drill", category="tools", held=2, accepted_here=True)
    assert store.exchanges.find(BOB.id, kept.id) == kept
    assert store.exchanges.find(CAROL.id, kept.id) is None
    assert store.exchanges.all_shown() == [kept]


def test_the_same_id_with_somebody_else_is_another_exchange(store: Store) -> None:
    one, other = begun(store), begun(store, CAROL)
    assert one.id == other.id
    assert one.no != other.no
    assert store.exchanges.find(CAROL.id, one.id) == other


def test_moves_are_stored_once_in_the_order_of_arrival(store: Store) -> None:
    exchange = begun(store)
    words = [move(Action.SAY, terms(), text=text) for text in ("one", "two")]
    for said in (ASK, words[1], words[0]):
        assert store.exchanges.add_move(exchange, said, mine=False, arrived=NOW, letter=None)
    assert not store.exchanges.add_move(exchange, ASK, mine=False, arrived=NOW + 9, letter=None)
    assert [kept.move for kept in store.exchanges.moves(exchange)] == [ASK, words[1], words[0]]
    assert [kept.arrived for kept in store.exchanges.moves(exchange)] == [NOW] * 3
    assert store.exchanges.count_moves(exchange, mine=False) == 3
    assert store.exchanges.count_moves(exchange, mine=False, act=Action.SAY) == 2
    assert store.exchanges.count_moves(exchange, mine=True) == 0


def test_a_move_sent_again_keeps_its_latest_letter(store: Store) -> None:
    exchange = begun(store)
    first, second = grown("first", size=16), grown("second", size=16)
    for letter in (first, second, None):
        store.exchanges.add_move(exchange, ASK, mine=True, arrived=NOW, letter=letter)
    assert [kept.letter for kept in store.exchanges.moves(exchange)] == [second]


def test_both_sides_may_make_the_same_move(store: Store) -> None:
    exchange, said = begun(store), move(Action.DONE, terms())
    for mine in (True, False):
        assert store.exchanges.add_move(exchange, said, mine=mine, arrived=NOW, letter=None)
    assert [kept.mine for kept in store.exchanges.moves(exchange)] == [True, False]


def test_the_one_that_changed_last_comes_first(store: Store) -> None:
    exchanges = [begun(store, number=number, changed=NOW + when) for number, when in enumerate((5, 9, 7))]
    assert [found.no for found in store.exchanges.all_shown()] == [exchanges[n].no for n in (1, 2, 0)]


def test_exchanges_are_counted_by_person_stage_and_who_asked(store: Store) -> None:
    begun(store)
    begun(store, number=1, stage=Stage.AGREED)
    begun(store, number=2, asked=True)
    begun(store, CAROL)
    assert store.exchanges.count() == 4
    assert store.exchanges.count_with(BOB.id) == 3
    assert store.exchanges.count_requests(BOB.id, NOW, asked=False) == 1
    assert store.exchanges.count_requests(BOB.id, NOW, asked=True) == 1
    assert [found.other for found in store.exchanges.with_stage(Stage.REQUESTED, asked=False)] == [BOB.id, CAROL.id]
    begun(store, number=9, listing_ends=NOW + 1)
    assert store.exchanges.count_requests(BOB.id, NOW, asked=False) == 2
    assert store.exchanges.count_requests(BOB.id, NOW + 1, asked=False) == 1


def test_the_oldest_exchange_without_an_agreement_makes_space_and_one_with_an_agreement_never_does(
    store: Store,
) -> None:
    begun(store, number=0, stage=Stage.COMPLETED, changed=NOW)
    begun(store, number=1, stage=Stage.REQUESTED, changed=NOW)
    late = begun(store, number=2, stage=Stage.CANCELLED, changed=NOW + 2)
    early = begun(store, CAROL, number=3, stage=Stage.DECLINED, changed=NOW + 1)
    store.exchanges.add_move(early, ASK, mine=False, arrived=NOW, letter=None)
    assert store.exchanges.forget_oldest(BOB.id)
    assert store.exchanges.find(BOB.id, late.id) is None
    assert store.exchanges.forget_oldest()
    assert store.exchanges.find(CAROL.id, early.id) is None
    assert store.exchanges.moves(early) == []
    assert not store.exchanges.forget_oldest()
    assert store.exchanges.count() == 2


def test_the_oldest_loan_that_came_back_makes_space_for_the_same_person_only(store: Store) -> None:
    begun(store, number=0, stage=Stage.COMPLETED, changed=NOW)
    begun(store, number=1, stage=Stage.GIVEN_BACK, changed=NOW)
    late = begun(store, number=2, stage=Stage.RETURNED, changed=NOW + 2)
    early = begun(store, number=3, stage=Stage.RETURNED, changed=NOW + 1)
    begun(store, CAROL, number=4, stage=Stage.RETURNED, changed=NOW)
    for gone in (early, late):
        assert store.exchanges.forget_returned(BOB.id)
        assert store.exchanges.find(BOB.id, gone.id) is None
    assert not store.exchanges.forget_returned(BOB.id)
    assert (store.exchanges.count_with(BOB.id), store.exchanges.count_with(CAROL.id)) == (2, 1)


def test_exchanges_that_are_not_shown_are_counted_apart_and_deleted_in_time(store: Store) -> None:
    begun(store)
    for number, other in ((1, BOB), (2, CAROL)):
        store.exchanges.begin(other.id, grown("exchange", number, size=16), other.name, NOW)
    assert (store.exchanges.count_unheard(), store.exchanges.count_unheard(CAROL.id)) == (2, 1)
    assert len(store.exchanges.all_shown()) == 1
    store.exchanges.purge(NOW)
    assert store.exchanges.count_unheard() == 2
    store.exchanges.purge(NOW + 1)
    assert store.exchanges.count_unheard() == 0
    assert len(store.exchanges.all_shown()) == 1


def test_what_exchanges_hold_is_added_up_by_listing(store: Store) -> None:
    """Only of the owner's listings, and only in exchanges that are shown."""
    slot, other = terms().slot, grown("another slot", size=16)
    begun(store, number=0, held=2)
    begun(store, number=1, held=Decimal("0.5"))
    begun(store, number=2, held=4, asked=True)
    begun(store, number=3, held=8, shown=False)
    begun(store, number=4, slot=other)
    assert store.exchanges.held_by_slot(BOB.id) == {}  # no such listing is remembered
    for at in (slot, other):
        record = BOB.listing(slot=at)
        store.archive.remember(ArchivedListing("taken", NOW, record), until=NOW + 9)
    assert store.exchanges.held_by_slot(BOB.id) == {slot: Decimal("2.5"), other: 0}
    assert store.exchanges.held(slot) == Decimal("2.5")
    assert store.exchanges.held(grown("no slot", size=16)) == 0
    assert [one.held for one in store.exchanges.about(slot)] == [2, Decimal("0.5")]


@pytest.mark.parametrize("lend", [True, False])
@pytest.mark.parametrize("stage", Stage)
def test_somebody_with_whom_something_is_open_or_lent_is_a_counterpart(
    store: Store, stage: Stage, *, lend: bool
) -> None:
    kept = begun(store, stage=stage, lend=lend)
    is_open = stage in UNFINISHED or (lend and stage in LENT_OUT)
    assert store.exchanges.counterparts() == ({BOB.id} if is_open else frozenset())
    assert store.exchanges.open_with(BOB.id) == [kept] * is_open
    store.letters.add_sent(b"s" * 16, BOB.id, sent=NOW, expires=NOW + 9)
    assert store.exchanges.counterparts() == {BOB.id}  # the last word may still be on its way
    store.letters.note_ended(b"s" * 16)
    assert store.exchanges.counterparts() == ({BOB.id} if is_open else frozenset())


def test_a_database_from_before_exchanges_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = Database.open(path)
    migrate(before, [step for step in migrations() if step.version < 3])
    before.run("INSERT INTO meta VALUES ('port', '4747')")
    before.close()
    with Store.open(path) as store:
        assert store.meta.get("port") == "4747"
        kept = begun(store)
        assert store.exchanges.all_shown() == [kept]


def test_a_move_is_read_as_it_was_stored(store: Store) -> None:
    exchange = begun(store)
    said: list[Move] = [
        move(Action.ASK, terms("need", lend=True, return_by=NOW), text="\u00e9\n\u00e9", communities=(bytes(16),)),
        move(Action.DECLINE, terms(), reason="gone"),
    ]
    for one in said:
        store.exchanges.add_move(exchange, one, mine=False, arrived=NOW, letter=None)
    assert [kept.move for kept in store.exchanges.moves(exchange)] == said
