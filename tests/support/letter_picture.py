"""Draws the states of a letter in Mermaid, from the table that the code runs by."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app.letters.delivery import SHOWN_TO_AUTHOR, TRANSITIONS, LetterState


def picture() -> str:
    """Return a state diagram: every state in words, with what the author is told in it, and the events that lead on."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    for state in TRANSITIONS:
        if state is not LetterState.NEW:
            shown = f"<br/>({SHOWN_TO_AUTHOR[state].value})" if state in SHOWN_TO_AUTHOR else ""
            yield f"    {state.name}: {state.name}<br/>{state.value}{shown}"
    for state, ways in TRANSITIONS.items():
        start = "[*]" if state is LetterState.NEW else state.name
        for event, to in ways.items():
            yield f"    {start} --> {to.name}: {event.value}"
        if not ways:
            yield f"    {state.name} --> [*]"
