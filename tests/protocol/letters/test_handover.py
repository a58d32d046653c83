"""Handovers: what they may hold is in the vectors; here is which of two notes counts, and what a writer cannot make."""

from __future__ import annotations

from itertools import permutations

import pytest

from protocol.errors import InvalidField
from protocol.letters import HandoverLetter, Note
from protocol.limits import LETTER_ITEMS_MAX
from tests.support.vectors_handovers import HANDOVER, MISSING, NOTES


def test_the_later_note_counts_and_of_two_at_once_the_same_one_everywhere() -> None:
    rising = [
        Note(1, b"k", None, 1),
        Note(1, b"k", b"", 1),
        Note(1, b"k", b"a", 1),
        Note(1, b"k", b"b", 1),
        Note(1, b"k", None, 2),
    ]
    for order in permutations(rising):
        assert max(order, key=lambda note: note.rank) == rising[-1]
        assert sorted(order, key=lambda note: note.rank) == rising


def test_a_handover_reads_back_as_it_was_written() -> None:
    assert HandoverLetter.from_fields(HANDOVER.to_fields()) == HANDOVER


def test_a_handover_of_more_than_fits_or_of_nothing_cannot_be_made() -> None:
    with pytest.raises(InvalidField, match="at most"):
        HandoverLetter(notes=NOTES[:1] * (LETTER_ITEMS_MAX + 1))
    with pytest.raises(InvalidField, match="at most"):
        HandoverLetter(missing=MISSING * (LETTER_ITEMS_MAX + 1))
    with pytest.raises(InvalidField, match="something"):
        HandoverLetter()
