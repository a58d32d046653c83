"""The life of a letter is a table: the order of events does not matter, and the page is drawn from it."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import pytest

from meshnode.app.letters.delivery import SHOWN_TO_AUTHOR, TRANSITIONS, Delivery, LetterEvent, LetterState, state_after
from tests.support.letter_picture import picture

PAGE = Path(__file__).parents[3] / "docs" / "letters.md"
SENT, RECEIPT, NO_READER_LEFT, TIME_OVER = (
    LetterEvent.SENT,
    LetterEvent.RECEIPT,
    LetterEvent.NO_READER_LEFT,
    LetterEvent.TIME_OVER,
)
LATER = (RECEIPT, NO_READER_LEFT, TIME_OVER)


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ({SENT}, Delivery.UNDER_WAY),
        ({SENT, RECEIPT}, Delivery.DELIVERED),
        ({SENT, TIME_OVER}, Delivery.EXPIRED),
        ({SENT, RECEIPT, TIME_OVER}, Delivery.DELIVERED),
        ({SENT, RECEIPT, NO_READER_LEFT}, Delivery.DELIVERED),
        ({SENT, NO_READER_LEFT}, Delivery.UNDER_WAY),
        ({SENT, NO_READER_LEFT, TIME_OVER}, Delivery.EXPIRED),
    ],
)
def test_the_author_is_told_what_has_become_of_it(events: set[LetterEvent], shown: Delivery) -> None:
    assert SHOWN_TO_AUTHOR[state_after(events)] is shown


def test_a_letter_that_cannot_be_sent_is_nowhere() -> None:
    assert state_after({LetterEvent.CANNOT_BE_SENT}) is LetterState.REFUSED
    assert LetterState.REFUSED not in SHOWN_TO_AUTHOR


@pytest.mark.parametrize("events", [some for size in range(4) for some in combinations(LATER, size)])
def test_the_order_of_events_does_not_matter(events: tuple[LetterEvent, ...]) -> None:
    ends = set()
    for order in permutations(events):
        state = LetterState.UNDER_WAY
        for event in order:
            state = TRANSITIONS[state].get(event, state)
        ends.add(state)
    assert ends == {state_after({SENT, *events})}


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(LetterState)


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    drawn = f"```mermaid\n{picture()}```\n"
    assert drawn in PAGE.read_text(), f"put this into {PAGE.name}:\n{drawn}"
