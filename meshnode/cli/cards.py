"""`card` and `add`: two people connect when one adds the other's card."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from meshnode.cli import output, pasting
from meshnode.cli.command import Answer, Settings, Span, Trust, command
from meshnode.errors import Failed, Usage
from meshnode.text import connecting as text
from meshnode.text import people

MEETING_SECONDS = 3.0  # for which `add` waits: two nodes that are there connect in less


def _show_card(card: dict[str, Any]) -> None:
    if not output.to_terminal():
        output.say(card["text"])
        output.warn(card)
        return
    output.qr(card["text"])
    output.say()
    output.say_lines(text.card_says(card))
    output.warn(card)
    output.say(text.CARD_TYPED)
    output.say(card["text"])


@command("card", about=text.CARD_HELP)
@click.option("--uses", type=int, help=text.CARD_USES)
@click.option("--trust", type=Trust(), help=text.CARD_TRUST)
@click.option("--expires", type=Span(), help=text.CARD_EXPIRES)
@click.option("--group", "groups", metavar="NAME", multiple=True, help=text.CARD_GROUP)
@click.option("--svg", metavar="FILE", help=text.CARD_SVG)
@click.option("--png", metavar="FILE", help=text.CARD_PNG)
@click.option("--print", "printed", is_flag=True, help=text.CARD_PRINT)
def card(
    call: Settings,
    uses: int | None,
    trust: float | None,
    expires: int | None,
    groups: tuple[str, ...],
    svg: str | None,
    png: str | None,
    printed: bool,
) -> Any:
    order = {"uses": uses, "trust": trust, "expires_in": expires, "groups": list(groups) or None}
    order = {key: value for key, value in order.items() if value is not None}
    if svg is None and png is None and not printed:
        return Answer(call.client().post("/v1/cards", **order), _show_card)
    return _card_in_pictures(call, order, {"svg": svg, "png": png}, printed=printed)


def _card_in_pictures(call: Settings, order: dict[str, Any], names: dict[str, str | None], *, printed: bool) -> Answer:
    """Return a new card whose pictures are written. That they can be is seen before the card is made."""
    from meshnode.cli import pictures

    if printed:
        pictures.check_printer()
    with pictures.new_files(names) as files:
        made = call.client().post("/v1/cards", **order)
        for kind, file in files.items():
            pictures.write(made["text"], kind, file)
    saved = [name for name in names.values() if name is not None]
    if printed:
        try:
            pictures.send_to_printer(made["text"])
        except Failed:
            output.as_json(made) if call.json else _show_card(made)  # it is made: it can still be given to somebody
            raise
    return Answer(made, partial(_show_pictures, saved=saved, printed=printed))


def _show_pictures(made: dict[str, Any], *, saved: list[str], printed: bool) -> None:
    if not output.to_terminal():
        _show_card(made)
        return
    output.say_lines(text.pictures(saved, printed=printed))
    output.say_lines(text.card_says(made))
    output.warn(made)


@command("add", about=text.ADD_HELP)
@click.argument("card_text", metavar="CARD", nargs=-1)
@click.option("--trust", type=Trust(), help=text.ADD_TRUST)
def add(call: Settings, card_text: tuple[str, ...], trust: float | None) -> Any:
    typed = _card_or_name(call, " ".join(card_text))
    if not typed.strip():
        raise Usage(text.NO_CARD, text.NO_CARD_HINT)
    by_card = typed.strip().lower().startswith(pasting.CARD_PREFIX)
    added = call.client().post("/v1/contacts", card=typed, trust=trust, wait=MEETING_SECONDS if by_card else 0.0)
    pasting.warn_of_argument(card_text)
    return Answer(added, partial(show_added, by_card=by_card))


def _card_or_name(call: Settings, typed: str) -> str:
    """Return what was typed, or the card that was pasted or is in the picture of that name."""
    if typed:
        from meshnode.cli import photos

        if photos.is_picture(typed):
            return photos.card_in(typed)
    return pasting.card(call, typed, ask=text.ASK_CARD, more=text.ASK_CARD_REST)


def show_added(added: dict[str, Any], *, by_card: bool) -> None:
    """Say how far the connection with an added person has come (AddedView of the API)."""
    name = added["person"]["name"]
    if added["state"] == "awaited":
        output.say(text.awaiting_guest(name))
        return
    output.say(people.trusted(name, added["trust"]))
    output.warn(added)
    if added["state"] == "not_met" and not by_card:
        output.say(text.awaiting_answer(name))
    else:
        output.say(_OUTCOMES[added["state"]](name))


_OUTCOMES = {
    "connected": text.trusts_you,
    "on_its_way": text.awaiting_vouch,
    "not_met": people.awaiting_node,
    "taken_back": text.card_taken_back,
    "used": text.card_used,
}
