"""Texts of the owner's calendar, of the feed, and of the command and page that show their addresses."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named, quoted
from meshnode.text import discover
from meshnode.text.catalog import message

NAME = message("Sharing with neighbors")
FEED_NAME = message("Shared with you")
HELP = message(
    "Show the addresses of your calendar and of the feed of what others share with you.\n\n"
    "Give them to a calendar program or a feed reader on this computer: it then shows what you collect, hand over, give"
    " back and get back, when your posts end, and what is new. Anybody on this computer who has such an address can read what"
    " it shows, so keep it to yourself."
)
CHANGE = message("Change the address of your calendar or of the feed; the one before works no longer.")
CALENDAR = message("calendar")
FEED = message("feed")
CHANGED = message("The address is another one now. Give it to your program again.")


def address(name: str, address: str) -> str:
    """Return an address with what it is of."""
    return message("{name}: {address}", name=name, address=address)


def title(listing: dict[str, Any]) -> str:
    """Return the title of a post in the feed (ListingView of the API)."""
    if listing["type"] == "offer":
        return message("Offer: {title}", title=listing["title"])
    return message("Need: {title}", title=listing["title"])


def facts(listing: dict[str, Any]) -> str:
    """Return what else the feed says about a post in a line."""
    return discover.facts(listing, named(listing["author"]["name"]))


def summary(entry: dict[str, Any]) -> str:
    """Return what is to be done on that day, in a sentence (CalendarEntry)."""
    title = quoted(entry["title"])
    if entry["person"] is None:
        return message("Your post {title} ends", title=title)
    values = {"title": title, "name": named(entry["person"]["name"])}
    if entry["kind"] == "collect":
        return message("Last day to collect {title} from {name}", **values)
    if entry["kind"] == "hand_over":
        return message("Last day for {name} to collect {title}", **values)
    if entry["kind"] == "give_back":
        return message("Give {title} back to {name}", **values)
    return message("{name} gives {title} back", **values)
