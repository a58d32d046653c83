"""Texts about finding: discover, news, saved searches, and posts that you hide."""

from __future__ import annotations

from meshnode.quoting import named, quoted
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import RELATIONS, TYPES_PLURAL

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

DISCOVER_HELP = message(
    "Show what others share with you.\n\nEach of WORDS must be in the title, text, tags or author's name."
)
TYPE = message("Only offers, or only needs.")
CATEGORY = message("Only this category.")
AUDIENCE = message("Only posts with this audience.")
NOTICE_BOARD = message("Only posts that may be put up in public.")
WITHIN = message("Maximum distance (default 50km, and unknown locations).")
TRUST = message("Only people you trust this much (default 0.3).")
SORT = message("What comes first (default best).")
LIMIT = message("Results per page (default 100).")
EMPTY = message("Nothing yet. What people share with you appears here once your nodes connect.")
NO_MATCH = message("Nothing matches. 'meshnode discover' alone shows everything shared with you.")
NO_DISTANCE = message("No distances are known. Set your location: meshnode share set --place LAT,LON")
NEWS_HELP = message(
    "Show what is new since you last looked.\n\nOlder posts are new too if you could not see them before."
)
NEWS_PEEK = message("Only look: everything stays new.")
NEWS_CLEAR = message("Show nothing, and mark everything as seen.")
NEWS_LIMIT = message("Maximum number of results (default 100).")
NEWS_CONFLICT = message("use --peek or --clear, not both")
NEWS_EMPTY = message("Nothing new. 'meshnode discover' shows everything shared with you.")
WATCH_HELP = message("Saved searches: 'meshnode news' shows new posts that match them.")
WATCH_ADD_HELP = message("Save a search for WORDS, with the options of discover.")
WATCH_LIST_HELP = message("Show your saved searches and their new matches.")
WATCH_RM_HELP = message("Remove the saved search NUMBER.")
WATCH_EMPTY = message("No saved searches yet. Add one: meshnode watch add WORDS")
HIDE_HELP = message("Hide a post from discover, news and saved searches. Nobody is told.")
HIDE_UNDO = message("Show it again.")
HIDE_LIST = message("List what you hide.")
HIDE_CONFLICT = message("--list takes no post and no --undo")
HIDE_WHICH = message("say which post")
HIDE_WHICH_HINT = message("its title, its id, or the beginning of either. '--list' lists what you hide")
HIDE_COLUMNS = tuple(message("title|id|since").split("|"))
HIDE_EMPTY = message("You hide nothing.")


def numbered(number: int, title: str) -> str:
    """Return a title with its number in the list."""
    return message("{number}. {title}", number=number, title=title)


def facts(found: dict[str, Any], author: str) -> str:
    """Return all about a search result but its title: how far it is, what its author is to you, and what it is.

    Others' words come last, so that none of them passes for the program's.
    """
    relation = RELATIONS[found["relation"]]
    if found["distance"]:
        relation = message("{distance} ({relation})", distance=found["distance"], relation=relation)
    parts = [relation, found["type"], found["category"]]
    parts += [found["urgency"]] if found["urgency"] != "normal" else []
    day = forms.day(found["available_until"] or found["expires"])
    until = message("may have ended on {day}", day=day) if found["perhaps_ended"] else message("until {day}", day=day)
    return ", ".join([*parts, until, message("by {author}", author=author)])


def set_aside(count: int) -> str:
    """Say how many results the person hides one by one."""
    return plural(
        count,
        "1 more is hidden by you. See it with 'meshnode hide --list'.",
        "{n} more are hidden by you. See them with 'meshnode hide --list'.",
    )


def outside_limits(count: int) -> str:
    """Say how many results only the person's own limits leave out."""
    return plural(
        count,
        "1 more is outside your trust or distance limits. See it with '--trust any --within any'.",
        "{n} more are outside your trust or distance limits. See them with '--trust any --within any'.",
    )


def matched(searches: list[str]) -> str:
    """Return which saved searches a result matches, as it follows the result."""
    return message(" [search {numbers}]", numbers=", ".join(searches))


def fits(needs: list[str]) -> str:
    """Return which needs of yours an offer fits, as it follows the offer."""
    return message(" [fits your need {needs}]", needs=forms.listed([quoted(title) for title in needs]))


def marked_seen(count: int) -> str:
    """Say how many posts were marked as seen."""
    return plural(count, "1 post marked as seen.", "{n} posts marked as seen.")


def news_left(count: int, *, peek: bool) -> str:
    """Say how many more are new, and how to see them."""
    if peek:
        return plural(count, "1 more. See it with --limit.", "{n} more. See them with --limit.")
    return plural(count, "1 more. See it with 'meshnode news'.", "{n} more. See them with 'meshnode news'.")


def watch_saved(reply: dict[str, Any]) -> str:
    """Say that a search is saved."""
    return message(
        "Search {number} saved: {search}. New matches appear in 'meshnode news'.",
        number=reply["id"],
        search=search(reply),
    )


def watch_line(reply: dict[str, Any]) -> str:
    """Return a saved search with its number."""
    return message("{number}: {search}", number=reply["id"], search=search(reply))


def watch_match(alert: dict[str, Any]) -> str:
    """Return a new match of a saved search."""
    return message(
        "  {title} ({id}), {when}",
        title=named(alert["title"]),
        id=alert["listing"][:8],
        when=forms.moment(alert["at"]),
    )


def watch_removed(reply: dict[str, Any]) -> str:
    """Say that a saved search is gone."""
    return message("Search {number} removed: {search}.", number=reply["id"], search=search(reply))


def search(reply: dict[str, Any]) -> str:
    """Return what a saved search looks for (WatchView of the API)."""
    if reply["need"]:
        return message("offers that fit your need {title}", title=quoted(reply["words"]))
    parts = [quoted(reply["words"])] if reply["words"] else []
    parts += [TYPES_PLURAL.get(reply["type"], reply["type"])] if reply["type"] else []
    parts += [reply[name] for name in ("category", "audience") if reply[name]]
    if reply["anywhere"]:
        parts.append(message("any distance"))
    elif reply["within"] is not None:
        parts.append(message("within {km:g} km", km=reply["within"]))
    if reply["trust"] is not None:
        parts.append(message("trust {trust} or more", trust=forms.weight(reply["trust"])))
    return ", ".join(parts)


def hidden(reply: dict[str, Any]) -> str:
    """Say that a post is hidden."""
    return message("{title} is hidden from you. Show it again with --undo.", title=quoted(reply["title"]))


def unhidden(reply: dict[str, Any]) -> str:
    """Say that a post is shown again."""
    return message("{title} is shown again.", title=quoted(reply["title"]))
