"""Texts of the page in the browser that code chooses; those that stand in a template are there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from meshnode.quoting import named
from meshnode.text import (
    calendar,
    exchanges,
    forms,
    page_groups,
    page_node,
    page_people,
    page_recovery,
    page_sharing,
    waiting,
)
from meshnode.text.catalog import message, plural
from meshnode.text.choices import AUDIENCES, capitalized

NO_PAGE = message("there is no such page")
FAILED = message("the node failed to do this")
LOG_SHOWS_MORE = message("its log shows more")
NO_NUMBER = message("this is not a number")
NO_DATE = message("this is not a date")
NO_KIND = message("say whether it is an offer or a need")
NO_SUCH_BUTTON = message("this form has no such button")
NO_TITLE = message("say what it is")
OPEN_HELP = message(
    "Open your page in the browser of this computer.\n\nThe link that it uses works once, for ten minutes."
)
OPEN_LINK = message("Only print the link.")
RUN_NO_PAGE = message("Serve no page for the browser.")
NO_BROWSER = message("There is no browser here. Open this link on this computer:")
OPENED = message("Your page is open in your browser.")

SIGNS = {
    "food": "🥬",
    "tools": "🔧",
    "seeds": "🌱",
    "skills": "🎓",
    "labor": "💪",
    "knowledge": "📚",
    "housing": "🏠",
    "transportation": "🚗",
    "materials": "🧱",
    "other": "📦",
}
"""A picture for each category."""
CATEGORIES = {
    "food": message("Food"),
    "tools": message("Tools"),
    "seeds": message("Seeds"),
    "skills": message("Skills"),
    "labor": message("Labor"),
    "knowledge": message("Knowledge"),
    "housing": message("Housing"),
    "transportation": message("Transportation"),
    "materials": message("Materials"),
    "other": message("Other"),
}
TYPES = {"offer": message("Offer"), "need": message("Need")}
URGENCIES = {
    "normal": message("Not urgent"),
    "perishable": message("Will not keep"),
    "emergency": message("Emergency"),
}
WHO_CAN_SEE = {
    "my_cell": message("Just my cell (the people I know directly)"),
    "my_community": message("My community"),
    "trusted_network": message("Anyone I'm connected to through trust"),
    "anyone_local": message("Anyone nearby"),
    "network_wide": message("Everyone on the network"),
}
"""The five answers to "Who can see this?"."""
DISTANCES = {
    "5": message("Within 5km"),
    "25": message("Within 25km"),
    "50": message("Within 50km"),
    "200": message("Within 200km"),
    "any": message("Any distance"),
}
TRUSTS = {
    "0.1": message("Any connection"),
    "0.3": message("Some trust"),
    "0.5": message("Good trust"),
    "0.8": message("High trust"),
}
ACTS = {
    "accept": message("Accept"),
    "decline": message("Decline"),
    "done": message("It was handed over"),
    "returned": message("It is back"),
    "cancel": message("Call it off"),
    "say": message("Send"),
}
"""The moves of an exchange, as buttons."""
DONE = {
    "posted": message("It is posted."),
    "renewed": message("It is renewed."),
    "changed": message("It is changed."),
    "closed": message("It is closed. You can post it again by renewing it."),
    "withdrawn": message("It is taken back everywhere."),
    "asked": message("Your request is on its way. The answer appears here; your nodes need not be online together."),
    "moved": message("Your answer is on its way."),
    "seen": message("Everything is marked as seen."),
    "let_in": message("The phone is let in."),
    "refuse": message("The phone was refused."),
    "removed": message("The phone may no longer use your page."),
    "address": calendar.CHANGED,
    **page_people.DONE,
    **page_groups.DONE,
    **page_node.DONE,
    **page_recovery.DONE,
    **page_sharing.DONE,
}
"""What was done, by a word in the address."""


def nearby(kilometers: int) -> str:
    """Return the fourth of the five answers, with how far it reaches."""
    return message("Anyone nearby (within {km}km)", km=kilometers)


def who_can(view: dict[str, Any]) -> str:
    """Say how many people could see a post (AudienceView of the API)."""
    return plural(view["count"], "1 person can see it now.", "{n} people can see it now.") if view["count"] else NOBODY


NOBODY = message("Nobody can see it yet. You can post it all the same: it appears to people as you connect with them.")


def hides(found: dict[str, Any], *, distance: str, trust: str) -> str:
    """Say how many results only the filters hide (Discovery of the API), and name them."""
    return plural(
        found["hidden"],
        "1 more is hidden by your filters ({filters}).",
        "{n} more are hidden by your filters ({filters}).",
        filters=f"{DISTANCES.get(distance, distance)}, {TRUSTS.get(trust, trust)}",
    )


def visible_to(listing: dict[str, Any]) -> str:
    """Say who can see a post of your own."""
    return capitalized(AUDIENCES[listing["audience"]])


def until(listing: dict[str, Any]) -> str:
    """Say until when a post holds."""
    day = forms.day(listing["available_until"] or listing["expires"])
    if listing["perhaps_ended"]:
        return message("may have ended on {day}", day=day)
    return message("until {day}", day=day)


def people_wait(count: dict[str, Any]) -> str:
    """Say how many people wait (WaitingCount of the API)."""
    return plural(count["people"], "1 person waits for you", "{n} people wait for you")


def waits(found: dict[str, Any]) -> str:
    """Return one thing that waits (WaitingView of the API) in a sentence."""
    return waiting.line(found)


def leads_to(found: dict[str, Any]) -> str:
    """Return the address at which one thing that waits (WaitingView of the API) is answered."""
    kind, subject = found["kind"], quote(found["subject"])
    if kind == "strangers":
        return f"/?through={subject}" if subject else "/?all=1"
    return _LEADS_TO.get(kind, "/exchanges/{subject}").format(subject=subject)


_LEADS_TO = {
    "invitation": "/groups",
    "introduction": "/add?person={subject}",
    "guest": "/add?person={subject}",
    "ending": "/posts/{subject}",
}
"""The address by the kind of what waits; that of an exchange for all others."""


def stands(exchange: dict[str, Any]) -> str:
    """Return the state of an exchange (ExchangeView of the API) in a sentence."""
    return exchanges.summary(exchange)


def changes(exchange: dict[str, Any]) -> list[str]:
    """Say what of the post has changed since it was asked for, a sentence a line."""
    return [line.strip() for line in exchanges.changed(exchange, named(exchange["with"]["name"]))]


def did(exchange: dict[str, Any], one: dict[str, Any]) -> str:
    """Say who did what in an exchange: one of its messages."""
    done = exchanges.DID.get(one["act"], WROTE)
    if one["yours"]:
        return message("You {did}", did=done)
    return message("{name} {did}", name=named(exchange["with"]["name"]), did=done)


WROTE = message("wrote")


def delivery(one: dict[str, Any]) -> str:
    """Say whether a message of yours has arrived, as it follows its date."""
    return exchanges.DELIVERY.get(one["delivery"], "")
