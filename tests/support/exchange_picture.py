"""Draws the stages of an exchange in Mermaid, from the table that the code runs by."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.letters.exchange import TRANSITIONS, Role, Stage
from protocol.letters.move import Action

_SAYS = {
    Action.ASK: "asks",
    Action.ACCEPT: "accepts",
    Action.DECLINE: "declines",
    Action.DONE: "says done",
    Action.CANCEL: "cancels",
    Action.RETURNED: "says returned (lent things)",
}


def picture() -> str:
    """Return a state diagram: every stage in words, and which role leads on from it by which action."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {Stage.REQUESTED.name}: {Role.ASKER.value} {_SAYS[Action.ASK]}"
    for stage in TRANSITIONS:
        if stage is not Stage.UNHEARD:
            yield f"    {stage.name}: {stage.name}<br/>{stage.value}"
    for stage, ways in TRANSITIONS.items():
        if stage is Stage.UNHEARD:
            continue
        leads: dict[tuple[Stage, Action], list[Role]] = {}
        for (action, role), to in ways.items():
            leads.setdefault((to, action), []).append(role)
        for (to, action), found in leads.items():
            who = found[0].value if len(found) == 1 else "either"
            yield f"    {stage.name} --> {to.name}: {who} {_SAYS[action]}"
        if not ways:
            yield f"    {stage.name} --> [*]"
