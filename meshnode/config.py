"""Reads the settings of a node. From weakest to strongest: defaults, the home's config.toml, MESHNODE_*, options.

They are read once at start and never changed. A misspelled setting is an error and is never ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from meshnode.errors import Usage
from meshnode.home import Home
from meshnode.home_path import home_path as text_of_home_path
from meshnode.text.catalog import LANGUAGES, message

Mdns = Literal["on", "listen", "off"]
HostPort = tuple[str, int]

PORTS = 65_535
DEFAULT_PORT = 4747  # where a node listens unless its owner chooses another: a firewall can be opened for it beforehand
IPV6_LETTERS = frozenset("0123456789abcdefABCDEF:.")
HOST_LETTERS_MAX = 255  # of a DNS name (RFC 1035), which is longer than any address
SESSIONS = range(2, 513)  # each takes some hundred kB, and 4 MiB at worst
LOG_LEVELS = ("debug", "info", "warning", "error")
MDNS_MODES = ("on", "listen", "off")
ENVIRONMENT = "MESHNODE_"


class Config(NamedTuple):
    """The settings of one run. The names of the fields are the keys of config.toml."""

    home: Home
    port: int = 0
    """TCP port for other nodes; 0: 4747 or the next free one, chosen at the first start and kept."""
    interfaces: tuple[str, ...] = ()
    """Patterns of the network interfaces to use ("eth*", "!docker*"); none: all real ones, as they come and go."""
    mdns: Mdns = "on"
    """Whether to announce this node and look for others on the local network, only look, or neither."""
    peers: tuple[HostPort, ...] = ()
    """Addresses at which to dial other nodes, besides those that are discovered."""
    sessions: int = 64
    """How many nodes may be connected at once; further ones take turns with them."""
    notify_command: tuple[str, ...] = ()
    """A program with its arguments that is run with each thing that comes to wait for the owner, as JSON on its input."""
    backup_dir: Path | None = None
    """The directory of the daily backups; none: `backups` in the home."""
    receipts: bool = True
    """Whether people learn, some time later, that your devices have opened their messages."""
    page: bool = True
    """Whether the owner's page is served, to browsers of this computer."""
    carry_watch: str = ""
    """A folder, such as a mounted stick or one that others copy, from which parcels are taken in; none: nowhere."""
    carry_write: bool = False
    """Whether parcels are written into that folder too."""
    language: str = ""
    """The language in which the owner is answered; none: that of the environment."""
    passphrase_file: str = ""
    """A file with the passphrase of an encrypted home; none: it is typed, or comes as a credential of systemd."""
    log_level: str = "info"

    @property
    def backups(self) -> Path:
        """The directory of the daily backups."""
        return self.backup_dir or self.home.backups

    @classmethod
    def load(
        cls, home: Path | None = None, options: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ
    ) -> Config:
        """Return the settings for `home` (None: MESHNODE_HOME, or this user's data directory).

        An option that is None or an empty list was not given. Raises Usage if a setting is unknown or malformed.
        """
        directory = Home(home_path(home, environ))
        values: dict[str, Any] = {}
        values.update(_from_file(directory.config))
        values.update(_from_environment(environ))
        for key, value in (options or {}).items():
            if value is not None and value not in ((), []):
                values[key] = _checked(key, value, f"--{key.replace('_', '-')}")
        return cls(directory, **values)


def home_path(given: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the absolute path of the home: the one given, else MESHNODE_HOME, else the user's data directory."""
    return Path(text_of_home_path(None if given is None else os.fspath(given), environ))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("{path} cannot be read ({error})", path=path, error=error) from error
    import tomllib

    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise Usage("{path} is not TOML: {error}", path=path, error=error) from error
    return {key: _checked(key, value, f"{key} in {path}") for key, value in table.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings in the environment. Other names with our prefix may belong to other programs."""
    values = {}
    for key in _CHECKS:
        name = ENVIRONMENT + key.upper()
        text = environ.get(name, "")
        if text:
            values[key] = _checked(key, text.split(",") if key in _LISTS else text, name)
    return values


def _checked(key: str, value: Any, where: str) -> Any:
    check = _CHECKS.get(key)
    if check is None:
        raise Usage(
            "{where}: there is no such setting",
            "the settings are {words}",
            where=where,
            words=", ".join(sorted(_CHECKS)),
        )
    try:
        return check(value)
    except ValueError as error:
        raise Usage("{where}: {error}", where=where, error=error) from None


def _port(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) > PORTS:
        raise ValueError(
            message("{typed} is not a port (0 to {most}; 0 for any that is free)", typed=repr(text), most=PORTS)
        )
    return int(text)


def _interfaces(value: Any) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _texts(value))
    if not all(name.removeprefix("!") for name in names):
        raise ValueError(message("an interface's name is empty"))
    for name in names:
        if "/" in name or any(letter.isspace() for letter in name):
            raise ValueError(
                message(
                    "{typed} is not an interface's name, such as eth0, or a pattern, such as 'eth*'", typed=repr(name)
                )
            )
    return names


def _mdns(value: Any) -> str:
    if isinstance(value, bool):
        value = "on" if value else "off"
    return _one_of(value, MDNS_MODES)


def _flag(value: Any) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise ValueError(message("{typed} is not true or false", typed=repr(value)))
    return found


def _folder(value: Any) -> str:
    if not isinstance(value, str) or (value and not Path(value).expanduser().is_absolute()):
        raise ValueError(message("{typed} is not a folder's whole path, such as /media/stick", typed=repr(value)))
    return value


def _log_level(value: Any) -> str:
    return _one_of(value, LOG_LEVELS)


def _sessions(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) not in SESSIONS:
        raise ValueError(
            message(
                "{typed} is not a number of sessions ({least} to {most})",
                typed=repr(text),
                least=SESSIONS[0],
                most=SESSIONS[-1],
            )
        )
    return int(text)


def _peers(value: Any) -> tuple[HostPort, ...]:
    return tuple(parse_address(text) for text in _texts(value))


def parse_address(text: str, *, default_port: int | None = None) -> HostPort:
    """Return the host and port of HOST:PORT, where an IPv6 host is in brackets. ValueError, in plain words, if malformed.

    With `default_port` the port may be left out.
    """
    typed = text.strip()
    if default_port is not None and (typed.endswith("]") or ":" not in typed):
        typed = f"{typed}:{default_port}"
    host, colon, port = typed.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    elif ":" in host and set(host.partition("%")[0]) <= IPV6_LETTERS:
        raise ValueError(
            message("{typed}: an IPv6 address goes into brackets, as in [fe80::1%eth0]:7000", typed=repr(text))
        )
    letters = "-._%:" if bracketed else "-._%"
    well_formed = 0 < len(host) <= HOST_LETTERS_MAX and all(one.isalnum() or one in letters for one in host)
    if not colon or not well_formed or not port.isdigit() or not _port(port):
        raise ValueError(message("{typed} is not HOST:PORT", typed=repr(text)))
    return host, int(port)


def _command(value: Any) -> tuple[str, ...]:
    import shlex

    words = shlex.split(value) if isinstance(value, str) else _texts(value)
    if not words or not words[0]:
        raise ValueError(message("the program's name is empty"))
    return tuple(words)


def _texts(value: Any) -> list[str]:
    if (
        isinstance(value, str)
        or not isinstance(value, list | tuple)
        or not all(isinstance(item, str) for item in value)
    ):
        raise ValueError(message("a list of texts is wanted"))
    return list(value)


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ValueError(message("{typed} is not one of {words}", typed=repr(value), words=", ".join(words)))
    return str(value)


def _directory(value: Any) -> Path:
    path = Path(value).expanduser() if isinstance(value, str | Path) else Path()
    if not path.is_absolute():
        raise ValueError(message("{typed} is not a whole path, which begins with / or ~", typed=repr(str(value))))
    return path


def _language(value: Any) -> str:
    return _one_of(value, tuple(LANGUAGES))


def _file(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(message("{typed} is not the path of a file", typed=repr(value)))
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "port": _port,
    "interfaces": _interfaces,
    "mdns": _mdns,
    "peers": _peers,
    "sessions": _sessions,
    "notify_command": _command,
    "backup_dir": _directory,
    "receipts": _flag,
    "page": _flag,
    "carry_watch": _folder,
    "carry_write": _flag,
    "language": _language,
    "passphrase_file": _file,
    "log_level": _log_level,
}
_LISTS = ("interfaces", "peers")
