"""The queue of what is offered and not pulled yet: everything comes out once, in order, however much is taken at a time."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.session import Phase
from protocol.session.offers import OfferQueue
from protocol.wire.index import Item
from protocol.wire.marks import ItemTable, Marks


def item(number: int) -> Item:
    return number, number.to_bytes(32, "big")


STEPS = st.lists(st.one_of(st.tuples(st.sampled_from(Phase), st.integers(0, 5)), st.integers(0, 7)), max_size=30)


@pytest.mark.parametrize("trim_from", [1, 3, 4096])
@given(steps=STEPS)
def test_what_is_announced_comes_out_once_in_the_order_in_which_it_went_in(
    steps: list[tuple[Phase, int] | int], trim_from: int
) -> None:
    queue, model, next_item = OfferQueue(), list[tuple[Phase, Item]](), 0
    with patch("protocol.session.offers._TRIM_FROM", trim_from):
        for step in steps:
            if isinstance(step, int):
                assert queue.take(step) == model[:step]
                del model[:step]
            else:
                phase, count = step
                items = [item(next_item + number) for number in range(count)]
                next_item += count
                queue.add(phase, items)
                model += [(phase, one) for one in items]
            assert len(queue) == len(model)
    assert queue.take(1000) == model


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_what_a_comparison_found_comes_after_what_was_announced_phase_by_phase(most: int) -> None:
    table = ItemTable()
    queue = OfferQueue(table)
    graph, content, nothing = Marks(table), Marks(table), Marks(table)
    for number in range(3):
        graph.insert([item(number)])
        content.insert([item(10 + number)])
    queue.add(Phase.GRAPH, graph)
    queue.add(Phase.GRAPH, nothing)
    queue.add(Phase.CONTENT, content)
    queue.add(Phase.CONTENT, [item(20)])
    assert len(queue) == 7
    taken = list[tuple[Phase, Item]]()
    while portion := queue.take(most):
        assert len(portion) <= most
        taken += portion
        assert len(queue) == 7 - len(taken)
    expected = [(Phase.CONTENT, 20), *((Phase.GRAPH, number) for number in range(3))]
    assert taken == [
        (phase, item(number)) for phase, number in [*expected, *((Phase.CONTENT, 10 + n) for n in range(3))]
    ]


def test_what_is_offered_keeps_its_number_while_the_table_gives_out_those_of_others_again() -> None:
    with patch("protocol.wire.marks._SWEEP_FROM", 4):
        table = ItemTable()
        queue = OfferQueue(table)
        queue.add(Phase.CONTENT, map(item, range(4)))
        assert queue.take(1) == [(Phase.CONTENT, item(0))]
        for number in range(100, 400):
            Marks(table).insert([item(number)])  # gone at once
    assert queue.take(3) == [(Phase.CONTENT, item(number)) for number in range(1, 4)]
