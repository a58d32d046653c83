"""Asks a person at the terminal: yes or no, and before the daemon does what it does only when it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from meshnode.cli.client import UNCONFIRMED, Refusal
from meshnode.cli.command import Settings
from meshnode.text import program as text

ENGLISH_YES, ENGLISH_NO = ("y", "yes"), ("n", "no")  # taken in every language, as all that is typed

yes = click.option("--yes", is_flag=True, help=text.YES)


def confirmed(call: Settings, do: Callable[..., Any], *, yes: bool) -> Any:
    """Return what `do(yes=...)` returns; where the daemon wants it confirmed, ask, and then return what `do(yes=True)` returns.

    Where nobody can be asked, or the answer is no, the daemon's refusal is raised.
    """
    try:
        return do(yes=yes)
    except Refusal as refusal:
        if refusal.reply.get("code") != UNCONFIRMED or not call.may_ask():
            raise
        if not agreed(text.all_the_same(refusal.message)):
            raise
    return do(yes=True)


def agreed(question: str) -> bool:
    """Ask a question until it is answered with yes or no, in the language of this call or in English; Enter is no."""
    shown = f"{question} [{_answers(text.YES_ANSWERS)[0]}/{_answers(text.NO_ANSWERS)[0].upper()}]"
    return bool(click.prompt(shown, default="", show_default=False, value_proc=_yes_or_no, err=True))


def _yes_or_no(typed: str) -> bool:
    # In capitals, since the small letter of the Turkish I depends on the language.
    answer = typed.strip().upper()
    if answer in {each.upper() for each in (*_answers(text.YES_ANSWERS), *ENGLISH_YES)}:
        return True
    if not answer or answer in {each.upper() for each in (*_answers(text.NO_ANSWERS), *ENGLISH_NO)}:
        return False
    raise click.UsageError(str(text.NEITHER_YES_NOR_NO))


def _answers(listed: str) -> list[str]:
    return str(listed).split(", ")
