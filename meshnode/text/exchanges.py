"""Texts about exchanges: their state in one sentence, the next step, the messages, and the figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from meshnode.quoting import named, quoted
from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

ID_DIGITS = 6  # of an id: enough to tell apart the exchanges of one person

RESPOND_HELP = message("Ask for something that is offered, or offer help with a need.")
MESSAGE = message("Words that go with it.")
QUANTITY = message("How many or how much (default 1).")
RESPOND_NEXT = message("The answer will appear in 'meshnode inbox'. Your nodes need not be online together.")
INBOX_HELP = message("Show who and what waits for you, and recent answers to you.")
INBOX_THROUGH = message("Show only people you do not know, who are connected to you through this person, each of them.")
INBOX_ALL = message("Show each of the people you do not know.")
INBOX_EMPTY = message("Nothing waits for you. 'meshnode exchanges' lists all your exchanges.")
EXCHANGES_HELP = message("List your exchanges, or show one of them with all its messages.")
LIMIT = message("Maximum number of exchanges (default 100).")
COLUMNS = tuple(message("id|type|post|with|state|since").split("|"))
EMPTY = message("No exchanges yet. Begin one: meshnode respond LISTING")
SAY_HELP = message("Send a message in an exchange. Only the two of you can read it.")
HELP = {
    "accept": message("Accept a request, or an offer of help."),
    "decline": message("Decline a request, or an offer of help."),
    "done": message("Confirm that it was handed over. The exchange is complete once both have confirmed."),
    "returned": message("Confirm that something lent is back."),
    "cancel": message("Cancel an exchange before both have confirmed that it was handed over."),
}
RENEW = message("Renew the post first, if it has ended or ends within a day.")
STATES = {
    "unanswered": message("ran out unanswered"),
    "requested": message("requested"),
    "agreed": message("agreed"),
    "completed": message("completed"),
    "returned": message("returned"),
    "declined": message("declined"),
    "cancelled": message("canceled"),
    "ended": message("ended"),
}
DID = {
    "ask": message("asked"),
    "accept": message("accepted"),
    "decline": message("declined"),
    "done": message("confirmed"),
    "cancel": message("canceled"),
    "returned": message("confirmed that it is back"),
}
REASONS = {
    "gone": message("it is no longer available"),
    "changed": message("the post has changed since; you can ask again"),
    "twice": message("it was promised to somebody else first"),
}
CHANGED = {
    "title": message("its title"),
    "text": message("its text"),
    "category": message("its category"),
    "unit": message("its unit"),
    "lending": message("whether or until when it is lent"),
    "dates": message("when it is available"),
    "quantity": message("less is left than was asked for"),
}
LENT = {
    (True, ""): message("Lent to {name}. {about}"),
    (False, ""): message("Borrowed from {name}. {about}"),
    (True, "by"): message("Lent to {name}, to be back by {day}. {about}"),
    (False, "by"): message("Borrowed from {name}, to be back by {day}. {about}"),
    (True, "due"): message("Lent to {name}, to be back soon: by {day}. {about}"),
    (False, "due"): message("Borrowed from {name}, to be back soon: by {day}. {about}"),
    (True, "overdue"): message("Lent to {name}, overdue since {day}. {about}"),
    (False, "overdue"): message("Borrowed from {name}, overdue since {day}. {about}"),
}
"""What is said of a lent thing: whether you lent it, and whether it is due soon, overdue, or to be back by some day."""
DELIVERY = {"under way": message(" (on its way)"), "expired": message(" (not delivered)")}


def short_id(reply: dict[str, Any]) -> str:
    """Return the beginning of an exchange's id."""
    return str(reply["exchange"])[:ID_DIGITS]


def summary(reply: dict[str, Any], name: str = "") -> str:
    """Return the state of an exchange (ExchangeView of the API) in a sentence; `name` is how its other person is named."""
    name = name or named(reply["with"]["name"])
    state = reply["state"]
    if state == "requested":
        return _requested(reply, name)
    if state == "unanswered":
        return _unanswered(reply, name)
    return _declined(reply, name) if state == "declined" else _state(reply, name)


def lines(reply: dict[str, Any], name: str = "", *, everything: bool = False) -> Iterator[str]:
    """Return the state, the other's latest words or with `everything` all messages, the next step, and what was lost."""
    name = name or named(reply["with"]["name"])
    unanswered = takewhile(lambda one: not one["yours"], reversed(reply["messages"]))
    latest = next((one["text"] for one in unanswered if one["text"]), "")
    yield summary(reply, name)
    yield from changed(reply, name)
    if everything:
        for one in reply["messages"]:
            yield from _said(one, name)
    elif latest:
        yield from forms.said(latest)
    yield from _next(reply)
    yield from (undelivered(act, reply) for act in reply["undelivered"])


def changed(reply: dict[str, Any], name: str) -> Iterator[str]:
    """Say what of the post has changed since it was asked for."""
    if reply["differs"]:
        words = ", ".join(CHANGED.get(word, word) for word in reply["differs"])
        since = message("you asked") if reply["asked"] else message("{name} asked", name=name)
        yield message("  Changed since {since}: {what}", since=since, what=words)
    if "title" in reply["differs"]:
        yield message("  It is now called {title}.", title=quoted(reply["title_now"]))


def more(count: int) -> str:
    """Say how many exchanges were left out of the list."""
    return plural(count, "1 more. See it with --limit.", "{n} more. See them with --limit.")


def sent(reply: dict[str, Any]) -> str:
    """Say that a message is on its way, and how it may arrive where little leads to the other person."""
    if reply["connected"]:
        return message("Your message to {name} is on its way.", name=_name(reply))
    return message(
        "Your message to {name} is on its way. Only this exchange connects you now: it arrives when your nodes meet, or"
        " through somebody who meets you both.",
        name=_name(reply),
    )


def undelivered(act: str, reply: dict[str, Any]) -> str:
    """Say what could not be delivered, and how to send it again."""
    if act == "ask":
        return message("  Your request could not be delivered in time. Send it again: meshnode respond LISTING")
    if act == "say":
        return message("  Your message could not be delivered in time. It is sent again with your next step.")
    return message(
        "  Your answer could not be delivered in time. Send it again: meshnode {act} {id}", act=act, id=short_id(reply)
    )


def _name(reply: dict[str, Any]) -> str:
    return named(reply["with"]["name"])


def _title(reply: dict[str, Any]) -> str:
    return forms.quantity(reply["listing"]["title"], reply["quantity"], reply["unit"])


def _about(reply: dict[str, Any]) -> str:
    return forms.quantity_in_brackets(reply["listing"]["title"], reply["quantity"], reply["unit"])


def _requested(reply: dict[str, Any], name: str) -> str:
    values = {"name": name, "title": _title(reply)}
    is_offer = reply["listing"]["type"] == "offer"
    if reply["asked"]:
        if is_offer:
            return message("You asked {name} for {title}. Waiting for an answer.", **values)
        return message("You offered {name} your help with {title}. Waiting for an answer.", **values)
    if is_offer:
        return message("{name} asks for your {title}.", **values)
    return message("{name} offers to help with your {title}.", **values)


def _unanswered(reply: dict[str, Any], name: str) -> str:
    """Say that the post ran out before its owner answered."""
    values = {"name": name, "title": _title(reply)}
    if reply["asked"]:
        return message("{title} of {name} ran out unanswered. You can ask again if it is renewed.", **values)
    return message("{name} asked for your {title}, which ran out before you answered.", **values)


def _declined(reply: dict[str, Any], name: str) -> str:
    reason = REASONS.get(reply["reason"], "")
    values = {"name": name, "about": _about(reply), "reason": reason}
    if not reply["asked"]:
        if reason:
            return message("You declined {name}'s request: {reason} {about}", **values)
        return message("You declined {name}'s request {about}", **values)
    if reason:
        return message("{name} declined: {reason} {about}", **values)
    return message("{name} declined {about}", **values)


def _state(reply: dict[str, Any], name: str) -> str:
    state, values = reply["state"], {"name": name, "about": _about(reply)}
    if state == "agreed":
        if reply["other_done"]:
            return message("{name} confirmed. Waiting for you. {about}", **values)
        if reply["done"]:
            return message("You confirmed. Waiting for {name}. {about}", **values)
        return message("You and {name} agreed. {about}", **values)
    if state == "completed":
        return _lent(reply, values) if reply["lend"] else message("Completed with {name}. {about}", **values)
    if state == "returned":
        return message("Returned, with {name}. {about}", **values)
    if state == "cancelled":
        return _cancelled(reply, values)
    return message("Ended because you block {name}. {about}", **values)


def _cancelled(reply: dict[str, Any], values: dict[str, str]) -> str:
    if reply["reason"] != "twice":
        return message("Canceled, with {name}. {about}", **values)
    if reply["asked"]:
        return message(
            "{name} had to cancel: two devices promised it at the same time, and somebody else was first."
            " To hear of another one, save a search: meshnode watch add WORDS {about}",
            **values,
        )
    return message(
        "Canceled, with {name}: another device of yours had promised it to somebody else first. {name} is told. {about}",
        **values,
    )


def _lent(reply: dict[str, Any], values: dict[str, str]) -> str:
    if reply["other_back"]:
        return message("{name} says that it is back. {about}", **values)
    if reply["back"]:
        return message("You said that it is back. Waiting for {name}. {about}", **values)
    day = forms.last_day(reply["return_by"]) if reply["return_by"] else ""
    return message(LENT[reply["gives"], reply["return_state"] or ("by" if day else "")], **values, day=day)


def _next(reply: dict[str, Any]) -> Iterator[str]:
    """Return the command for the next step, if there is one, as a line of its own."""
    if reply["state"] == "unanswered":
        if not reply["asked"]:
            yield message("  -> meshnode accept {id} --renew", id=short_id(reply))
        return
    for act in ("accept", "done", "returned"):
        if act in reply["next"] and (act != "returned" or reply["lend"]):
            yield message("  -> meshnode {act} {id}", act=act, id=short_id(reply))
            return


def _said(one: dict[str, Any], name: str) -> Iterator[str]:
    values = {
        "when": forms.moment(one["at"]),
        "who": message("you") if one["yours"] else name,
        "did": DID.get(one["act"], ""),
    }
    head = message("  {when} {who}", **values) if one["act"] == "say" else message("  {when} {who} {did}", **values)
    yield head + DELIVERY.get(one["delivery"], "")
    if one["text"]:
        yield from forms.said(one["text"], "    ")


# --- figures ------------------------------------------------------------------------------------------------------------

STATS_HELP = message("Count completed exchanges, and those between communities.")


def completed(reply: dict[str, Any]) -> str:
    """Return how many exchanges were completed, and in which direction."""
    return plural(
        reply["completed"],
        "1 exchange completed: {given} given, {received} received.",
        "{n} exchanges completed: {given} given, {received} received.",
        given=reply["given"],
        received=reply["received"],
    )


def communities(reply: dict[str, Any]) -> str:
    """Return how many exchanges crossed communities."""
    return message(
        "{across} between communities, {within} within one, {unknown} with somebody who is in no community",
        across=reply["cross_community"],
        within=reply["within_community"],
        unknown=reply["unknown"],
    )


def part_of_stats(name: str, reply: dict[str, Any]) -> str:
    """Return the figures of one month or category."""
    return message("  {name}: {n} ({communities})", name=name, n=reply["completed"], communities=communities(reply))
