"""Writes the systemd units of a node, for one user and for the whole system, out of one template.

`system_unit` without arguments is the unit that the package for Debian carries: there the program is /usr/bin/meshnode.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import Template

from meshnode.errors import Refused

NAME = "meshnode.service"
SYSTEM_USER = "meshnode"
SYSTEM_HOME = Path("/var/lib/meshnode")
PACKAGED_PROGRAM = ("/usr/bin/meshnode",)
SYSUSERS_LINE = f'u {SYSTEM_USER} - "Meshnode" {SYSTEM_HOME}'
"""The user of the system unit, as sysusers.d(5) has it."""
HOME_FIELD = "X-MeshnodeHome"
"""The line of a unit that says whose node it runs; systemd passes over what begins with X-."""

_HERE = Path(__file__).parent
_BY_COMMAND = "Written by 'meshnode service install', which writes it again each time."
_BY_PACKAGE = "Part of the package. To change it: systemctl edit meshnode"
_NOT_IN_PROGRAMS = "\"'\\"
_BACK_OFF_SINCE = 254  # the version of systemd that came with growing pauses between restarts
_BACK_OFF = "RestartSteps=6\nRestartMaxDelaySec=600"


def system_unit(program: Sequence[str] = PACKAGED_PROGRAM, *, systemd: int = 0, packaged: bool = True) -> str:
    """Return the unit that runs the node in SYSTEM_HOME as SYSTEM_USER. `systemd` is its version, 0 if it is not known."""
    scope = f"User={SYSTEM_USER}\nGroup={SYSTEM_USER}\nStateDirectory={SYSTEM_HOME.name}\nStateDirectoryMode=0700"
    origin = _BY_PACKAGE if packaged else _BY_COMMAND
    return _unit(program, SYSTEM_HOME, origin, scope, "system", "multi-user.target", systemd)


def user_unit(program: Sequence[str], home: Path, *, systemd: int = 0) -> str:
    """Return the unit that runs the node in `home` for the user who installs it."""
    return _unit(program, home, _BY_COMMAND, "", "user", "default.target", systemd)


def _unit(
    program: Sequence[str], home: Path, origin: str, scope: str, hardening: str, target: str, systemd: int
) -> str:
    where = f"{HOME_FIELD}={literal(str(home))}"
    text = Template(_file("meshnode.service")).substitute(
        origin=origin,
        command=" ".join(_quoted(word) for word in _plain([*program, "--home", str(home), "run", "--no-input"])),
        scope=f"{scope}\n{where}" if scope else where,
        back_off=_BACK_OFF if systemd >= _BACK_OFF_SINCE else "",
        hardening=_file(f"{hardening}.hardening").rstrip("\n"),
        target=target,
    )
    return text.replace("\n\n\n", "\n\n").replace("=15\n\n", "=15\n")


@cache
def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="ascii")


def _plain(words: Sequence[str]) -> list[str]:
    """Return the words of a command of which systemd replaces no variables: a colon goes before the program.

    Refused where systemd takes no program of that name, however it is quoted.
    """
    if any(letter in _NOT_IN_PROGRAMS for letter in words[0]):
        raise _unnameable(words[0])
    return [f":{words[0]}", *words[1:]]


def literal(text: str) -> str:
    """Return `text` as systemd reads it without its specifiers. Refused where no line can hold it."""
    if not text.isprintable():
        raise _unnameable(text)
    return text.replace("%", "%%")


def _unnameable(path: str) -> Refused:
    return Refused("a unit of systemd cannot name {path}", "choose a path without such signs", path=repr(path))


def _quoted(word: str) -> str:
    """Return one word of a command line of systemd (systemd.syntax(7))."""
    text = literal(word)
    if text and all(letter.isalnum() or letter in "/._-+:=@%," for letter in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
