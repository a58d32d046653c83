"""The page about dialing shows the table that the dialer goes by, and the table is complete."""

from __future__ import annotations

from pathlib import Path

from meshnode.net.endpoint_states import TRANSITIONS, EndpointEvent, EndpointState
from tests.support.dialing_picture import pauses, picture

PAGE = Path(__file__).parents[2] / "docs" / "dialing.md"


def test_the_picture_on_the_page_is_drawn_from_the_table() -> None:
    drawn = f"```mermaid\n{picture()}```\n"
    assert drawn in PAGE.read_text(), f"put this into {PAGE.name}:\n{drawn}"


def test_the_pauses_on_the_page_are_those_of_the_table() -> None:
    assert pauses() in PAGE.read_text(), f"put this into {PAGE.name}:\n{pauses()}"


def test_every_state_has_a_row_and_every_event_moves_some_address() -> None:
    assert set(TRANSITIONS) == set(EndpointState)
    assert {event for steps in TRANSITIONS.values() for event in steps} == set(EndpointEvent)
