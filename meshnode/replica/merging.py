"""Merges sorted runs of items into the index that a session compares, in steps: to sort it all at once would take long.

The index is filled from the oldest item to the newest. Each step takes from every run all that lies before the next bound;
the bounds are chosen from samples of all runs, so the steps are about equal whatever the times of the items are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from meshnode.slices import Steps
from protocol.wire import Index, Item, ItemTable

STEP_MERGED = 2_000  # items of one step, some 4 ms
_SAMPLED = 50  # one in so many items of each run


def merging(runs: Sequence[list[Item]], table: ItemTable | None = None) -> Steps[Index]:
    """Return an index of the items in these runs, each of which is sorted. They are numbered by `table`, if there is one."""
    samples = sorted(item for run in runs for item in run[::_SAMPLED])
    bounds: list[Item | None] = [*samples[STEP_MERGED // _SAMPLED :: STEP_MERGED // _SAMPLED]]
    index = Index(table=table)
    begin = [0] * len(runs)
    for bound in [*bounds, None]:
        part: list[Item] = []
        for number, run in enumerate(runs):
            end = len(run) if bound is None else bisect_left(run, bound, begin[number])
            part += run[begin[number] : end]
            begin[number] = end
        index.insert(part)
        yield
    return index
