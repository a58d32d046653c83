"""`meet`: two people on one network connect when one types the words that the other says."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.cards import MEETING_SECONDS, show_added
from meshnode.cli.client import Client
from meshnode.cli.command import Answer, Settings, Trust, command
from meshnode.errors import Failed, Refused, Usage
from meshnode.text import meetings as text

ASK_SECONDS = 30  # for which the daemon is asked at a time to wait until somebody has typed the code
STDIN = "-"
READ_MAX = 4096  # characters of a line that is typed: far more than a code has


@command("meet", about=text.HELP)
@click.argument("code", nargs=-1)
@click.option("--trust", type=Trust(), help=text.TRUST)
@click.option("--peer", metavar="HOST", help=text.PEER)
def meet(call: Settings, code: tuple[str, ...], trust: float | None, peer: str | None) -> Any:
    if not code:
        return _show(call, trust)
    words = _read(call) if code == (STDIN,) else " ".join(code)
    if not words.strip():
        raise Usage(text.NO_CODE, text.NO_CODE_HINT)
    order = {"words": words, "trust": trust, "peer": peer, "wait": MEETING_SECONDS}
    added = call.client().post("/v1/meetings", **{key: value for key, value in order.items() if value is not None})
    return Answer(added, partial(show_added, by_card=True))


def _read(call: Settings) -> str:
    if call.may_ask():
        output.note(text.ASK_CODE)
    return sys.stdin.readline(READ_MAX)


def _show(call: Settings, trust: float | None) -> Any:
    client = call.client()
    made = client.post("/v1/meeting", **({} if trust is None else {"trust": trust}))
    if call.json or not output.to_terminal():
        return Answer(made, _show_words)
    output.say_lines(text.code_for(made["words"]))
    output.note(text.WAITING)
    _await(client)
    return None


def _show_words(made: dict[str, Any]) -> None:
    output.say(made["words"])


def _await(client: Client) -> None:
    """Wait until somebody has typed the code, and say who it was."""
    while (found := client.get("/v1/meeting", wait=ASK_SECONDS))["state"] == "waiting":
        pass
    match found["state"]:
        case "met" if found["person"] is not None:
            output.say(text.met(found))
        case "wrong":
            raise Refused(text.WRONG, text.ANOTHER)
        case "refused":
            raise Refused(text.refused(found), text.TROUBLES[found["trouble"]])
        case "expired":
            raise Failed(text.EXPIRED, text.ANOTHER)
        case _:
            raise Failed(text.REPLACED, text.ANOTHER)
