"""`offer`, `need`, `mine`, `show` and `edit`: your posts, and one post in full."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from meshnode.cli import asking, names, numbers, output, post_photos
from meshnode.cli import preview as previews
from meshnode.cli.client import segment
from meshnode.cli.command import Amount, Answer, Settings, Span, command, named
from meshnode.cli.dates import Moment
from meshnode.cli.location import PlaceType
from meshnode.errors import Usage
from meshnode.text import forms
from meshnode.text import listings as text
from meshnode.text import numbers as numbers_text
from meshnode.text.choices import AUDIENCES, CATEGORIES, CLEARABLE, ENDED, TYPES, URGENCIES

Function = TypeVar("Function", bound=Callable[..., Any])
FOLLOWS = "follows"
EXPIRED_SECONDS = 3 * 86_400  # how long `mine` names an expired post; afterwards only 'mine --closed' does
LABEL_WIDTH = 11

# One option for each field of a listing that a person may give. Importing the fields would take longer than a whole
# command may, so they are repeated here; a test compares them.
OPTIONS = (
    click.option("--text", help=text.TEXT),
    click.option("--category", type=click.Choice(CATEGORIES), help=text.CATEGORY),
    click.option("--tag", "tags", multiple=True, help=text.TAG),
    click.option("--quantity", type=Amount(), help=text.QUANTITY),
    click.option("--unit", help=text.UNIT),
    click.option("--from", "available_from", type=Moment(), help=text.FROM),
    click.option("--until", "available_until", type=Moment(ends=True), help=text.UNTIL),
    click.option("--urgency", type=click.Choice(URGENCIES), help=text.URGENCY),
    click.option("--lend/--give", "lend", default=None, help=text.LEND),
    click.option("--return-by", "return_by", type=Moment(ends=True), help=text.RETURN_BY),
    click.option("--language", help=text.LANGUAGE),
    click.option("--notice-board/--no-notice-board", "notice_board", default=None, help=text.NOTICE_BOARD),
    click.option("--place", type=PlaceType(), help=text.PLACE),
    click.option("--expires", "expires_in", type=Span(), help=text.EXPIRES),
    click.option("--photo", "photos", multiple=True, help=text.PHOTO),
    click.option("--photo-words", "photo_words", multiple=True, help=text.PHOTO_WORDS),
)


def listing_options(function: Function) -> Function:
    """Give a command the options that describe a listing."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def _body(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, as the API takes them."""
    body = {key: value for key, value in given.items() if value is not None and value != ()}
    if "place" in body:
        latitude, longitude = body["place"]
        body["place"] = {"lat": latitude, "lon": longitude}
    return body


def _show_posted(reply: dict[str, Any]) -> None:
    output.say(text.posted(reply))
    if reply["place"]:
        output.say(text.located(reply))
    if reply["twin"]:
        output.note(text.posted_before(reply))
    if reply["type"] == "need" and output.to_terminal():
        output.note(text.NEED_NEXT)
    output.warn(reply)


@command("offer", about=text.OFFER_HELP, show=_show_posted)
@click.argument("title")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help=text.AUDIENCE)
@listing_options
@previews.preview
@asking.yes
def offer(call: Settings, /, **given: Any) -> Any:
    return _post(call, "offer", given)


@command("need", about=text.NEED_HELP, show=_show_posted)
@click.argument("title")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help=text.AUDIENCE)
@listing_options
@previews.preview
@asking.yes
def need(call: Settings, /, **given: Any) -> Any:
    return _post(call, "need", given)


def _post(call: Settings, kind: str, given: dict[str, Any]) -> Any:
    preview, yes, client = given.pop("preview"), given.pop("yes"), call.client()
    photos = post_photos.added(client, given, preview=preview)
    path, body = "/v1/previews" if preview else "/v1/listings", _body(given | {"photos": photos})
    reply = asking.confirmed(call, lambda *, yes: client.post(path, type=kind, **body, anyway=yes), yes=yes)
    return Answer(reply, previews.show_audience if preview else _show_posted)


@command("mine", about=text.MINE_HELP)
@click.option("--closed", is_flag=True, help=text.MINE_CLOSED)
def mine(call: Settings, closed: bool) -> Any:
    return Answer(call.client().get("/v1/listings"), partial(_show_closed if closed else _show_own, call))


def _show_closed(call: Settings, reply: dict[str, Any]) -> None:
    output.table(
        text.CLOSED_COLUMNS,
        [
            (one["title"], one["id"][:8], one["type"], one["category"], ENDED[one["how"]], forms.moment(one["at"]))
            for one in reply["ended"]
        ],
        empty=text.CLOSED_EMPTY,
        numbered=numbers_text.COLUMN,
    )
    if output.to_terminal():
        numbers.keep(call, reply["ended"])


def _show_own(call: Settings, reply: dict[str, Any]) -> None:
    ending = set(reply["ending"])
    output.table(
        text.MINE_COLUMNS,
        [
            (
                listing["title"],
                listing["id"][:8],
                listing["type"],
                listing["category"],
                text.own_audience(listing),
                text.own_expiry(listing, soon=listing["id"] in ending),
            )
            for listing in reply["listings"]
        ],
        empty=text.MINE_EMPTY,
        numbered=numbers_text.COLUMN,
    )
    if not output.to_terminal():
        return
    numbers.keep(call, reply["listings"])
    if ending:
        output.note(text.MINE_SOON)
    since = time.time() - EXPIRED_SECONDS
    expired = [one["title"] for one in reply["ended"] if one["how"] == "expired" and one["at"] > since]
    if expired:
        output.note(text.just_expired(expired))


def _show_listing(reply: dict[str, Any]) -> None:
    output.say(forms.distance(reply), title=reply["title"])
    output.say(text.byline(reply))
    for line in reply["text"].split("\n") if reply["text"] else ():
        output.say(f"  {line}")
    for label, value in text.details(reply):
        output.say(f"{label + ':':<{LABEL_WIDTH}} {value}")


@command("show", about=text.SHOW_HELP, show=_show_listing)
@click.argument("listing", shell_complete=names.listings)
def show(call: Settings, listing: str) -> Any:
    return call.client().get(f"/v1/listings/{segment(numbers.post(call, listing))}")


def _show_changed(reply: dict[str, Any]) -> None:
    output.say(text.changed(reply))
    if reply["place"]:
        output.say(text.located(reply))


@command("edit", about=text.EDIT_HELP, show=_show_changed)
@click.argument("listing", shell_complete=names.own_listings)
@click.option("--title", help=text.TITLE)
@click.option("--type", "type", type=click.Choice(TYPES), help=text.TYPE)
@click.option("--audience", type=click.Choice([*AUDIENCES, FOLLOWS]), help=text.NEW_AUDIENCE)
@click.option("--clear", multiple=True, type=click.Choice(CLEARABLE), help=text.CLEAR)
@listing_options
@previews.preview
@asking.yes
def edit(call: Settings, /, listing: str, preview: bool, yes: bool, **given: Any) -> Any:
    which = segment(named("post", listing))
    photos = post_photos.added(call.client(), given, preview=preview)
    if photos:
        shown = call.client().get(f"/v1/listings/{which}")["photos"] if "photos" not in given["clear"] else []
        given["clear"] = tuple(name for name in given["clear"] if name != "photos")
        photos = (*({key: one[key] for key in ("photo", "thumbnail", "words")} for one in shown), *photos)
    body = _body(given | {"photos": photos})
    if not body:
        from meshnode.text import errors

        raise Usage(errors.CHANGE_NOTHING, errors.EDIT_HINT)
    client, path = call.client(), f"/v1/{'previews' if preview else 'listings'}/{which}"
    send = client.post if preview else client.patch
    reply = asking.confirmed(call, lambda *, yes: send(path, **body, anyway=yes), yes=yes)
    return Answer(reply, previews.show_audience if preview else _show_changed)
