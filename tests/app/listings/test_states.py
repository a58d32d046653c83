"""The table of a listing's life: the page shows it, and every state can be reached and left as the page says."""

from __future__ import annotations

from pathlib import Path

from meshnode.app.listings.states import TRANSITIONS, ListingEvent, ListingState, is_remembered
from tests.support.listing_picture import picture

PAGE = Path(__file__).parents[3] / "docs" / "listings.md"


def test_the_page_draws_the_table_that_the_code_goes_by() -> None:
    assert f"```mermaid\n{picture()}```" in PAGE.read_text()


def test_every_state_and_every_event_is_used() -> None:
    assert set(TRANSITIONS) == set(ListingState)
    assert {event for ways in TRANSITIONS.values() for event in ways} == set(ListingEvent)
    assert {to for ways in TRANSITIONS.values() for to in ways.values()} == set(ListingState)


def test_only_what_was_withdrawn_is_forgotten_at_once() -> None:
    ended = set(ListingState) - {ListingState.OPEN}
    assert {state for state in ended if not is_remembered(state)} == {ListingState.WITHDRAWN}
