"""`share show` and `share set`: who can see what names no audience of its own, and what others learn of your place."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output, preview
from meshnode.cli.command import CommandGroup, PlaceType, command, settings
from meshnode.cli.wording import AUDIENCES, PRECISIONS, area, for_whom
from meshnode.errors import Usage


class Radius(click.ParamType[int]):
    """Whole kilometers: 25 or 25km."""

    name = "KM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The kilometers that `value` says; the node says which of them can be."""
        text = str(value).strip().lower().removesuffix("km").strip()
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 12:
            self.fail(f"{value!r} is no radius; write whole kilometers, such as 25 or 25km", param, ctx)
        return int(text)


@command("show")
@click.pass_context
def show(context: click.Context) -> None:
    """How you share what names no audience of its own."""
    _say(context, settings(context).client().get("/v1/sharing"))


@command("set")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Who can see what names no audience itself.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="How exactly others learn your places.")
@click.option("--radius", type=Radius(), help="How far 'anyone nearby' goes (25).")
@click.option("--place", type=PlaceType(), help="Where you are; it stays on this node, others learn a coarse place.")
@click.option("--no-place", is_flag=True, help="Tell others no place any more.")
@preview.what_if
@click.pass_context
def change(
    context: click.Context,
    audience: str | None,
    precision: str | None,
    radius: int | None,
    place: tuple[float, float] | None,
    no_place: bool,
    what_if: bool,
) -> None:
    """Change it; every listing that follows it moves with it, everywhere."""
    body = {
        "audience": audience,
        "precision": precision,
        "radius_km": radius,
        "place": None if place is None else {"lat": place[0], "lon": place[1]},
        "no_place": no_place or None,
    }
    given = {name: value for name, value in body.items() if value is not None}
    if not given:
        raise Usage("say what to change", "'meshnode share set --help' lists what can be")
    client = settings(context).client()
    if what_if:
        preview.say_what_if(context, client.post("/v1/what-if/sharing", **given))
    else:
        _say(context, client.patch("/v1/sharing", **given))


share = CommandGroup(
    "share", commands=[show, change], help="Who can see what you share, and what others learn of your place."
)


def _say(context: click.Context, reply: dict[str, Any]) -> None:
    if settings(context).json:
        output.as_json(reply)
        return
    count = reply["follows"]
    listings = (
        "no listing of yours follows" if not count else f"{count} of your listings follow{'s' if count == 1 else ''}"
    )
    output.say(f"What you share is for {for_whom(reply)}, unless a listing says otherwise; {listings} that.")
    output.say(_of_place(reply))
    output.say(f"Nearby means within {reply['radius_km']} km.")
    for warning in reply["warnings"]:
        output.note(warning)


def _of_place(reply: dict[str, Any]) -> str:
    published = reply["published"]
    if published is None:
        return f"Others learn no place of yours; if you tell one, it is told as {reply['precision']}."
    around = area(published)
    if reply["place"] is None:
        return f"Others learn that you are in {around} ({reply['precision']})."
    exact = f"{reply['place']['lat']},{reply['place']['lon']}"
    return f"You are at {exact}, which stays on this node; others learn of {around} ({reply['precision']})."
