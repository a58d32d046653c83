"""Names that look alike, by the table of Unicode Technical Standard 39."""

from __future__ import annotations

import pytest

from meshnode.app.lookalikes import look_alike

ALIKE = (
    ("Carol", "CAROL"),
    ("Carol", "C\u0430rol"),  # a Cyrillic a
    ("Carol", "\u0421arol"),  # a Cyrillic C
    ("Carol", "Car0l"),
    ("Carol", "CaroI"),
    ("modern", "rnodern"),
    ("paypal", "paypa1"),
    ("Ida", "lda"),
    ("Ida", "ida"),
    ("Dave", "Dave\u200b"),
    ("Dave", "Da\u200dve"),
    ("Dave", "Dave\ufe0f"),
    ("Zo\u00eb", "Zoe\u0308"),
    ("Ann  Lee", "Ann Lee"),
    ("\u5c71\u7530", "\u5c71\u7530\U000e0100"),
    ("Bob", "\uff22\uff4f\uff42"),  # full width
)
DIFFERENT = (("Ann", "Anna"), ("Bob", "Rob"), ("Zoe", "Zo\u00eb"), ("Dave", "Eve"), ("\u5c71\u7530", "\u5c71\u4e2d"))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike_are_found_out_in_either_order(one: str, other: str) -> None:
    assert look_alike(one, other)
    assert look_alike(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_can_be_told_apart_are_different(one: str, other: str) -> None:
    assert not look_alike(one, other)
