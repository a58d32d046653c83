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


def short(reply: dict[str, Any]) -> str:
    """The beginning of an exchange's id."""
    return str(reply["exchange"])[:_SHORT]


def summary(reply: dict[str, Any]) -> str:
    """Where it stands, in a sentence."""
    state, name = reply["state"], reply["with"]["name"]
    if state in ("requested", "declined"):
        return _requested(reply) if state == "requested" else _declined(reply)
    return f"{_what(reply)}, with {name}: {_standing(reply)}"


def lines(reply: dict[str, Any], *, everything: bool = False) -> Iterator[str]:
    """Where it stands and what to do next, then what was said lately, or with `everything` all of it."""
    unanswered = list(takewhile(lambda one: not one["yours"], reversed(reply["messages"])))
    said = [one["text"] for one in unanswered if one["text"]]
    words = f' "{said[0]}"' if said and not everything else ""
    line = summary(reply)
    yield f"{line.removesuffix('.')}:{words}{_next(reply)}" if words else f"{line}{_next(reply)}"
    for act in reply["undelivered"]:
        again = "respond" if act == "ask" else act
        what = f"'meshnode {again} LISTING'" if act == "ask" else f"'meshnode {again} {short(reply)}'"
        if act == "say":
            what = "your next move"
        yield f"  Nobody fetched your {act!r} in time; {what} sends it again."
    if everything:
        for one in reply["messages"]:
            who = "you" if one["yours"] else reply["with"]["name"]
            did = "" if one["act"] == "say" else f" {_ACTS[one['act']]}"
            text = f': "{one["text"]}"' if one["text"] else ""
            delivery = f" ({one['delivery']})" if one["delivery"] in ("under way", "expired") else ""
            yield f"  {output.when(one['at'])} {who}{did}{text}{delivery}"


def _what(reply: dict[str, Any], *, yours: bool = False) -> str:
    title = f"your {reply['listing']['title']}" if yours else reply["listing"]["title"]
    quantity, unit = reply["quantity"], reply["unit"]
    if quantity is None or (quantity == 1 and not unit):
        return str(title)
    return f"{quantity} {unit} of {title}" if unit else f"{quantity} of {title}"


def _requested(reply: dict[str, Any]) -> str:
    name, offer = reply["with"]["name"], reply["listing"]["type"] == "offer"
    if reply["asked"]:
        did = f"You ask {name} for {_what(reply)}" if offer else f"You offer {name} your help: {_what(reply)}"
        return f"{did}; no answer yet."
    verb = "asks for" if offer else "would help with"
    return f"{name} {verb} {_what(reply, yours=True)}."


def _declined(reply: dict[str, Any]) -> str:
    name, why = reply["with"]["name"], _REASONS.get(reply["reason"], "")
    if not reply["asked"]:
        return f"{_what(reply)}, with {name}: you said no{_because(why)}."
    return f"{_what(reply)}, with {name}: not this time{_because(why)}."


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _standing(reply: dict[str, Any]) -> str:
    state, name = reply["state"], reply["with"]["name"]
    if state == "agreed":
        if reply["other_done"]:
            return f"{name} says that it is done."
        return f"you said that it is done, {name} not yet." if reply["done"] else "agreed."
    if state == "completed" and reply["lend"]:
        if reply["other_back"] or reply["back"]:
            return f"{name} says that it is back." if reply["other_back"] else "you said that it is back."
        by = f", back by {output.when(reply['return_by'])}" if reply["return_by"] else ""
        return f"lent to {name if reply['gives'] else 'you'}{by}."
    return {
        "completed": "completed.",
        "returned": "it is back.",
        "cancelled": "called off.",
        "ended": f"ended, since you block {name}.",
    }[state]


def _next(reply: dict[str, Any]) -> str:
    """What to type next, where there is something to do."""
    acts = reply["next"]
    for act in ("accept", "done", "returned"):
        if act in acts and (act != "returned" or reply["lend"]):
            return f"  -> 'meshnode {act} {short(reply)}'"
    return ""
