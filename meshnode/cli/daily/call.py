"""Answers a daily command without click, where all that was typed is plain.

Whatever is otherwise is left to click: a word or an option that is not in the table, an option without its value, a daemon
that does not listen, and everything that goes wrong. So each error is said in one place.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module

from meshnode.cli import output
from meshnode.cli.request import CALL_SECONDS, AskedAlready, connect, parsed, received
from meshnode.home_path import SOCKET, home_path
from meshnode.text.choices import AUDIENCES, CATEGORIES, ORDERS, TYPES

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

NUMBER_DIGITS = 9  # of a number that is taken for one without asking click
Read = Callable[[str], object]
"""Reads the value of an option; None where it is not understood."""


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= NUMBER_DIGITS else None


def _text(typed: str) -> str:
    return typed


def _one_of(words: Iterable[str]) -> Read:
    return lambda typed: typed if typed in words else None


def _kilometers(typed: str) -> float | None:
    from meshnode.cli.daily.discover import kilometers

    return kilometers(typed)


def _least_trust(typed: str) -> float | None:
    from meshnode.cli.daily.discover import least_trust

    return least_trust(typed)


GLOBAL: dict[str, tuple[str, Read | None]] = {
    "--home": ("home", _text),
    "--language": ("language", _text),
    "--json": ("json", None),
    "--no-input": ("no_input", None),
}
"""The options of every command, by the names of their parameters. `Read` is None for a flag."""

COMMANDS: dict[str, dict[str, tuple[str, Read | None]]] = {
    "status": {},
    "discover": {
        "--type": ("kind", _one_of(TYPES)),
        "--category": ("category", _one_of(CATEGORIES)),
        "--audience": ("audience", _one_of(AUDIENCES)),
        "--within": ("within", _kilometers),
        "--trust": ("trust", _least_trust),
        "--notice-board": ("notice_board", None),
        "--sort": ("sort", _one_of(ORDERS)),
        "--limit": ("limit", _number),
        "--page": ("page", _number),
    },
    "news": {"--peek": ("peek", None), "--clear": ("clear", None), "--limit": ("limit", _number)},
    "inbox": {"--through": ("through", _text), "--all": ("everybody", None)},
    "people": {"--all": ("everybody", None), "--page": ("page", _number)},
}
"""The daily commands with their own options."""

TAKES_WORDS = ("discover",)


def answered(words: Sequence[str]) -> AskedAlready | bool:
    """Answer a command in the language of this call and return True; else False, or what was asked already.

    What was asked already is for the same command by way of click, which goes on from there.
    """
    read = _read(words)
    if read is None:
        return False
    name, options, given = read
    command = import_module(f"meshnode.cli.daily.{name}")
    request: bytes = command.question(**given).written()
    try:
        home = home_path(options.get("home"))
        answer = _ask(home, request)
        if answer is None:
            return False
        reply = _reply(answer)
        if reply is None:
            return AskedAlready(request, answer)
        if "json" in options:
            output.as_json(reply)
        else:
            command.show(home, reply, **given)
    except BrokenPipeError:
        raise
    except SystemExit:
        return True  # what draws tables is done: the reader of the pipe has gone
    except (OSError, KeyboardInterrupt) as error:
        return AskedAlready(request, error)
    return True


def _read(words: Sequence[str]) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
    """Return the command, its global options and its own parameters; None where anything is not plain."""
    name = ""
    options: dict[str, Any] = {}
    given: dict[str, Any] = {}
    typed: list[str] = []
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            if not name:
                name = word
            else:
                typed.append(word)
            if name not in COMMANDS or not word:
                return None
            continue
        value = _option(word, left, COMMANDS[name] if name else {}, options, given)
        if not value:
            return None
    if not name or (typed and name not in TAKES_WORDS) or {"peek", "clear"} <= given.keys():
        return None
    if typed:
        given["words"] = tuple(typed)
    return name, options, given


def _option(
    word: str, left: Iterator[str], own: dict[str, Any], options: dict[str, Any], given: dict[str, Any]
) -> bool:
    """Note an option with its value, which may follow it; return whether it is understood and was not given before."""
    option, equals, value = word.partition("=")
    values = given if option in own else options
    name, read = own.get(option) or GLOBAL.get(option) or ("", None)
    if not name or name in values:
        return False
    if read is None:
        values[name] = True
        return not equals
    if not equals:
        value = next(left, "")
    found = None if not value or value.startswith("-") else read(value)
    values[name] = found
    return found is not None


def _ask(home: str, request: bytes) -> bytes | None:
    """Send a request and return the answer; None where no daemon takes it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CALL_SECONDS)
        try:
            connect(connection, f"{home}/{SOCKET}")
            connection.sendall(request)
        except OSError:
            return None
        return received(connection)


def _reply(answer: bytes) -> Any:
    """Return the JSON of a good answer; None for every other."""
    whole = parsed(answer)
    if whole is None or whole[0] != 200:
        return None
    try:
        return json.loads(whole[1])
    except ValueError:
        return None
