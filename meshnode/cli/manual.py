"""`man`: writes manual pages from the help of the commands, so that `man meshnode-offer` shows what `--help` does.

The pages have no date: two calls of one version write the same files. The form is man(7) of groff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from meshnode import __version__
from meshnode.cli import output
from meshnode.cli.command import WHOLE_SENTENCE, Settings, command
from meshnode.text import manual as text
from meshnode.text.examples import EXAMPLES, HEADING

PROGRAM = "meshnode"
SECTION = 1  # programs that users call
SPECIAL = re.compile(r"[\\.'-]")


def _show_written(reply: dict[str, Any]) -> None:
    output.say(text.written(reply["directory"], len(reply["pages"])))


@command("man", about=text.MAN_HELP, show=_show_written)
@click.argument("directory", metavar="DIR")
def man(_: Settings, directory: str) -> Any:
    program = click.get_current_context().find_root().command
    goal = Path(directory).expanduser()
    goal.mkdir(parents=True, exist_ok=True)
    pages = []
    for context in _contexts(click.Context(program, info_name=PROGRAM)):
        name = f"{_page(context)}.{SECTION}"
        (goal / name).write_text("\n".join(_lines(context)) + "\n", encoding="utf-8")
        pages.append(name)
    return {"directory": str(goal), "pages": sorted(pages)}


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield a context for the command of this one and for all commands in it."""
    yield context
    for inner in _inner(context):
        yield from _contexts(inner)


def _inner(context: click.Context) -> list[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [click.Context(each, context, info_name=name) for name, each in found if each is not None]


def _page(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _lines(context: click.Context) -> Iterator[str]:
    """Yield the lines of a page."""
    called, page = context.command, _page(context)
    yield f'.TH {_plain(page.upper())} {SECTION} "" "{PROGRAM} {__version__}" "{text.MANUAL}"'
    yield f".SH {text.NAME}"
    yield f"{_plain(page)} \\- {_plain(called.get_short_help_str(WHOLE_SENTENCE).rstrip('.'))}"
    yield f".SH {text.SYNOPSIS}"
    yield f"\\fB{_plain(context.command_path)}\\fR {_plain(' '.join(called.collect_usage_pieces(context)))}"
    yield f".SH {text.DESCRIPTION}"
    for paragraph in (called.help or "").split("\n\n"):
        yield from (".PP", _plain(" ".join(paragraph.split())))
    yield f".SH {text.OPTIONS}"
    for parameter in called.get_params(context):
        described = parameter.get_help_record(context)
        if described is not None and described[1]:
            yield from (".TP", f"\\fB{_plain(described[0])}\\fR", _plain(described[1]))
    inner = _inner(context)
    if inner:
        yield f".SH {text.COMMANDS}"
    for each in inner:
        about = each.command.get_short_help_str(WHOLE_SENTENCE)
        yield from (".TP", f"\\fB{_plain(_page(each))}\\fR({SECTION})", _plain(about))
    yield f".SH {HEADING.upper()}"
    for line in EXAMPLES[context.command_path.partition(" ")[2]]:
        yield from (".PP", ".nf", _plain(line), ".fi")
    if context.parent is not None:
        yield f".SH {text.SEE_ALSO}"
        yield f"\\fB{_plain(_page(context.parent))}\\fR({SECTION})"


def _plain(words: str) -> str:
    """Return text that groff shows as it is: a backslash, or a dot or quote that begins a line, would be a command."""
    return SPECIAL.sub(lambda found: {"\\": "\\e", "-": "\\-", ".": "\\&.", "'": "\\(aq"}[found[0]], words)
