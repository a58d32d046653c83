"""Texts about the date that the node goes by."""

from __future__ import annotations

from meshnode.text import forms
from meshnode.text.catalog import message
from meshnode.text.errors import line

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

HELP = message("The date that your node goes by: show it, confirm it, set it.")
SHOW_HELP = message("Show which date your node goes by, and who says so.")
CONFIRM_HELP = message("Say that this computer's date is right.")
SET_HELP = message(
    "Say which date it is, such as 2027-01-31T18:00. It may lie before the one shown.\n\n"
    "It holds until this computer starts again. The computer's own clock is not set."
)

_BASES = {
    "owner": message("you have said so"),
    "kernel": message("this computer sets its clock by the network"),
    "people": message("people you trust say so"),
    "machine": message("this computer's clock says so"),
    "running": message("that is the last date known, and the time that has passed since"),
}


def state(reply: dict[str, Any]) -> list[str]:
    """Return what the node believes about the date (ClockView of the API), a sentence a line."""
    now = forms.moment_and_zone(reply["now"])
    if reply["doubtful"]:
        lines = [message("The date is in doubt. Until it is known, this node goes by {now}.", now=now)]
    else:
        lines = [message("It is {now}: {why}.", now=now, why=_BASES.get(reply["basis"], reply["basis"]))]
    if abs(reply["computer"] - reply["now"]) > forms.DAY_SECONDS:
        lines.append(message("This computer's clock says {date}.", date=forms.moment_and_zone(reply["computer"])))
    for told in reply["people"]:
        name, date = told["person"]["name"], forms.moment_and_zone(told["time"])
        if told["doubtful"]:
            lines.append(message("{name} does not know the date.", name=name))
        elif told["agrees"]:
            lines.append(message("{name} agrees.", name=name))
        else:
            lines.append(message("{name} says {date}.", name=name, date=date))
    if reply["problem"]:
        lines.append(line(reply["problem"], reply["hint"]))
    return lines
