"""All commands by way of click: their table, and how every error becomes one line and an exit code.

0 done, 1 failed, 2 wrong usage, 3 not found or not visible, 4 no daemon, 5 refused, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.client import Refusal
from meshnode.cli.command import LateOption, LazyGroup, Settings
from meshnode.cli.language import COMPLETION_VARIABLE
from meshnode.cli.request import AskedAlready
from meshnode.errors import MeshnodeError, of_system
from meshnode.text import program as text
from meshnode.text.catalog import ENGLISH, language

INTERRUPTED = 130  # as a shell reports a death by SIGINT
USAGE = 2
FAILED = 1

TABLE = {
    "node": {
        "init": "meshnode.cli.init",
        "run": "meshnode.cli.run",
        "service": "meshnode.cli.service",
        "open": "meshnode.cli.page",
        "page": "meshnode.cli.phones",
        "subscriptions": "meshnode.cli.subscriptions",
        "status": "meshnode.cli.status",
        "peers": "meshnode.cli.status",
        "clock": "meshnode.cli.clock",
        "peer": "meshnode.cli.peer",
        "sync": "meshnode.cli.sync",
        "events": "meshnode.cli.events",
        "doctor": "meshnode.cli.status",
        "demo": "meshnode.cli.demo",
        "passphrase": "meshnode.cli.passphrase",
        "version": "meshnode.cli.program",
        "completion": "meshnode.cli.completion",
        "man": "meshnode.cli.manual",
    },
    "devices": {
        "device": "meshnode.cli.devices",
        "recovery": "meshnode.cli.recovery",
    },
    "people": {
        "card": "meshnode.cli.cards",
        "add": "meshnode.cli.cards",
        "meet": "meshnode.cli.meetings",
        "people": "meshnode.cli.people",
        "person": "meshnode.cli.people",
        "name": "meshnode.cli.yourself",
        "me": "meshnode.cli.yourself",
        "introduce": "meshnode.cli.introductions",
        "introductions": "meshnode.cli.introductions",
        "vouch": "meshnode.cli.people",
        "unvouch": "meshnode.cli.people",
        "why": "meshnode.cli.why",
        "block": "meshnode.cli.blocks",
        "unblock": "meshnode.cli.blocks",
        "blocks": "meshnode.cli.blocks",
    },
    "groups": {
        "cell": "meshnode.cli.groups",
        "community": "meshnode.cli.groups",
    },
    "sharing": {
        "share": "meshnode.cli.sharing",
        "pause": "meshnode.cli.pause",
        "resume": "meshnode.cli.pause",
        "audience": "meshnode.cli.preview",
    },
    "listings": {
        "offer": "meshnode.cli.listings",
        "need": "meshnode.cli.listings",
        "mine": "meshnode.cli.listings",
        "show": "meshnode.cli.listings",
        "edit": "meshnode.cli.listings",
        "photo": "meshnode.cli.post_photos",
        "renew": "meshnode.cli.lifecycle",
        "close": "meshnode.cli.lifecycle",
        "withdraw": "meshnode.cli.lifecycle",
    },
    "finding": {
        "discover": "meshnode.cli.discover",
        "news": "meshnode.cli.news",
        "watch": "meshnode.cli.watch",
        "hide": "meshnode.cli.hiding",
    },
    "exchanges": {
        "respond": "meshnode.cli.exchanges",
        "inbox": "meshnode.cli.exchanges",
        "accept": "meshnode.cli.exchanges",
        "decline": "meshnode.cli.exchanges",
        "done": "meshnode.cli.exchanges",
        "returned": "meshnode.cli.exchanges",
        "cancel": "meshnode.cli.exchanges",
        "say": "meshnode.cli.exchanges",
        "exchanges": "meshnode.cli.exchanges",
        "stats": "meshnode.cli.stats",
    },
    "data": {
        "carry": "meshnode.cli.parcels",
        "export": "meshnode.cli.export",
        "backup": "meshnode.cli.backups",
        "restore": "meshnode.cli.backups",
        "wipe": "meshnode.cli.wipe",
    },
}


OPTIONS = {"available_until": "until", "expires_in": "expires", "radius_km": "radius"}
"""What commands call a part of a request where it is otherwise than in JSON: the names of their parameters."""


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    """Do as the command `version` does. The option is not eager, so that `--json` counts wherever it is typed."""
    if value:
        from meshnode.cli.program import version

        context.invoke(version)
        context.exit()


@click.command(
    "meshnode",
    cls=LazyGroup,
    table=TABLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    help=text.PROGRAM_HELP,
    epilog=text.PROGRAM_EPILOG,
)
@click.option(
    "--version", cls=LateOption, is_flag=True, expose_value=False, callback=_show_version, help=text.VERSION_HELP
)
def meshnode() -> None:
    """The group of all commands; it does nothing itself."""


def run(arguments: list[str], *, unknown_language: str = "", asked: AskedAlready | None = None) -> int:
    """Run a command in the language of this call and return the exit code.

    `unknown_language` was asked for in vain; what is `asked` already is not asked again.
    """
    if language() != ENGLISH:
        from meshnode.cli import click_words

        click_words.translate()
    if unknown_language:
        output.note(text.unknown_language(unknown_language))
    if COMPLETION_VARIABLE in os.environ:
        from meshnode.cli import completion

        completion.use_own_bash()
    return _invoke(arguments, Settings(asked))


def _invoke(arguments: list[str], call: Settings) -> int:
    try:
        ended = meshnode.main(arguments, prog_name="meshnode", standalone_mode=False, obj=call)
    except click.exceptions.NoArgsIsHelpError as error:
        if _wants_json(arguments, call):
            from meshnode.text import errors

            hint = errors.see_help(error.ctx.command_path)
            return _report({"code": "usage", "message": errors.NO_COMMAND, "hint": hint}, call, USAGE)
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        from meshnode.text import errors

        _wants_json(arguments, call)
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "meshnode"
        return _report(
            {"code": "usage", "message": error.format_message().rstrip("."), "hint": errors.see_help(command)},
            call,
            USAGE,
        )
    except SystemExit:
        return 0  # click is done: the reader of the pipe has gone, or the shell has its completions
    except (click.Abort, KeyboardInterrupt):
        if sys.stderr.isatty():
            output.note("")  # leave the line of the question that was not answered
        return INTERRUPTED
    except Refusal as error:
        return _report(error.reply, call, error.code)
    except MeshnodeError as error:
        _wants_json(arguments, call)
        candidates = list(getattr(error, "candidates", ()))
        field = error.field and error.field.value
        reply = {
            "code": error.word,
            "message": error.message,
            "hint": error.hint,
            "candidates": candidates,
            "field": field,
        }
        return _report(reply, call, error.exit_code)
    except BrokenPipeError:
        raise
    except OSError as error:
        from meshnode.text import errors

        if error.filename:
            message = errors.unusable_file(error.filename, error.strerror)
        else:
            message = errors.refused_by_system(error.strerror)
        return _report({"code": "failed", "message": message, "hint": of_system(error).hint}, call, FAILED)
    return ended if isinstance(ended, int) else 0


def _wants_json(words: list[str], call: Settings) -> bool:
    """Note and return whether --json is among the arguments: where one of them is wrong, click reads no others."""
    if "--json" in words[: words.index("--") if "--" in words else len(words)]:
        call.json = True
    return call.json


def _report(reply: dict[str, Any], call: Settings, code: int) -> int:
    """Print on standard error what is wrong and what to do next, in one line, and return the exit code."""
    if call.json:
        import json

        output.note(
            json.dumps(
                {"error": {"code": "failed", "message": "", "hint": "", "candidates": [], "field": None, **reply}}
            )
        )
    else:
        from meshnode.text import errors

        message, hint = str(reply.get("message", "")), str(reply.get("hint", ""))
        option = _option(call, reply.get("field")) if code == USAGE else None
        is_named = not option or option.strip("-").replace("-", " ") in f"{message} {hint}".casefold()
        where = "" if is_named else f"{option}: "
        output.note(f"meshnode: {where}{errors.line(message, hint)}")
    return code


def _option(call: Settings, field: str | None) -> str | None:
    """Return the option of the command that was called for a part of a request; None if it has none."""
    return call.options.get(field or "") or call.options.get(OPTIONS.get(field or "", ""))
