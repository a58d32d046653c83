"""The picture of the stages of an exchange in Mermaid, and their rows in the specification, drawn from the code's table."""

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


def rows() -> list[str]:
    """Return one row for each stage that can be left, as the specification has them."""
    found = []
    for stage, ways in TRANSITIONS.items():
        if ways:
            leads = _leads(ways)
            actions = " / ".join(
                f"{action.word}, {_who(made_by, short=True)}" for (_, action), made_by in leads.items()
            )
            found.append(f"| {stage.name} | {actions} | {' / '.join(to.name for to, _ in leads)} |")
    return found


def _leads(ways: dict[tuple[Action, Role], Stage]) -> dict[tuple[Stage, Action], list[Role]]:
    """Return, for each stage and the action that leads there, the roles in which it can be made."""
    leads: dict[tuple[Stage, Action], list[Role]] = {}
    for (action, role), to in ways.items():
        leads.setdefault((to, action), []).append(role)
    return leads


def _who(made_by: list[Role], *, short: bool = False) -> str:
    if len(made_by) > 1:
        return "either"
    return made_by[0].name.lower() if short else made_by[0].value


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {Stage.REQUESTED.name}: {Role.ASKER.value} {_SAYS[Action.ASK]}"
    for stage in TRANSITIONS:
        if stage is not Stage.UNHEARD:
            yield f"    {stage.name}: {stage.name}<br/>{stage.value}"
    for stage, ways in TRANSITIONS.items():
        if stage is Stage.UNHEARD:
            continue
        for (to, action), made_by in _leads(ways).items():
            yield f"    {stage.name} --> {to.name}: {_who(made_by)} {_SAYS[action]}"
        if not ways:
            yield f"    {stage.name} --> [*]"
