"""Answers what must work without a daemon in this process: revoking a device, blocking, the doctor, taking data away.

A node that cannot start, whatever is in its store, must not keep its owner from these.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from meshnode.cli import output
from meshnode.cli.client import Client
from meshnode.cli.command import Settings
from meshnode.home import Home
from meshnode.text import node as text


def client(call: Settings, *, unlock: bool = False, says_so: bool = True, patience: float | None = None) -> Client:
    """Return a client that answers in this process where no daemon runs, and with `says_so` says that it does.

    The passphrase of an encrypted home is asked for then, once; with `unlock`, also that of an identity key which alone has
    one. `patience` is that of Client.
    """
    home = call.chosen_home()
    return Client(
        home,
        patience=patience,
        apart=partial(_answer, call, cache(partial(_passphrase, call, home, unlock)), home, says_so),
    )


def _passphrase(call: Settings, home: Home, unlock: bool) -> str | None:
    from meshnode.cli import passphrase

    return passphrase.known(call, home, identity=unlock)


def _answer(
    call: Settings,
    passphrase: Callable[[], str | None],
    home: Home,
    says_so: bool,
    method: str,
    target: str,
    body: bytes | None,
) -> tuple[int, bytes]:
    from urllib.parse import unquote

    from meshnode import node

    if says_so and not call.json:
        output.note(text.WITHOUT_DAEMON)
    path, _, query = target.partition("?")
    return node.answer_apart(home, method, unquote(path), query, body, passphrase=passphrase())
