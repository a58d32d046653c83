"""`device`: one person with several devices. `device join` runs on the new one, without a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from meshnode.cli import apart, output, passphrase, pasting
from meshnode.cli.asking import agreed
from meshnode.cli.client import Client, segment
from meshnode.cli.command import Answer, CommandGroup, Settings, Span, command, named
from meshnode.cli.program import as_typed
from meshnode.errors import NotFound, Usage
from meshnode.text import devices as text
from meshnode.text import forms

if TYPE_CHECKING:
    from protocol.tokens import DeviceCode, WordCode

WAIT_SECONDS = 120
ASK_SECONDS = 30  # for which the daemon is asked at a time to wait for a computer that uses the code

device = CommandGroup("device", help=text.HELP)


def _show_code(code: dict[str, Any]) -> None:
    if not output.to_terminal():
        output.say(code["text"])
        return
    output.qr(code["text"])
    output.say()
    output.say(text.code_for(code))
    output.say(text.words_typed(code["words"]))
    output.say(text.CODE_TYPED)
    output.say(code["text"])


def _show_confirmed(reply: dict[str, Any]) -> None:
    output.say(text.confirmed(reply))


def _show_refused(_: dict[str, Any]) -> None:
    output.say(text.REFUSED)


@command("add", about=text.ADD_HELP, show=_show_code, group=device)
@click.option("--name", help=text.ADD_NAME)
@click.option("--expires", type=Span(), help=text.ADD_EXPIRES)
def add(call: Settings, name: str | None, expires: int | None) -> Any:
    order = {"name": name, "expires_in": expires}
    client = call.client()
    made = client.post("/v1/device-codes", **{key: value for key, value in order.items() if value is not None})
    if call.json or not call.may_ask() or not output.to_terminal():
        return made
    _show_code(made)
    _await_computer(client, made["expires"])
    return None


def _await_computer(client: Client, until: int) -> None:
    """Wait for the computer that uses the code, and ask whether it shows the same words."""
    import math
    import time

    output.note(text.AWAITING)
    while (left := until - time.time()) > 0:
        waiting = client.get("/v1/confirmation", wait=min(ASK_SECONDS, math.ceil(left)))
        if waiting["words"] is not None:
            _ask_words(client, waiting)
            return
    output.note(text.CODE_OVER)


@command("confirm", about=text.CONFIRM_HELP, show=_show_confirmed, group=device)
@click.argument("words", nargs=-1)
@click.option("--refuse", is_flag=True, help=text.CONFIRM_REFUSE)
def confirm(call: Settings, words: tuple[str, ...], refuse: bool) -> Any:
    client = call.client()
    if words or refuse:
        answered = client.post("/v1/confirmation", words=" ".join(words), refuse=refuse)
        return Answer(answered, _show_refused) if refuse else answered
    waiting = client.get("/v1/confirmation")
    if waiting["words"] is None:
        raise NotFound(text.NOBODY_WAITS, text.NOBODY_WAITS_HINT)
    if call.json or not call.may_ask():
        return Answer(waiting, _show_waiting)
    _ask_words(client, waiting)
    return None


def _show_waiting(waiting: dict[str, Any]) -> None:
    output.say(text.words(waiting))


def _ask_words(client: Client, waiting: dict[str, Any]) -> None:
    """Ask whether the other computer shows the same words, and answer it."""
    output.note(text.words(waiting))
    same = agreed(text.ASK_WORDS)
    client.post("/v1/confirmation", words=waiting["words"], refuse=not same)
    output.say(text.confirmed(waiting) if same else text.REFUSED)


@command("join", about=text.JOIN_HELP, group=device)
@click.argument("code", nargs=-1)
@click.option("--wait", type=Span(), metavar="2m", default=WAIT_SECONDS, help=text.JOIN_WAIT)
@click.option("--interface", "interfaces", multiple=True, metavar="PATTERN", help=text.INTERFACE)
@click.option("--no-mdns", is_flag=True, help=text.JOIN_NO_MDNS)
@passphrase.from_file
def join(
    call: Settings, code: tuple[str, ...], wait: int, interfaces: tuple[str, ...], no_mdns: bool, file: str | None
) -> None:
    typed = pasting.device_code(call, " ".join(code), ask=text.ASK_CODE, more=text.ASK_CODE_REST)
    if not typed.strip():
        raise Usage(text.NO_CODE, text.NO_CODE_HINT)
    from meshnode import node
    from protocol import person_text
    from protocol.tokens import WordCode

    home = call.chosen_home()
    known = _words(typed) or _parsed(typed)
    pasting.warn_of_argument(code)
    secret = None if home.has_node else passphrase.for_new_home(call, file)
    person = node.join(
        home,
        _parsed(node.ask_for_code(known, interfaces)) if isinstance(known, WordCode) else known,
        passphrase=secret,
        seconds=wait,
        interfaces=interfaces,
        mdns=not no_mdns,
        progress=lambda news: _note_progress(call, news),
    )
    if call.json:
        output.as_json({"person": {"id": person_text(person)}, "home": str(home.path)})
    else:
        output.say(text.joined(home.path))
        output.say(text.start(as_typed(call)))


def _show_list(reply: dict[str, Any]) -> None:
    output.table(
        text.COLUMNS,
        [
            (one["name"], one["id"][:11], text.state(one), text.seen(one), forms.day(one["expires"]))
            for one in reply["devices"]
        ],
        empty=text.EMPTY,
    )


@command("list", about=text.LIST_HELP, show=_show_list, group=device)
def list_(call: Settings) -> Any:
    return apart.client(call).get("/v1/devices")


def _show_revoked(reply: dict[str, Any]) -> None:
    output.say_lines(text.revoked(reply))


@command("revoke", about=text.REVOKE_HELP, show=_show_revoked, group=device)
@click.argument("name")
@click.option("--discard", is_flag=True, help=text.REVOKE_DISCARD)
@click.option("--keep-blocks", is_flag=True, help=text.REVOKE_KEEP_BLOCKS)
@click.option("--keep-groups", is_flag=True, help=text.REVOKE_KEEP_GROUPS)
def revoke(call: Settings, name: str, discard: bool, keep_blocks: bool, keep_groups: bool) -> Any:
    client, who = apart.client(call, unlock=True), segment(named("device", name))
    order: dict[str, Any] = {"discard": discard, "keep_blocks": keep_blocks, "keep_groups": keep_groups}
    if not discard and not keep_blocks and call.may_ask():
        decisions = client.get(f"/v1/decisions/{who}")["decisions"]
        invitations = [one for one in decisions if one["what"] == "invitation"]
        about_people = [one for one in decisions if one["what"] != "invitation"]
        kept = _chosen(text.DECISIONS, about_people)
        kept += invitations if keep_groups else _chosen(text.INVITATIONS, invitations)
        if decisions:
            order |= {"chosen": True, "keep": [one["id"] for one in kept]}
    return client.post(f"/v1/revocations/{who}", **order)


def _chosen(about: str, decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask which of these decisions the owner keeps, which `about` introduces, and return them."""
    if not decisions:
        return []
    output.note(about)
    for one in decisions:
        output.note(text.decision(one))
    answer: str = click.prompt(
        text.ASK_DECISIONS, type=click.Choice(text.KEEP_ANSWERS), default=text.KEEP_EACH, err=True
    )
    if answer == text.KEEP_EACH:
        return [one for one in decisions if agreed(text.ask_decision(one))]
    return decisions if answer == text.KEEP_ALL else []


def _note_progress(call: Settings, news: str) -> None:
    """Print news of the search on standard error, unless a program reads along."""
    if not call.json:
        output.note(text.progress(news))


def _words(typed: str) -> WordCode | None:
    """Return the word code in `typed`; None where it is none. Usage for one with a typo."""
    from protocol import Code, RemoteError
    from protocol.tokens import WordCode

    try:
        return WordCode.parse(typed)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            raise Usage(text.NO_SUCH_WORDS, text.NO_SUCH_WORDS_HINT) from error
        return None


def _parsed(typed: str) -> DeviceCode:
    """Return the code in `typed`; Usage, which says what is wrong, where there is none."""
    from protocol import Code, RemoteError
    from protocol.tokens import DeviceCode

    try:
        return DeviceCode.parse(typed)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            raise Usage(text.DAMAGED_CODE, text.DAMAGED_CODE_HINT) from error
        if error.code is Code.VERSION:
            raise Usage(text.NEWER_CODE, text.NEWER_CODE_HINT) from error
        raise Usage(text.NOT_A_CODE, text.NOT_A_CODE_HINT) from error
