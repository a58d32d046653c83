"""Sets of bits over one table, held against plain Python sets: what one set has, no other learns, and no number is mixed up."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import marks
from protocol.wire.index import Index, Item
from protocol.wire.marks import ItemTable, Marks

ITEMS = st.tuples(st.integers(0, 5), st.integers(0, 200).map(lambda n: n.to_bytes(2, "big") + bytes(30)))
STEPS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.lists(ITEMS, max_size=40)), max_size=12)
MANY = 20_000


@given(STEPS)
def test_sets_that_share_a_table_hold_what_plain_sets_would_hold(steps: list[tuple[int, bool, list[Item]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "_SWEEP_FROM", 8)  # numbers are given again all the time
        table = ItemTable()
        sets = [Index(table=table) for _ in range(3)]
        plain: list[set[Item]] = [set() for _ in sets]
        for which, adding, items in steps:
            if adding:
                assert sets[which].insert(items) == sorted(set(items) - plain[which])
                plain[which] |= set(items)
            else:
                assert sets[which].remove(items) == sorted(set(items) & plain[which])
                plain[which] -= set(items)
            for index, held in zip(sets, plain, strict=True):
                assert list(index) == sorted(held)
                assert [index.position(*item) for item in sorted(held)] == list(range(len(held)))


def test_a_table_keeps_only_what_a_set_has() -> None:
    table = ItemTable()
    kept = Marks(table)
    kept.insert(_items(0, 100))
    for round_ in range(20):
        passing = Marks(table)
        passing.insert(_items(1 + round_, 1000))
        del passing
    assert len(table) < 4000
    assert list(kept) == _items(0, 100)


@given(st.lists(ITEMS, unique=True, max_size=60), st.integers(0, 70))
def test_the_first_marks_are_taken_each_once(items: list[Item], most: int) -> None:
    some, taken = Marks(), set[Item]()
    some.insert(items)
    while numbers := some.first(most) if most else []:
        assert len(numbers) <= most
        for number in numbers:
            assert some.unmark(number)
            taken.add(some.table.item(number))
    assert taken == (set(items) if most else set())


def test_the_order_of_few_sets_is_kept_and_of_all_the_same() -> None:
    table = ItemTable()
    sets = [Index(_items(number, 50), table) for number in range(3 * marks.SORTED_AT_ONCE)]
    for _ in range(2):
        for number, index in enumerate(sets):
            assert index.item_at(7) == _items(number, 50)[7]
    assert sum(index.keeps_order for index in sets) <= marks.SORTED_AT_ONCE


def test_a_set_more_takes_a_bit_for_each_item() -> None:
    table = ItemTable()
    items = [(number // 7, number.to_bytes(32, "big")) for number in range(MANY)]
    first = Index(items, table)
    tracemalloc.start()
    sets = [Index(items, table) for _ in range(8)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(len(index) == len(first) for index in sets)
    assert taken / len(sets) / MANY < 1  # byte; 40 bytes when each set had items of its own


def _items(which: int, count: int) -> list[Item]:
    return [(number // 3, (which * 10_000 + number).to_bytes(32, "big")) for number in range(count)]
