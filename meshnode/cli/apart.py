"""Answers what must work without a daemon in this process: revoking a device, blocking, the doctor, taking data away.

A node that cannot start, whatever is in its store, must not keep its owner from these.
"""

from __future__ import annotations

from functools import partial

from meshnode.cli import output
from meshnode.cli.client import Client
from meshnode.cli.command import Settings
from meshnode.home import Home
from meshnode.text import node as text


def client(call: Settings, *, unlock: bool = False, says_so: bool = True) -> Client:
    """Return a client that answers in this process where no daemon runs, and with `says_so` says that it does.

    With `unlock`, the passphrase of the identity key is asked for then, if it has one.
    """
    home = call.chosen_home()
    return Client(home, apart=partial(_answer, call, home, unlock, says_so))


def _answer(
    call: Settings, home: Home, unlock: bool, says_so: bool, method: str, target: str, body: bytes | None
) -> tuple[int, bytes]:
    from urllib.parse import unquote

    from meshnode import node
    from meshnode.cli.init import ask_passphrase, given_passphrase

    if says_so and not call.json:
        output.note(text.WITHOUT_DAEMON)
    asks = unlock and call.may_ask() and node.is_locked(home)
    passphrase = ask_passphrase(call, twice=False) if asks else given_passphrase()
    path, _, query = target.partition("?")
    return node.answer_apart(home, method, unquote(path), query, body, passphrase=passphrase)
