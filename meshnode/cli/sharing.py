"""`share show` and `share set`: who can see your posts by default, and what others see of your location."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import asking, output, preview
from meshnode.cli.command import CommandGroup, Settings, command
from meshnode.cli.location import PlaceType
from meshnode.errors import Usage
from meshnode.text import sharing as text
from meshnode.text.choices import AUDIENCES, PRECISIONS


class Radius(click.ParamType[int]):
    """Whole kilometers: 25 or 25km."""

    name = "KM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the kilometers; the node checks their range."""
        typed = str(value).strip().lower().removesuffix("km").strip()
        if not typed.isascii() or not typed.removeprefix("-").isdigit() or len(typed) > 12:
            from meshnode.text import errors

            self.fail(errors.not_a_radius(value), param, ctx)
        return int(typed)


share = CommandGroup("share", help=text.HELP)


def _show(reply: dict[str, Any]) -> None:
    output.say_lines(text.settings(reply))
    for warning in reply["warnings"]:
        output.note(warning["message"])


@command("show", about=text.SHOW_HELP, show=_show, group=share)
def show(call: Settings) -> Any:
    return call.client().get("/v1/sharing")


@command("set", about=text.SET_HELP, show=_show, group=share)
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help=text.AUDIENCE)
@click.option("--precision", type=click.Choice(list(PRECISIONS)), help=text.PRECISION)
@click.option("--radius", type=Radius(), help=text.RADIUS)
@click.option("--place", type=PlaceType(), help=text.PLACE)
@click.option("--no-place", is_flag=True, help=text.NO_PLACE)
@click.option("--receipts/--no-receipts", "receipts", default=None, help=text.RECEIPTS)
@preview.what_if
@asking.yes
def change(call: Settings, what_if: bool, yes: bool, **typed: Any) -> Any:
    place = typed["place"]
    body = {
        "audience": typed["audience"],
        "precision": typed["precision"],
        "radius_km": typed["radius"],
        "place": None if place is None else {"lat": place[0], "lon": place[1]},
        "no_place": typed["no_place"] or None,
        "receipts": typed["receipts"],
    }
    given = {name: value for name, value in body.items() if value is not None}
    if not given:
        from meshnode.text import errors

        raise Usage(errors.CHANGE_NOTHING, errors.SHARE_HINT)
    if place is not None and typed["no_place"]:
        from meshnode.text import errors

        raise Usage(errors.PLACE_AND_NONE, errors.ONE_OF_THEM)
    if what_if:
        return preview.what_if_answer(call.client().post("/v1/what-if/sharing", **given))
    return asking.confirmed(call, lambda *, yes: call.client().patch("/v1/sharing", **given, anyway=yes), yes=yes)
