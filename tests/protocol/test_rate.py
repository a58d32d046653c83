"""The one counter for everything that may happen only so often."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.rate import RateLimit


def test_what_is_within_the_limit_is_allowed_and_what_is_beyond_is_not() -> None:
    limit = RateLimit(3, 60)
    assert [limit.spend(1, now) for now in (0, 1, 2, 3)] == [True, True, True, False]
    assert limit.left(59) == 0


def test_asking_what_is_left_opens_no_window() -> None:
    limit = RateLimit(3, 60)
    assert limit.left(0) == 3
    assert limit.spend(2, 50)
    assert (limit.left(50), limit.resets_at) == (1, 110)


def test_after_the_window_counting_restarts() -> None:
    limit = RateLimit(3, 60)
    assert not limit.spend(4, 0)
    assert limit.left(60) == 3
    assert limit.spend(3, 60)
    assert limit.resets_at == 120


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 30)), max_size=30))
def test_within_one_window_at_most_the_limit_is_ever_allowed(spending: list[tuple[int, float]]) -> None:
    limit, now = RateLimit(50, 60), 0.0
    allowed: dict[float, int] = {}
    for units, later in spending:
        now += later
        left = limit.left(now)
        assert limit.spend(units, now) == (units <= left)
        if units <= left:
            allowed[limit.resets_at] = allowed.get(limit.resets_at, 0) + units
    assert all(units <= 50 for units in allowed.values())
