"""`passphrase`: encrypt the home, change its passphrase, decrypt it; and how every command comes to know the passphrase.

It is typed, or it lies in a variable, a file, standard input or a credential of systemd. It is never an argument.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshnode.cli import output
from meshnode.cli.command import Answer, CommandGroup, Settings, command
from meshnode.errors import Failed, Refused, Usage
from meshnode.home import Home
from meshnode.text import errors
from meshnode.text import passphrase as text

if TYPE_CHECKING:
    from meshnode.node import Needs

VARIABLE = "MESHNODE_PASSPHRASE"
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)
STANDARD_INPUT = "-"
FILE_BYTES_MAX = 4096  # of a file with a passphrase: a longer one was named by mistake

passphrase = CommandGroup("passphrase", help=text.HELP)
from_file = click.option("--passphrase-file", "file", metavar="FILE", help=text.FILE)
new_from_file = click.option("--new-passphrase-file", "new_file", metavar="FILE", help=text.NEW_FILE)


# --- where it comes from ---------------------------------------------------------------------------------------------


def given(call: Settings, file: str | None = None) -> str | None:
    """Return the passphrase that was given without typing it, None if there is none.

    `file` is the one that an option names. Then come the variable, which is removed so that no child process inherits it,
    systemd's credential, and the file that the settings name. Failed where such a file cannot be read.
    """
    variable = os.environ.pop(VARIABLE, None)
    if file is not None:
        return _read_file(file)
    if variable is not None:
        return variable
    credentials = os.environ.get(CREDENTIALS)
    if credentials:
        from meshnode.service import credential

        if (file_of_service := Path(credentials) / credential.NAME).exists():
            return _read_file(str(file_of_service))
    named = _file_of_settings(call)
    if not named or (call.may_ask() and not Path(named).expanduser().exists()):
        return None
    return _read_file(named)


def _file_of_settings(call: Settings) -> str:
    """Return the file with the passphrase that the settings name; nothing where they name none."""
    from meshnode.config import Config

    return Config.load(call.home).passphrase_file


def known(call: Settings, home: Home, file: str | None = None, *, identity: bool = True) -> str | None:
    """Return the passphrase of the node in `home`, asking for it at a terminal; None where it needs none.

    With `identity`, it is asked for as well where the identity key alone has one; there Enter goes on without it. Raises Usage
    where an encrypted home needs it and nobody can be asked.
    """
    from meshnode import node

    needs: Needs = node.needs_passphrase(home)
    if needs == "nothing":
        os.environ.pop(VARIABLE, None)
        return None
    found = given(call, file)
    if found is not None:
        return found
    if needs == "identity":
        return (asked(text.ASK_IDENTITY, empty=True) or None) if identity and call.may_ask() else None
    if not call.may_ask():
        raise Usage(text.needed(home.path), text.needed_hint(VARIABLE))
    return asked(text.ASK)


def asked(question: str, *, empty: bool = False) -> str:
    """Ask for a passphrase at the terminal, without showing it; with `empty`, Enter alone is an answer."""
    shown: str = click.prompt(question, default="" if empty else None, show_default=False, hide_input=True, err=True)
    return shown


def chosen(question: str, *, empty: bool = False) -> str:
    """Ask for a new passphrase, twice, until both are the same; with `empty`, Enter alone is an answer."""
    while True:
        first = asked(question, empty=empty)
        if not first or asked(text.ASK_AGAIN) == first:
            return first
        output.note(text.DIFFERENT)


def for_new_home(call: Settings, file: str | None) -> str | None:
    """Return the passphrase of a new home, asking for it at a terminal; None for a home that is not encrypted."""
    found = given(call, file)
    if found is not None or not call.may_ask():
        return found
    output.note(text.MEANING)
    return chosen(text.ASK_FIRST, empty=True) or None


def chosen_or_given(call: Settings, file: str | None) -> str:
    """Return a new passphrase: from `file`, else as `given`, else asked for. Usage where nobody can be asked."""
    found = given(call, file)
    if found is None and not call.may_ask():
        raise Usage(errors.NO_PASSPHRASE, text.new_hint(VARIABLE))
    return chosen(text.ASK_NEW) if found is None else found


def _read_file(name: str) -> str:
    """Return the passphrase in a file, or in standard input, without the end of its line."""
    try:
        if name == STANDARD_INPUT:
            content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with Path(name).expanduser().open("rb") as opened:
                content = opened.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise Refused(text.too_long(name), text.FILE_HINT)
        found = content.decode()
    except UnicodeDecodeError:
        raise Refused(text.not_text(name), text.FILE_HINT) from None
    except OSError as error:
        raise Failed(text.unreadable(name, error.strerror), text.FILE_HINT) from error
    return found.removesuffix("\n").removesuffix("\r")


# --- the commands ----------------------------------------------------------------------------------------------------


@command("set", about=text.SET_HELP, group=passphrase)
@from_file
def set_(call: Settings, file: str | None) -> Any:
    from meshnode import node

    home = _stopped(call)
    needs = node.needs_passphrase(home)
    if needs == "home":
        raise Refused(text.ENCRYPTED_ALREADY, text.ENCRYPTED_ALREADY_HINT)
    former = None
    if needs == "identity":
        if not call.may_ask():
            raise Usage(text.OF_IDENTITY, text.OF_IDENTITY_HINT)
        former = asked(text.ASK_FORMER)
    new = chosen_or_given(call, file)
    node.change_passphrase(home, former, new)
    return _answer(call, home, new, text.IS_SET)


@command("change", about=text.CHANGE_HELP, group=passphrase)
@from_file
@new_from_file
def change(call: Settings, file: str | None, new_file: str | None) -> Any:
    from meshnode import node

    home = _stopped(call)
    if node.needs_passphrase(home) != "home":
        raise Refused(text.NONE_SET, text.NONE_SET_HINT)
    former = known(call, home, file)
    node.check_passphrase(home, former)
    if new_file is None and not call.may_ask():
        raise Usage(errors.NO_PASSPHRASE, text.NEW_FILE_HINT)
    new = chosen(text.ASK_NEW) if new_file is None else _read_file(new_file)
    node.change_passphrase(home, former, new)
    return _answer(call, home, new, text.IS_CHANGED)


@command("remove", about=text.REMOVE_HELP, group=passphrase)
@from_file
def remove(call: Settings, file: str | None) -> Any:
    from meshnode import node

    home = _stopped(call)
    if node.needs_passphrase(home) == "nothing":
        raise Refused(text.NONE_SET, text.NONE_SET_HINT)
    node.change_passphrase(home, known(call, home, file), None)
    return Answer({"home": str(home.path), "encrypted": False}, lambda _: output.say(text.IS_REMOVED))


def _stopped(call: Settings) -> Home:
    """Return the home; Refused where a node runs on it, before anything is asked."""
    home = call.chosen_home()
    home.check()
    home.lock().release()
    return home


def _answer(call: Settings, home: Home, new: str, line: str) -> Answer:
    """Return what is shown once a home is encrypted; warn of a file with the passphrase that is on the same disk, or wrong."""

    def show(_: Any) -> None:
        output.say(line)
        output.say(text.KEEP_IT)
        if lies_beside(call, home):
            output.say(text.LIES_BESIDE)
        if (named := _file_with_another(call, new)) is not None:
            output.say(text.has_another(named))

    return Answer({"home": str(home.path), "encrypted": True}, show)


def _file_with_another(call: Settings, new: str) -> str | None:
    """Return the file that the settings name, if it can be read and has another passphrase than `new`."""
    named = _file_of_settings(call)
    with suppress(Failed, Refused):
        return named if named and named != STANDARD_INPUT and _read_file(named) != new else None
    return None


def lies_beside(call: Settings, home: Home) -> bool:
    """Whether the settings name a file with the passphrase that is on the same file system as the home."""
    named = _file_of_settings(call)
    if named:
        with suppress(OSError):
            return Path(named).expanduser().stat().st_dev == home.path.stat().st_dev
    return False
