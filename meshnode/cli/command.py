"""Makes functions commands: adds the global options, prints the answer, converts values, and loads commands lazily.

A command is a function that returns the daemon's reply; `command` makes it print that reply, as JSON or for people. The
sentences are in `meshnode.text`. The global options are accepted before and after the command's name, since people type both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import update_wrapper
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import click

from meshnode.cli import output
from meshnode.cli.client import Client
from meshnode.cli.request import AskedAlready
from meshnode.config import home_path
from meshnode.errors import Usage
from meshnode.home import Home
from meshnode.text import program as text

AMOUNT_MAX = 1_000_000  # as much as the daemon takes
WHOLE_SENTENCE = 1_000  # letters; longer than the first sentence of any help, so click does not cut it off

Show = Callable[[Any], None]
"""Prints a reply for people."""


class Settings:
    """The values of the global options in one call. No dataclass: creating one costs start time."""

    __slots__ = ("asked", "home", "json", "no_input", "options")

    def __init__(self, asked: AskedAlready | None = None) -> None:
        self.asked = asked
        """The command's request, if it was sent already."""
        self.home: Path | None = None
        self.json = False
        self.no_input = False
        self.options: dict[str, str] = {}
        """The options of the command that was called, by the names of its parameters."""

    def client(self, *, patience: float | None = None) -> Client:
        """Return a client of the daemon in the chosen home; see Client for `patience`."""
        asked, self.asked = self.asked, None
        return Client(self.chosen_home(), patience=patience, asked=asked)

    def daily(self, command: ModuleType, **given: Any) -> Answer:
        """Return the answer of a daily command (`meshnode.cli.daily`), for which its file asks, and which it shows."""
        reply = self.client().ask(command.question(**given))
        return Answer(reply, lambda reply: command.show(os.fspath(self.chosen_home().path), reply, **given))

    def chosen_home(self) -> Home:
        """Return the home that the options, the environment or the default name."""
        return Home(home_path(self.home))

    def may_ask(self) -> bool:
        """Whether a person is at the terminal and may be asked."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def settings(context: click.Context) -> Settings:
    """Return the settings of this call, shared by all its contexts."""
    return context.ensure_object(Settings)


class Answer:
    """A reply with its own way to be shown for people. No dataclass: creating one costs start time."""

    __slots__ = ("reply", "show")

    def __init__(self, reply: Any, show: Show) -> None:
        self.reply = reply
        self.show = show


def answering(function: Callable[..., Any], show: Show | None = None) -> Callable[..., None]:
    """Return `function` as a click callback that prints the reply which it returns.

    The function gets this call's Settings and the parsed parameters. It returns a reply, an Answer with a `show` of its
    own, or None where it has printed everything itself. With --json the reply is printed as JSON, else `show` prints it.
    """

    @click.pass_context
    def run(context: click.Context, /, *args: Any, **parameters: Any) -> None:
        call = settings(context)
        call.options = {
            each.name: each.opts[-1] for each in context.command.params if each.name and each.opts[-1][0] == "-"
        }
        returned = function(call, *args, **parameters)
        answer = returned if isinstance(returned, Answer) else None
        reply, shown_by = (answer.reply, answer.show) if answer is not None else (returned, show)
        if reply is None:
            return
        if call.json or shown_by is None:
            output.as_json(reply)
        else:
            shown_by(reply)

    return update_wrapper(run, function)


def command(
    name: str, *, about: str, show: Show | None = None, group: click.Group | None = None
) -> Callable[[Callable[..., Any]], Command]:
    """Make a function the command `name`, printed as `answering` says; with `group`, a command of that group."""

    def decorate(function: Callable[..., Any]) -> Command:
        made = click.command(name, cls=Command, help=about)(answering(function, show))
        if group is not None:
            group.add_command(made)
        return made

    return decorate


def _set_home(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value == "":
        from meshnode.text import errors

        raise Usage(errors.HOME_EMPTY, errors.HOME_EMPTY_HINT)
    if value is not None:
        settings(context).home = Path(value)


def _set_json(context: click.Context, _: click.Parameter, value: bool) -> None:
    settings(context).json |= value


def _set_no_input(context: click.Context, _: click.Parameter, value: bool) -> None:
    settings(context).no_input |= value


class LateOption(click.Option):
    """An option whose help is put into words when it is shown: the language is not known when the program is loaded."""

    def __init__(self, *args: Any, help: str, **kwargs: Any) -> None:  # noqa: A002 - click's name
        super().__init__(*args, **kwargs)
        self.help = help


def global_options(*, shown: bool) -> list[click.Parameter]:
    """Return the options of every command; the help of a single command shows only `--json`."""
    return [
        # Its value was read before: see meshnode/cli/language.py.
        LateOption(["--language"], metavar="TAG", expose_value=False, hidden=not shown, help=text.LANGUAGE),
        LateOption(
            ["--home"],
            metavar="DIR",
            expose_value=False,
            is_eager=True,
            callback=_set_home,
            hidden=not shown,
            help=text.HOME,
        ),
        LateOption(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_json,
            help=text.JSON,
        ),
        LateOption(
            ["--no-input"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_no_input,
            hidden=not shown,
            help=text.NO_INPUT,
        ),
    ]


class WithExamples(click.Command):
    """A command whose help ends with examples."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples of the command, and what click writes after the options."""
        from meshnode.text.examples import EXAMPLES, HEADING

        with formatter.section(HEADING):
            for line in EXAMPLES[ctx.command_path.partition(" ")[2]]:
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")
        super().format_epilog(ctx, formatter)


class Command(WithExamples):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {name for each in self.params for name in each.opts}
        self.params.extend(each for each in global_options(shown=False) if taken.isdisjoint(each.opts))


class CommandGroup(WithExamples, click.Group):
    """Commands under one name, such as `cell new`; the group takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(shown=False))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with the whole first sentence of each."""
        with formatter.section(text.COMMANDS):
            formatter.write_dl(_rows(self, ctx, self.list_commands(ctx)))


def _rows(group: click.Group, ctx: click.Context, names: Iterable[str]) -> list[tuple[str, str]]:
    commands = ((name, group.get_command(ctx, name)) for name in names)
    return [(name, command.get_short_help_str(WHOLE_SENTENCE)) for name, command in commands if command is not None]


class LazyGroup(WithExamples, click.Group):
    """A group that knows its commands by name, and imports only the one that is called.

    `table` maps a heading to names, and each name to the module that defines a command of that name.
    """

    def __init__(self, *args: Any, table: dict[str, dict[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(shown=True))
        self._table = table
        self._modules = {name: module for names in table.values() for name, module in names.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the table."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command `cmd_name`; None if there is no such command."""
        module = self._modules.get(cmd_name)
        if module is None:
            return None
        found = getattr(import_module(module), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed; the error for an unknown one names those that read alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self._modules, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings, with the whole first sentence of each."""
        for heading, names in self._table.items():
            with formatter.section(text.HEADINGS[heading]):
                formatter.write_dl(_rows(self, ctx, names))


class Trust(click.ParamType[float]):
    """A trust above 0 and up to 1, in steps of a thousandth."""

    name = "0..1"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 < number <= 1:
            from meshnode.text import errors

            self.fail(errors.not_a_trust(value), param, ctx)
        return number


class Amount(click.ParamType[float]):
    """A quantity with at most three decimals: 3, 2.5, or 2,5 as many people write it."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. One comma is a decimal comma, except before three digits: 1,000 may be a thousand."""
        if isinstance(value, (int, float)):
            return value
        whole, comma, decimals = str(value).strip().partition(",")
        typed = f"{whole}.{decimals}" if comma and len(decimals) < 3 else str(value).strip()
        if not typed.isascii() or not typed.replace(".", "", 1).isdigit() or not 0 < float(typed) <= AMOUNT_MAX:
            from meshnode.text import errors

            self.fail(errors.not_an_amount(value), param, ctx)
        return float(typed)


class Span(click.ParamType[int]):
    """A length of time: 30m, 12h, 7d or 2w; the value is in seconds."""

    name = "7d"
    units: ClassVar = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        if isinstance(value, int):
            return value
        count, unit = str(value)[:-1], str(value)[-1:].lower()
        if unit not in self.units or not count.isascii() or not count.isdigit() or len(count) > 6 or int(count) == 0:
            from meshnode.text import errors

            self.fail(errors.not_a_span(value), param, ctx)
        return int(count) * self.units[unit]


def named(what: str, value: str) -> str:
    """Return the name or id that was typed; Usage where it is empty, since an empty beginning would fit everything.

    `what` is a key of SAY_WHICH.
    """
    if not value.strip():
        from meshnode.text import errors

        raise Usage(errors.SAY_WHICH[what], errors.NAMED_HINT)
    return value
