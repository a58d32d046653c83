"""Quantities are exact: they come back from the wire as they were, and add up whatever order they are taken in."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from protocol import check_quantity, from_thousandths, simplest, to_thousandths
from protocol.limits import QUANTITY_MAX, QUANTITY_STEPS

thousandths = st.integers(1, QUANTITY_MAX * QUANTITY_STEPS)


@given(thousandths)
def test_a_quantity_comes_back_from_its_thousandths_as_it_was(number: int) -> None:
    quantity = from_thousandths(number)
    check_quantity("quantity", quantity)
    assert to_thousandths(quantity) == number
    assert isinstance(quantity, int) == (number % QUANTITY_STEPS == 0)


@given(st.lists(thousandths, min_size=1, max_size=20))
def test_what_is_taken_piece_by_piece_leaves_nothing_at_the_end(numbers: list[int]) -> None:
    pieces = [from_thousandths(number) for number in numbers]
    left = simplest(sum(pieces, start=Decimal()))
    for piece in pieces:
        left = simplest(left - piece)
    assert left == 0


def test_a_quantity_reads_alike_however_it_was_written() -> None:
    assert [str(simplest(Decimal(text))) for text in ("2", "2.0", "2.50", "1E+3")] == ["2", "2", "2.5", "1000"]
