"""How an exchange reads: in a line that says where it stands and what to type next, and with what was said in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from meshnode.cli import output

_SHORT = 6  # digits of an id: enough to tell apart what one person ever has
_ACTS = {
    "ask": "asked",
    "accept": "accepted",
    "decline": "declined",
    "done": "said that it is done",
    "cancel": "called it off",
    "returned": "said that it is back",
}
_REASONS = {"gone": "it is no longer to be had", "changed": "the listing is another by now, so ask again"}


def short(told: dict[str, Any]) -> str:
    """The beginning of an exchange's id."""
    return str(told["exchange"])[:_SHORT]


def summary(told: dict[str, Any]) -> str:
    """Where it stands, in a sentence."""
    state, name = told["state"], told["with"]["name"]
    if state in ("requested", "declined"):
        return _requested(told) if state == "requested" else _declined(told)
    return f"{_what(told)}, with {name}: {_standing(told)}"


def lines(told: dict[str, Any], *, everything: bool = False) -> Iterator[str]:
    """Where it stands and what to do next, then what was said lately, or with `everything` all of it."""
    unanswered = list(takewhile(lambda one: not one["yours"], reversed(told["messages"])))
    said = [one["text"] for one in unanswered if one["text"]]
    words = f' "{said[0]}"' if said and not everything else ""
    line = summary(told)
    yield f"{line.removesuffix('.')}:{words}{_next(told)}" if words else f"{line}{_next(told)}"
    for act in told["undelivered"]:
        again = "respond" if act == "ask" else act
        what = f"'meshnode {again} LISTING'" if act == "ask" else f"'meshnode {again} {short(told)}'"
        if act == "say":
            what = "your next move"
        yield f"  Nobody fetched your {act!r} in time; {what} sends it again."
    if everything:
        for one in told["messages"]:
            who = "you" if one["yours"] else told["with"]["name"]
            did = "" if one["act"] == "say" else f" {_ACTS[one['act']]}"
            text = f': "{one["text"]}"' if one["text"] else ""
            delivery = f" ({one['delivery']})" if one["delivery"] in ("under way", "expired") else ""
            yield f"  {output.when(one['at'])} {who}{did}{text}{delivery}"


def _what(told: dict[str, Any], *, yours: bool = False) -> str:
    title = f"your {told['listing']['title']}" if yours else told["listing"]["title"]
    quantity, unit = told["quantity"], told["unit"]
    if quantity is None or (quantity == 1 and not unit):
        return str(title)
    return f"{quantity} {unit} of {title}" if unit else f"{quantity} of {title}"


def _requested(told: dict[str, Any]) -> str:
    name, offer = told["with"]["name"], told["listing"]["type"] == "offer"
    if told["asked"]:
        did = f"You ask {name} for {_what(told)}" if offer else f"You offer {name} your help: {_what(told)}"
        return f"{did}; no answer yet."
    verb = "asks for" if offer else "would help with"
    return f"{name} {verb} {_what(told, yours=True)}."


def _declined(told: dict[str, Any]) -> str:
    name, why = told["with"]["name"], _REASONS.get(told["reason"], "")
    if not told["asked"]:
        return f"{_what(told)}, with {name}: you said no{_because(why)}."
    return f"{_what(told)}, with {name}: not this time{_because(why)}."


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _standing(told: dict[str, Any]) -> str:
    state, name = told["state"], told["with"]["name"]
    if state == "agreed":
        if told["other_done"]:
            return f"{name} says that it is done."
        return f"you said that it is done, {name} not yet." if told["done"] else "agreed."
    if state == "completed" and told["lend"]:
        if told["other_back"] or told["back"]:
            return f"{name} says that it is back." if told["other_back"] else "you said that it is back."
        by = f", back by {output.when(told['return_by'])}" if told["return_by"] else ""
        return f"lent to {name if told['gives'] else 'you'}{by}."
    return {
        "completed": "completed.",
        "returned": "it is back.",
        "cancelled": "called off.",
        "ended": f"ended, since you block {name}.",
    }[state]


def _next(told: dict[str, Any]) -> str:
    """What to type next, where there is something to do."""
    acts = told["next"]
    for act in ("accept", "done", "returned"):
        if act in acts and (act != "returned" or told["lend"]):
            return f"  -> 'meshnode {act} {short(told)}'"
    return ""
