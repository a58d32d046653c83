"""`discover`: what others share with you."""

from __future__ import annotations

from meshnode.cli import kept, output
from meshnode.cli.daily.question import DailyQuestion, get
from meshnode.text import discover as text
from meshnode.text import forms, paging

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

ANY_TRUST = 0.1  # people whom you trust less than this are not connected to you
ANYWHERE = float("inf")
FARTHEST_KM = 40_000


def kilometers(typed: str) -> float | None:
    """Return a distance: 50 or 50km, or infinity for `any`; None where it is none."""
    word = typed.strip().lower()
    if word == "any":
        return ANYWHERE
    try:
        found = float(word.removesuffix("km"))
    except ValueError:
        return None
    return found if 0 <= found <= FARTHEST_KM else None


def least_trust(typed: str) -> float | None:
    """Return a trust above 0 and up to 1, or for `any` the least at which people are connected at all; else None."""
    if typed.strip().lower() == "any":
        return ANY_TRUST
    try:
        found = float(typed)
    except ValueError:
        return None
    return found if 0 < found <= 1 else None


def as_query(given: dict[str, Any]) -> dict[str, Any]:
    """Return the words and options of a search as the API takes them; those that were not given are None or left out."""
    asked = dict(given)
    asked["words"] = " ".join(given.get("words", ())) or None
    asked["type"] = asked.pop("kind", None)
    if given.get("within") == ANYWHERE:
        asked |= {"within": None, "anywhere": True}
    return asked


def _query(given: dict[str, Any]) -> dict[str, Any]:
    query = as_query(given)
    for flag in ("anywhere", "notice_board"):
        if query.pop(flag, False):
            query[flag] = "true"
    return dict(sorted(query.items()))  # one request for one question, in whichever order it was typed


def question(**given: Any) -> DailyQuestion:
    """Return what `discover` asks for."""
    return get("/v1/discover", **_query(given))


def show(home: str, reply: dict[str, Any], **given: Any) -> None:
    """Print a page of results, and on a terminal what it leaves out."""
    show_results(home, reply["results"])
    if output.to_terminal():
        nowhere = reply["results"] and not any(result["distance"] for result in reply["results"])
        if given.get("sort") == "near" and nowhere:
            output.note(text.NO_DISTANCE)
        asked = any(value for name, value in _query(given).items() if name not in ("sort", "limit", "page"))
        _note_rest(reply, first_page=given.get("page") in (None, 1), asked=asked)


def show_results(home: str, results: list[dict[str, Any]], matched: dict[str, str] | None = None) -> None:
    """Print search results, each with a number that the next commands take; `matched` adds words by id of a listing.

    On a terminal the title has a line of its own. In a pipe a tab follows it, which no title has.
    """
    authors = forms.apart(result["author"] for result in results)
    for number, result in enumerate(results, start=1):
        facts = text.facts(result, authors[result["author"]["id"]]) + (matched or {}).get(result["id"], "")
        title = text.numbered(number, result["title"])
        if output.to_terminal():
            output.say(title=title)
            output.say(f"   {facts}")
        else:
            output.script(f"{output.inert(title)}\t{output.inert(facts)}")
    kept.keep_posts(home, results)


def _note_rest(reply: dict[str, Any], *, first_page: bool, asked: bool) -> None:
    if reply["next"]:
        output.note(paging.next_page(reply["total"], reply["next"]))
    if reply["set_aside"]:
        output.note(text.set_aside(reply["set_aside"]))
    if reply["hidden"]:
        output.note(text.outside_limits(reply["hidden"]))
    if not (reply["total"] or reply["hidden"] or reply["set_aside"]):
        output.note(text.NO_MATCH if asked else text.EMPTY)
    elif reply["total"] and not reply["results"] and not first_page:
        output.note(paging.no_such_page(reply["total"]))
