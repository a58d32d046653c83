"""`offer`, `need`, `mine`, `show` and `edit`: what you share, and one listing in full."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from meshnode.cli import names, output
from meshnode.cli import preview as previews
from meshnode.cli.client import segment
from meshnode.cli.command import Moment, PlaceType, Span, command, named, settings
from meshnode.cli.wording import AUDIENCES, CATEGORIES, CLEARABLE, ENDED, RELATIONS, TYPES, URGENCIES, area, for_whom
from meshnode.errors import Usage

Function = TypeVar("Function", bound=Callable[..., Any])
FOLLOWS = "follows"
EXPIRED_NAMED = 3  # below one's own listings, by title; the rest by number
EXPIRED_SECONDS = 3 * 86_400  # and for so long; after that 'mine --closed' still has them

OPTIONS = (
    click.option("--text", help="More about it."),
    click.option("--category", type=click.Choice(CATEGORIES)),
    click.option("--tag", "tags", multiple=True, help="A word of your own; may be repeated."),
    click.option("--quantity", type=int, help="How many; not limited if left out."),
    click.option("--unit", help="Of what: kg, hours, beds."),
    click.option("--from", "available_from", type=Moment(), help="Available from this date on."),
    click.option("--until", "available_until", type=Moment(), help="Available until this date."),
    click.option("--urgency", type=click.Choice(URGENCIES)),
    click.option("--lend/--give", "lend", default=None, help="To be given back, or to keep."),
    click.option("--return-by", "return_by", type=Moment(), help="When what is lent must be back."),
    click.option("--language", help="The language it is written in, such as de."),
    click.option("--place", type=PlaceType(), help="Where, if not where you are; made coarse before it is shared."),
    click.option("--expires", type=Span(), help="How long it stands (food 2d, needs 7d, others 90d)."),
)


def described(function: Function) -> Function:
    """Give a command the options that describe a listing."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def _body(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as the API takes them."""
    body = {key: value for key, value in given.items() if value is not None and value != ()}
    if "expires" in body:
        body["expires_in"] = body.pop("expires")
    if "place" in body:
        latitude, longitude = body["place"]
        body["place"] = {"lat": latitude, "lon": longitude}
    return body


@command("offer")
@click.argument("title")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Who can see this; your usual choice if left out.")
@described
@previews.preview
@click.pass_context
def offer(context: click.Context, /, **given: Any) -> None:
    """Offer something."""
    _post(context, "offer", given)


@command("need")
@click.argument("title")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Who can see this; your usual choice if left out.")
@described
@previews.preview
@click.pass_context
def need(context: click.Context, /, **given: Any) -> None:
    """Ask for something."""
    _post(context, "need", given)


@command("mine")
@click.option("--closed", is_flag=True, help="What is over: closed, all taken, or expired.")
@click.pass_context
def mine(context: click.Context, closed: bool) -> None:
    """What you posted."""
    reply = settings(context).client().get("/v1/listings")
    if settings(context).json:
        output.as_json(reply)
    elif closed:
        output.table(
            ("title", "id", "type", "category", "how", "when"),
            [
                (
                    over["title"],
                    over["id"][:8],
                    over["type"],
                    over["category"],
                    ENDED[over["how"]],
                    output.when(over["at"]),
                )
                for over in reply["ended"]
            ],
            empty="Nothing is over. What you close or let expire stays here for some weeks.",
        )
    else:
        _say_own(reply)


def _say_own(reply: dict[str, Any]) -> None:
    ending = set(reply["ending"])
    output.table(
        ("title", "id", "type", "category", "audience", "expires"),
        [
            (
                listing["title"],
                listing["id"][:8],
                listing["type"],
                listing["category"],
                listing["audience"] + ("" if not listing["follows"] else " (usual)"),
                output.when(listing["expires"]) + (" (soon)" if listing["id"] in ending else ""),
            )
            for listing in reply["listings"]
        ],
        empty="You have posted nothing that stands; 'meshnode offer' and 'meshnode need' do.",
    )
    if not output.to_terminal():
        return
    if ending:
        output.note("What ends soon stands longer with 'meshnode renew LISTING'.")
    since = time.time() - EXPIRED_SECONDS
    expired = [over["title"] for over in reply["ended"] if over["how"] == "expired" and over["at"] > since]
    if expired:
        more = f" and {len(expired) - EXPIRED_NAMED} more" if len(expired) > EXPIRED_NAMED else ""
        output.note(f"Expired: {', '.join(expired[:EXPIRED_NAMED])}{more}. 'meshnode renew LISTING' brings it back.")


@command("show")
@click.argument("listing", shell_complete=names.listings)
@click.pass_context
def show(context: click.Context, listing: str) -> None:
    """One listing in full."""
    reply = settings(context).client().get(f"/v1/listings/{segment(named('listing', listing))}")
    if settings(context).json:
        output.as_json(reply)
    else:
        _say_listing(reply)


@command("edit")
@click.argument("listing", shell_complete=names.own_listings)
@click.option("--title", help="A new title.")
@click.option("--type", "type", type=click.Choice(TYPES))
@click.option("--audience", type=click.Choice([*AUDIENCES, FOLLOWS]), help="Who can see this now.")
@click.option("--clear", multiple=True, type=click.Choice(CLEARABLE), help="Empty this field; may be repeated.")
@described
@previews.preview
@click.pass_context
def edit(context: click.Context, /, listing: str, preview: bool, **given: Any) -> None:
    """Change a listing of yours; narrowing its audience takes back what others hold of it."""
    body = _body(given)
    if not body:
        raise Usage("say what to change", "'meshnode edit --help' lists what can be")
    client, which = settings(context).client(), segment(named("listing", listing))
    if preview:
        previews.say_audience(context, client.post(f"/v1/previews/{which}", **body))
        return
    reply = client.patch(f"/v1/listings/{which}", **body)
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"Changed: {reply['title']} ({reply['id'][:8]}), for {for_whom(reply)}.")


def _post(context: click.Context, kind: str, given: dict[str, Any]) -> None:
    client = settings(context).client()
    if given.pop("preview"):
        previews.say_audience(context, client.post("/v1/previews", type=kind, **_body(given)))
        return
    reply = client.post("/v1/listings", type=kind, **_body(given))
    if settings(context).json:
        output.as_json(reply)
        return
    seen_by = for_whom(reply)
    output.say(f"Posted: {reply['title']} ({reply['id'][:8]}), for {seen_by}, until {output.when(reply['expires'])}.")


def _say_listing(reply: dict[str, Any]) -> None:
    distance = f" - {reply['distance']}" if reply["distance"] else ""
    output.say(distance, title=reply["title"])
    author = "you" if reply["relation"] == "yourself" else f"{reply['author']['name']} ({RELATIONS[reply['relation']]})"
    urgency = "" if reply["urgency"] == "normal" else f", {reply['urgency']}"
    output.say(f"{reply['type']}, {reply['category']}{urgency}, by {author}")
    for line in reply["text"].split("\n") if reply["text"] else ():
        output.say(f"  {line}")
    for label, value in _details(reply):
        output.say(f"{label + ':':<11} {value}")


def _details(reply: dict[str, Any]) -> list[tuple[str, str]]:
    details = [("for", for_whom(reply))]
    if reply["tags"]:
        details.append(("tags", ", ".join(reply["tags"])))
    if reply["quantity"] is not None:
        details.append(("quantity", f"{reply['quantity']} {reply['unit']}".strip()))
    available = [
        f"{word} {output.when(reply[name])}"
        for word, name in (("from", "available_from"), ("until", "available_until"))
        if reply[name]
    ]
    if available:
        details.append(("available", " ".join(available)))
    if reply["lend"]:
        details.append(
            ("lent", f"back by {output.when(reply['return_by'])}" if reply["return_by"] else "to be given back")
        )
    if reply["place"]:
        details.append(("place", area(reply["place"])))
    if reply["language"]:
        details.append(("language", reply["language"]))
    left = reply["expires"] - int(time.time())
    details.append(("expires", f"{output.when(reply['expires'])} (in {output.ago(max(0, left))})"))
    details.append(("id", reply["id"]))
    return details
