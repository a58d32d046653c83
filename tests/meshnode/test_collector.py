"""What is read at the start is set aside before the collector would have to look through much of it in one go."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from meshnode.local import collector
from meshnode.slices import Steps, complete

STEPS, MADE = 100, 400


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def _reading(kept: list[list[int]], seen: list[int]) -> Steps[int]:
    for step in range(STEPS):
        kept += [[step] for _ in range(MADE)]
        seen.append(sum(map(len, map(gc.get_objects, range(3)))))
        yield
    return len(kept)


def test_the_collector_never_has_more_to_look_through_than_some_steps_have_made() -> None:
    kept: list[list[int]] = []
    seen: list[int] = []
    collector.set_aside()
    assert complete(collector.setting_aside(_reading(kept, seen))) == STEPS * MADE
    assert max(seen) < 3 * collector.SET_ASIDE_EVERY * MADE
    assert sum(map(len, map(gc.get_objects, range(3)))) < STEPS * MADE // 10
