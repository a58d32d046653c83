"""Shows recovery words at the terminal and asks for them, for `init` and for `recovery`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TypeVar

import click

from meshnode.cli import output
from meshnode.cli.asking import agreed
from meshnode.cli.command import Settings
from meshnode.errors import MeshnodeError, Refused, Usage
from meshnode.home import Home
from meshnode.text import errors
from meshnode.text import recovery as text

READ_MAX = 64 * 1024  # characters from a pipe; more than all words together

Read = TypeVar("Read")


def offer_words(call: Settings, home: Home, passphrase: str | None) -> None:
    """Ask the owner of a new node whether to show their words now, and let them type three of them."""
    from meshnode.node import identity_seed
    from meshnode.recovery.words import words_of

    output.note(text.OFFER)
    if not agreed(text.ASK_NOW):
        output.note(text.LATER)
        return
    words = words_of(identity_seed(home, passphrase))
    show_words(words)
    click.prompt(text.ASK_DONE, default="", show_default=False, prompt_suffix=". ", err=True)
    output.note(text.LATER_CONFIRM)


def show_words(words: tuple[str, ...]) -> None:
    """Print the words with what to do with them."""
    output.note(text.WARNING)
    output.say_lines(text.table(words) if output.to_terminal() else [" ".join(words)])


def typed_words(call: Settings, words: tuple[str, ...]) -> dict[int, str]:
    """Return words by their places as the owner types them: three that are asked for, or those in a pipe."""
    from meshnode.recovery.words import ASKED, check_words, places_to_ask

    if call.may_ask():
        typed = {}
        for place in places_to_ask(os.urandom(ASKED)):
            typed[place] = click.prompt(text.ask_word(place), err=True)
    else:
        typed = _numbered(sys.stdin.read(READ_MAX))
    check_words(words, typed)
    return typed


def seed_from_words(call: Settings) -> bytes:
    """Return the seed of the identity key from the recovery words that are typed, or given on standard input."""
    from meshnode.recovery.words import WORDS, seed_of

    return ask_words(call, text.ASK_WORDS, WORDS, seed_of)


def seed_from_friends(call: Settings) -> bytes:
    """Return the seed of the identity key from the words of friends, typed one after another or each on a line of a pipe."""
    from meshnode.recovery.shares import NEED_LEAST, SHARE_WORDS, Gathering, read_share

    gathering = Gathering()
    if not call.may_ask():
        for line in filter(None, map(str.strip, _piped().splitlines())):
            gathering.add(read_share(line))
            if gathering.missing == 0:
                return gathering.seed()
        raise Refused(text.too_few(gathering.missing or NEED_LEAST), text.TOO_FEW_HINT)
    while gathering.missing != 0:
        ask_words(call, text.ASK_SHARE, SHARE_WORDS, lambda typed: gathering.add(read_share(typed)))
        if gathering.missing:
            output.note(text.still_missing(gathering.missing))
    return gathering.seed()


def ask_words(call: Settings, question: str, count: int, read: Callable[[str], Read]) -> Read:
    """Return what `read` makes of so many words: at a terminal they are asked for until they can be read."""
    if not call.may_ask():
        return read(_piped())
    while True:
        output.note(question)
        try:
            return read(_lines(count))
        except (Usage, Refused) as error:
            _explain(error)


def _piped() -> str:
    if sys.stdin.isatty():
        raise Usage(text.NO_WORDS, text.NO_WORDS_HINT)
    return sys.stdin.read(READ_MAX)


def _lines(count: int) -> str:
    """Return the lines that are typed, up to an empty one or so many words."""
    from meshnode.recovery.typed import count_words

    typed = ""
    while count_words(typed) < count:
        line = sys.stdin.readline(READ_MAX)
        if not line:
            raise click.Abort
        if not line.strip() and typed:
            break
        typed = f"{typed} {line.strip()}".strip()
    return typed


def _explain(error: MeshnodeError) -> None:
    output.note(errors.line(error.message, error.hint))


def _numbered(lines: str) -> dict[int, str]:
    found = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        number, _, word = line.partition(" ")
        if not (number.isascii() and number.isdigit()) or not word.strip():
            raise Usage(text.NOT_LINES, text.NOT_LINES_HINT)
        found[int(number[:3])] = word
    return found
