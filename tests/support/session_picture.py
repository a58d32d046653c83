"""The picture of the session's states, drawn in Mermaid from the very tables that the code goes by."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.session.states import ALLOWED, TRANSITIONS, SessionState, Trigger
from protocol.wire.frames import Bye, Ping


def picture() -> str:
    """A state diagram: what each state waits for, which frames may come in it, and what leads on."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {SessionState.GREETING.name}: the channel stands"
    for state in TRANSITIONS:
        if state is not SessionState.ENDED:
            frames = ", ".join(sorted(frame.__name__ for frame in ALLOWED[state] - {Ping, Bye}))
            yield f"    {state.name}: {state.name}<br/>{state.value}<br/>({frames})"
    for state, ways in TRANSITIONS.items():
        for trigger, to in ways.items():
            if trigger is not Trigger.OVER:
                yield f"    {state.name} --> {to.name}: {trigger.value}"
