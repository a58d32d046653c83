"""Draws the life of a listing in Mermaid, from the table that the code runs by."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app.listings.states import TRANSITIONS, ListingState, is_remembered

_SAYS = {
    ListingState.OPEN: "the people it is for can see it",
    ListingState.TAKEN: "nothing of it is left",
    ListingState.CLOSED: "the owner is done with it",
    ListingState.EXPIRED: "its time has run out",
    ListingState.WITHDRAWN: "taken back, and forgotten",
}


def picture() -> str:
    """Return a state diagram: every state in words, and what leads from one to another."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {ListingState.OPEN.name}: the owner posts it"
    for state in TRANSITIONS:
        yield f"    {state.name}: {state.name}<br/>{_SAYS[state]}"
    for state, ways in TRANSITIONS.items():
        for event, to in ways.items():
            yield f"    {state.name} --> {to.name}: {event.value}"
    for state in TRANSITIONS:
        if is_remembered(state):
            yield f"    {state.name} --> [*]: some weeks go by"
        elif state is not ListingState.OPEN:
            yield f"    {state.name} --> [*]"
