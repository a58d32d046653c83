"""`page`: the owner's page on phones, which are let in by a link and three words."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import apart, output
from meshnode.cli.asking import agreed
from meshnode.cli.client import Client, segment
from meshnode.cli.command import Answer, CommandGroup, Settings, command, named
from meshnode.errors import NotFound
from meshnode.text import forms
from meshnode.text import phones as text

ASK_SECONDS = 30  # for which the daemon is asked at a time to wait for a phone that uses the link

page = CommandGroup("page", help=text.HELP)


def _show_off(_: dict[str, Any]) -> None:
    output.say(text.NOW_OFF)


def _show_link(link: dict[str, Any]) -> None:
    if not output.to_terminal():
        output.say(link["link"])
        return
    output.qr(link["link"], exact=True)
    output.say()
    output.say(text.SCAN)
    for one in (link["link"], *link["others"]):
        output.say(f"  {one}")
    if link["tls"]:
        output.say(text.fingerprint(link))


@command("phone", about=text.PHONE_HELP, show=_show_link, group=page)
@click.option("--interface", "interfaces", multiple=True, metavar="PATTERN", help=text.PHONE_INTERFACE)
@click.option("--tls/--no-tls", default=None, help=text.PHONE_TLS)
@click.option("--name", help=text.PHONE_NAME)
@click.option("--off", is_flag=True, help=text.PHONE_OFF)
def phone(call: Settings, interfaces: tuple[str, ...], tls: bool | None, name: str | None, off: bool) -> Any:
    client = call.client()
    if off:
        return Answer(client.put("/v1/phone-page", on=False), _show_off)
    order: dict[str, Any] = {"on": True, "tls": tls, "interfaces": list(interfaces) or None}
    client.put("/v1/phone-page", **order)
    link = client.post("/v1/phone-links")
    if call.json or not call.may_ask() or not output.to_terminal():
        return link
    _show_link(link)
    _await_phone(client, link["expires"], name)
    return None


def _await_phone(client: Client, until: int, name: str | None) -> None:
    """Wait for the phone that uses the link, and ask whether it shows the same words."""
    import math
    import time

    output.note(text.AWAITING)
    while (left := until - time.time()) > 0:
        waiting = client.get("/v1/phone-request", wait=min(ASK_SECONDS, math.ceil(left)))
        if waiting["words"] is not None:
            _ask_words(client, waiting, name)
            return
    output.note(text.LINK_OVER)


def _ask_words(client: Client, waiting: dict[str, Any], name: str | None) -> None:
    """Ask whether the phone shows the same words, and answer it."""
    output.note(text.words(waiting))
    same = agreed(text.ASK_WORDS)
    reply = client.post("/v1/phone-request", words=waiting["words"], refuse=not same, name=name)
    output.say(text.let_in(reply) if same else text.REFUSED)


def _show_let_in(reply: dict[str, Any]) -> None:
    output.say(text.let_in(reply))


def _show_refused(_: dict[str, Any]) -> None:
    output.say(text.REFUSED)


def _show_waiting(waiting: dict[str, Any]) -> None:
    output.say(text.words(waiting))


@command("answer", about=text.ANSWER_HELP, show=_show_let_in, group=page)
@click.argument("words", nargs=-1)
@click.option("--name", help=text.PHONE_NAME)
@click.option("--refuse", is_flag=True, help=text.ANSWER_REFUSE)
def answer(call: Settings, words: tuple[str, ...], name: str | None, refuse: bool) -> Any:
    client = call.client()
    if words or refuse:
        reply = client.post("/v1/phone-request", words=" ".join(words), refuse=refuse, name=name)
        return Answer(reply, _show_refused) if refuse else reply
    waiting = client.get("/v1/phone-request")
    if waiting["words"] is None:
        raise NotFound(text.NOBODY_WAITS, text.NOBODY_WAITS_HINT)
    if call.json or not call.may_ask():
        return Answer(waiting, _show_waiting)
    _ask_words(client, waiting, name)
    return None


def _show_phones(reply: dict[str, Any]) -> None:
    rows = [
        (one["name"], text.used(one), forms.day(one["admitted"]), one["network"], text.encrypted(one))
        for one in reply["phones"]
    ]
    output.table(text.COLUMNS, rows, empty=text.EMPTY)
    if output.to_terminal():
        output.say(text.at(reply))
        for act in reply["acts"]:
            output.say(text.did(act))


@command("phones", about=text.PHONES_HELP, show=_show_phones, group=page)
def phones(call: Settings) -> Any:
    return apart.client(call).get("/v1/phones")


def _show_revoked(reply: dict[str, Any]) -> None:
    output.say(text.revoked(reply))


@command("revoke", about=text.REVOKE_HELP, show=_show_revoked, group=page)
@click.argument("name")
def revoke(call: Settings, name: str) -> Any:
    return apart.client(call).delete(f"/v1/phones/{segment(named('phone', name))}")
