"""The picture of a letter's states, drawn in Mermaid from the very table that the code goes by."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app.letters.delivery import SHOWN_TO_AUTHOR, TRANSITIONS, LetterState


def picture() -> str:
    """A state diagram: every state in words, with what the author is told in it, and what leads on from it."""
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
