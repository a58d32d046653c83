"""Texts about what waits for you: requests, invitations, introductions, and what is overdue or ends soon."""

from __future__ import annotations

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

GROUP_ID, PERSON_ID, POST_ID = 11, 11, 8  # letters of an id, as commands take it


def people(count: dict[str, Any]) -> str:
    """Say how many people wait (WaitingCount of the API), and where to see for what; empty where nobody does."""
    waiting: int = count["people"]
    if not waiting:
        return (
            plural(
                count["strangers"],
                "1 person whom you do not know asks something of you: meshnode inbox",
                "{n} people whom you do not know ask something of you: meshnode inbox",
            )
            if count.get("strangers")
            else ""
        )
    return plural(waiting, "1 person waits for you: meshnode inbox", "{n} people wait for you: meshnode inbox")


def several(count: int) -> str:
    """Say that many things have come to wait at once."""
    return plural(count, "1 new thing waits for you: meshnode inbox", "{n} new things wait for you: meshnode inbox")


def line(found: dict[str, Any]) -> str:
    """Return one thing that waits (WaitingView of the API) in a sentence."""
    values = {
        "name": named(found["person"]["name"]) if found["person"] else "",
        "title": named(found["title"]),
        "by": named(found["detail"]),
        "until": forms.moment(found["until"]),
        "people": str(found.get("people", 1)),
        "day": forms.last_day(found["until"]) if found["kind"] in ("overdue", "due") else forms.day(found["until"]),
    }
    if found["kind"] == "strangers" and not found["person"]:
        return message("{people} more people, for whom nobody you trust answers, ask something of you.", **values)
    if found["kind"] == "ending" and found["person"]:
        return message("Your {title} ends {until}, and {name} waits for your answer.", **values)
    sentence = LINES.get((found["kind"], found["detail"])) or LINES[found["kind"], ""]
    return message(sentence, **values)


LINES = {
    ("request", ""): message("{name} asks for your {title}."),
    ("request", "need"): message("{name} offers to help with your {title}."),
    ("confirmation", ""): message("{name} has confirmed and waits for you: {title}."),
    ("answer", ""): message("{name} has answered: {title}."),
    ("overdue", "lent"): message("{name} was to give back {title} by {day}."),
    ("overdue", ""): message("{title} was to be back with {name} by {day}."),
    ("due", "lent"): message("{name} is to give back {title} by {day}."),
    ("due", ""): message("{title} is to be back with {name} by {day}."),
    ("unanswered", "asked"): message("{title} of {name} ran out before your request was answered."),
    ("unanswered", ""): message("Your {title} ran out before you answered {name}."),
    ("invitation", "cell"): message("{name} invites you to the cell {title}, until {day}."),
    ("invitation", ""): message("{name} invites you to the community {title}, until {day}."),
    ("introduction", ""): message("{by} introduces {name} to you."),
    ("strangers", ""): message("{people} more people whom you do not know, through {name}, ask something of you."),
    ("guest", ""): message("{name} has used your card made for many, and waits for you until {day}."),
    ("ending", ""): message("Your {title} ends {until}."),
}
"""The sentences by kind and detail; an empty detail stands for all others."""


EVERYBODY = message("  -> meshnode inbox --all")


def step(found: dict[str, Any]) -> str:
    """Return the command that answers one thing that waits."""
    subject = found["subject"]
    if found["kind"] == "invitation":
        if found["detail"] == "cell":
            return message("  -> meshnode cell join {id}", id=subject[:GROUP_ID])
        return message("  -> meshnode community join {id}", id=subject[:GROUP_ID])
    if found["kind"] == "strangers":
        return message("  -> meshnode inbox --through {id}", id=subject[:PERSON_ID]) if subject else EVERYBODY
    if found["kind"] in ("introduction", "guest"):
        return message("  -> meshnode add {id}", id=subject[:PERSON_ID])
    if found["kind"] == "ending":
        return message("  -> meshnode renew {id}", id=subject[:POST_ID])
    return message("  -> meshnode exchanges {id}", id=subject[:POST_ID])
