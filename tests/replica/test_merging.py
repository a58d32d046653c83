"""Sorted runs become the index that a session compares, in steps none of which is large."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.replica.merging import STEP_MERGED, merging
from meshnode.slices import complete
from protocol.wire import Index, Item

ITEMS = st.tuples(st.integers(0, 5), st.integers(0, 300).map(lambda number: number.to_bytes(2, "big") + bytes(30)))


@given(st.lists(st.lists(ITEMS, max_size=200), max_size=6))
def test_the_index_has_all_items_in_order_each_once(runs: list[list[Item]]) -> None:
    index = complete(merging([sorted(run) for run in runs]))
    assert list(index) == sorted({item for run in runs for item in run})


@pytest.mark.parametrize("times", [1, 3, 1_000_000])
def test_no_step_merges_many_items_however_few_times_they_have(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(times)
    items = [(chance.randrange(times), chance.randbytes(32)) for _ in range(40_000)]
    runs = [sorted(items[first : first + 500]) for first in range(0, len(items), 500)]
    inserted: list[int] = []
    insert = Index.insert

    def counting(index: Index, some: Iterable[Item]) -> list[Item]:
        some = list(some)
        inserted.append(len(some))
        fresh: list[Item] = insert(index, some)
        return fresh

    monkeypatch.setattr(Index, "insert", counting)
    index = complete(merging(runs))
    assert len(index) == len(items)
    assert max(inserted) <= 2 * STEP_MERGED
