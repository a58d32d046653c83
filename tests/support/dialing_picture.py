"""Draws the life of an address that is dialed, in Mermaid and as a table, from the table that the dialer runs by."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.net.endpoint_states import TRANSITIONS, EndpointState, Pause


def picture() -> str:
    """Return a state diagram: each state in words, and the events that lead on from it."""
    return "\n".join(_lines()) + "\n"


def pauses() -> str:
    """Return a Markdown table of the events that begin a pause."""
    rows = dict.fromkeys(
        f"| {event.value} | {step.pause.value} |"
        for steps in TRANSITIONS.values()
        for event, step in steps.items()
        if step.pause is not Pause.KEEP
    )
    return "\n".join(["| event | pause that begins |", "|---|---|", *rows]) + "\n"


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {EndpointState.WAITING.name}: learned from a card, an announcement, a meeting or the owner"
    for state in EndpointState:
        yield f"    {state.name}: {state.name}<br/>{state.value}"
    for state, steps in TRANSITIONS.items():
        for event, step in steps.items():
            yield f"    {state.name} --> {step.to.name}: {event.value}"
        if not steps:
            yield f"    {state.name} --> [*]"
