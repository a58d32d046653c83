"""The picture of the session's states in Mermaid, and their rows in the specification, drawn from the code's own tables."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.session.states import ALLOWED, ALWAYS, FROM_INITIATOR, TRANSITIONS, By, SessionState, Transition, Trigger

STATES = [state for state in SessionState if state is not SessionState.ENDED]


def picture() -> str:
    """Return a state diagram: each state with the frames that may come in it, and the transitions with their side."""
    return "\n".join(_lines()) + "\n"


def rows() -> list[str]:
    """Return one row for each state, as the specification has them."""
    found = []
    for state in STATES:
        to = "; ".join(f"{row.target.name} ({_label(row)})" for row in _from(state))
        found.append(f"| {state.name}: {state.value} | {_frames(state)} | {to} |")
    return found


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {SessionState.GREETING.name}: the handshake is complete"
    for state in STATES:
        yield f"    {state.name}: {state.name}<br/>{state.value}<br/>({_frames(state)})"
    for state in STATES:
        for row in _from(state):
            yield f"    {state.name} --> {row.target.name}: {_label(row)}"


def _from(state: SessionState) -> list[Transition]:
    return [row for row in TRANSITIONS if row.source is state and row.trigger is not Trigger.OVER]


def _label(row: Transition) -> str:
    return row.trigger.value if row.by is By.EITHER else f"{row.by.value} only, {row.trigger.value}"


def _frames(state: SessionState) -> str:
    names = []
    for frame in sorted(ALLOWED[state] - ALWAYS, key=lambda frame: frame.__name__):
        only = " from the initiator" if frame in FROM_INITIATOR.get(state, ()) else ""
        names.append(f"{frame.__name__}{only}")
    return ", ".join(names)
