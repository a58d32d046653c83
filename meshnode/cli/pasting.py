"""Reads a card or a device code from standard input or at the terminal, in as many lines as it is pasted.

Both are secrets: the first who uses one has what it gives. What is typed behind a command can be read by every user of the
computer while the command runs, so a code that comes as an argument works, with a warning.

A code that came in a letter or a chat often has line breaks. The first line alone is no code, and the shell would run the
others as commands. So the program reads on until the code is whole, and drops what was pasted after it.
"""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable

from meshnode.cli import output
from meshnode.cli.command import Settings
from meshnode.text import program as text

CARD_PREFIX = "mesh1"
DEVICE_PREFIX = "mdev1"
READ_MAX = 64 * 1024  # characters from a pipe or a terminal; the longest code is far shorter
STDIN = "-"


def card(call: Settings, typed: str, *, ask: str, more: str) -> str:
    """Return the card or the name that was typed; on a terminal, a card is asked for or read to its end.

    `ask` asks for a card where nothing was typed, `more` for the rest of one.
    """
    return _read(call, typed, CARD_PREFIX, _parse_card, ask, more)


def device_code(call: Settings, typed: str, *, ask: str, more: str) -> str:
    """Return the device code that was typed, as `card` does."""
    return _read(call, typed, DEVICE_PREFIX, _parse_device_code, ask, more)


def warn_of_argument(words: tuple[str, ...]) -> None:
    """Warn where a card or device code came as an argument: other users of the computer can read it there."""
    if words and words[0].strip().lower().startswith((CARD_PREFIX, DEVICE_PREFIX)):
        output.note(text.SEEN_BY_OTHERS)


def _parse_card(typed: str) -> None:
    from protocol.tokens import Card

    Card.parse(typed)


def _parse_device_code(typed: str) -> None:
    from protocol.tokens import DeviceCode

    DeviceCode.parse(typed)


def _read(call: Settings, typed: str, prefix: str, parse: Callable[[str], None], ask: str, more: str) -> str:
    if typed == STDIN:
        return sys.stdin.read(READ_MAX)
    if not call.may_ask() or _is_all(typed, prefix, parse):
        return typed
    output.note(more if typed.strip() else ask)
    try:
        while len(typed) <= READ_MAX and not _is_all(typed, prefix, parse):
            line = sys.stdin.readline(READ_MAX)
            if not line or (typed.strip() and not line.strip()):
                break
            typed = f"{typed} {line.strip()}".strip()
    finally:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    return typed


def _is_all(typed: str, prefix: str, parse: Callable[[str], None]) -> bool:
    """Whether nothing more belongs to what was typed: it is a whole code, also of a later version, or it is none."""
    if not typed.strip():
        return False
    if not typed.strip().lower().startswith(prefix):
        return True
    from protocol import Code, RemoteError

    try:
        parse(typed)
    except RemoteError as error:
        return error.code is Code.VERSION
    return True
