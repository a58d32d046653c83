"""What every command has in common: the global options, the client of the home's daemon, and lazy loading.

The global options may stand before or after the command's name, since both are what people type.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import click

from meshnode.cli.client import Client
from meshnode.config import home_path
from meshnode.errors import Usage
from meshnode.home import Home

ASKED = "_MESHNODE_COMPLETE"  # the variable by which a shell's script asks for completions


@dataclass(slots=True)
class Settings:
    """What the global options of one call came to."""

    home: Path | None = None
    json: bool = False
    no_input: bool = False

    def client(self, *, patience: float | None = None) -> Client:
        """The daemon of the chosen home; see Client for `patience`."""
        return Client(self.place(), patience=patience)

    def place(self) -> Home:
        """The chosen home."""
        return Home(home_path(self.home))

    def may_ask(self) -> bool:
        """Whether there is somebody who can be asked."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def settings(context: click.Context) -> Settings:
    """The settings of this call, shared by all its contexts."""
    return context.ensure_object(Settings)


def _set_home(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value == "":
        raise Usage("--home is empty", "name a directory")
    if value is not None:
        settings(context).home = Path(value)


def _set_json(context: click.Context, _: click.Parameter, value: bool) -> None:
    settings(context).json |= value


def _set_no_input(context: click.Context, _: click.Parameter, value: bool) -> None:
    settings(context).no_input |= value


def global_options(*, shown: bool) -> list[click.Parameter]:
    """The options of every command; the commands themselves only show `--json`."""
    return [
        click.Option(
            ["--home"],
            metavar="DIR",
            expose_value=False,
            is_eager=True,
            callback=_set_home,
            hidden=not shown,
            help="The node's home directory (or MESHNODE_HOME).",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_json,
            help="Answer in JSON, as docs/cli.md describes it.",
        ),
        click.Option(
            ["--no-input"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_no_input,
            hidden=not shown,
            help="Never ask; take defaults.",
        ),
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(shown=False))


class CommandGroup(click.Group):
    """Commands under one name, such as `cell new`; it takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(shown=False))


def command(name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command called `name`."""
    return click.command(name, cls=Command, **kwargs)


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports only the one that is called.

    `table` maps a heading to names, and each name to the module that defines a command of that name.
    """

    def __init__(self, *args: Any, table: dict[str, dict[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(shown=True))
        self._table = table
        self._modules = {name: module for names in table.values() for name, module in names.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command `cmd_name`."""
        module = self._modules.get(cmd_name)
        if module is None:
            return None
        found = getattr(import_module(module), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings."""
        for heading, names in self._table.items():
            rows = [
                (name, command.get_short_help_str(70)) for name in names if (command := self.get_command(ctx, name))
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


class Trust(click.ParamType[float]):
    """A trust between 0 and 1, zero excluded, in steps of a thousandth."""

    name = "0..1"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that `value` says."""
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is no number; trust goes from 0.001 to 1", param, ctx)
        if not 0 < number <= 1:
            self.fail(f"{value} is out of range; trust goes from 0.001 to 1", param, ctx)
        return number


class Span(click.ParamType[int]):
    """A span of time: 30m, 12h, 7d or 2w; the value is in seconds."""

    name = "7d"
    units: ClassVar = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds that `value` says."""
        if isinstance(value, int):
            return value
        count, unit = str(value)[:-1], str(value)[-1:].lower()
        if unit not in self.units or not count.isascii() or not count.isdigit() or len(count) > 6 or int(count) == 0:
            self.fail(f"{value!r} is no span of time; write 30m, 12h, 7d or 2w", param, ctx)
        return int(count) * self.units[unit]


class Moment(click.ParamType[int]):
    """A local date, or date and time; the value is in UNIX seconds."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The UNIX seconds that `value` says."""
        if isinstance(value, int):
            return value
        from datetime import datetime

        try:
            return int(datetime.fromisoformat(str(value)).astimezone().timestamp())
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no date; write 2026-05-01 or 2026-05-01T18:00", param, ctx)


class PlaceType(click.ParamType[tuple[float, float]]):
    """A place as LAT,LON in decimal degrees; it is made coarse before anybody else learns of it."""

    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Latitude and longitude."""
        if isinstance(value, tuple):
            return value
        try:
            latitude, longitude = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is no place; write LAT,LON such as 52.52,13.40", param, ctx)
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.fail(f"{value!r} lies nowhere on earth; write LAT,LON such as 52.52,13.40", param, ctx)
        return latitude, longitude


def named(what: str, value: str) -> str:
    """The name or id that was given, refused where it is empty: an empty prefix would fit everybody."""
    if not value.strip():
        raise Usage(f"say which {what}", "a name, an id, or the beginning of either")
    return value
