"""`backup` and `restore`: everything that makes up a node in one sealed file, and a new computer made from it."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from meshnode.cli import apart, output
from meshnode.cli.asking import agreed
from meshnode.cli.command import Answer, Settings, command
from meshnode.cli.passphrase import VARIABLE, asked, chosen, given
from meshnode.cli.program import as_typed
from meshnode.errors import Failed, MeshnodeError, Refused, Usage
from meshnode.text import backups as text
from meshnode.text import node as node_text
from meshnode.text.passphrase import new_hint, not_text

if TYPE_CHECKING:
    from meshnode.node import Decision

LOST, LIVES = "lost", "lives"
COMMENT = "#"  # begins the lines that age-keygen writes above a secret key


def _show_state(reply: dict[str, Any]) -> None:
    output.say_lines(text.state(reply))


@command("backup", about=text.BACKUP_HELP, show=_show_state)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--to", "recipients", multiple=True, metavar="KEY", help=text.BACKUP_TO)
@click.option("--passphrase", is_flag=True, help=text.BACKUP_PASSPHRASE)
@click.option("--new-key", is_flag=True, help=text.BACKUP_NEW_KEY)
def backup(call: Settings, file: Path | None, recipients: tuple[str, ...], passphrase: bool, new_key: bool) -> Any:
    client = apart.client(call)
    if passphrase and (recipients or new_key):
        raise Usage(text.ONE_WAY, text.ONE_WAY_HINT)
    if new_key and file is not None and call.json:
        raise Usage(text.ONE_ANSWER, text.ONE_ANSWER_HINT)  # the secret must be out before anything else can fail
    if new_key:
        former: list[str] = []
        with suppress(MeshnodeError):  # a list of keys that cannot be read is replaced
            former = client.get("/v1/backups")["keys"]
        reply = client.post("/v1/backup-keys", to=list(recipients))
        has_former = not set(former) <= set(reply["keys"])
        if file is None:
            return Answer(reply, lambda shown: _show_key(shown, has_former=has_former))
        _show_key(reply, has_former=has_former)
    elif file is None:
        if recipients or passphrase:
            raise Usage(text.NO_FILE, text.NO_FILE_HINT)
        return client.get("/v1/backups")
    if not passphrase and not recipients and not new_key and not client.get("/v1/backups")["keys"]:
        if not call.may_ask():
            raise Refused(text.NO_KEY, text.NO_KEY_HINT)
        passphrase = True
    reply = _made(client, file, recipients, _new_passphrase(call) if passphrase else None)
    say = output.note if new_key else output.say  # what goes to a file is the secret key alone

    def show(_: Any) -> None:
        for line in text.made(reply, file):
            say(line)

    return Answer(reply, show)


def _made(client: Any, file: Path, recipients: tuple[str, ...], passphrase: str | None) -> dict[str, Any]:
    """Have a backup made, put a passphrase on it here where one was chosen, and put it in its place."""
    from meshnode import backup

    secret, public = backup.new_key() if passphrase is not None else ("", "")
    reply: dict[str, Any] = client.post_long("/v1/backups", to=[public] if passphrase is not None else list(recipients))
    waiting = Path(reply["file"])
    try:
        if passphrase is not None:
            backup.with_passphrase(waiting, secret, passphrase)
        backup.copy_private(waiting, file)
    except OSError as error:
        raise Failed(text.cannot_write(file, error.strerror)) from error
    finally:
        waiting.unlink(missing_ok=True)
    return reply | {"file": str(file.absolute()), "bytes": file.stat().st_size}


def _show_key(reply: dict[str, Any], *, has_former: bool) -> None:
    if reply["secret"] is not None:
        output.note(text.SECRET_SHOWN)
        output.say(reply["secret"])
        output.note(text.SECRET_ONCE)
    output.note(text.KEY_SET)
    for key in reply["keys"]:
        output.note(f"  {key}")
    if has_former:
        output.note(text.FORMER_KEY)


def _new_passphrase(call: Settings) -> str:
    if call.may_ask():
        return chosen(text.ASK_NEW_PASSPHRASE)
    return _line_of_input()


@command("restore", about=text.RESTORE_HELP)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help=text.RESTORE_DRY_RUN)
@click.option("--old-lost", is_flag=True, help=text.RESTORE_OLD_LOST)
@click.option("--old-lives", is_flag=True, help=text.RESTORE_OLD_LIVES)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=text.RESTORE_KEY)
def restore(call: Settings, file: Path, dry_run: bool, old_lost: bool, old_lives: bool, key: Path | None) -> Any:
    if old_lost and old_lives:
        raise Usage(text.BOTH_FATES, text.BOTH_FATES_HINT)
    home = call.chosen_home()
    if home.has_node and not dry_run:
        raise Refused(node_text.node_exists(home.path), node_text.NODE_EXISTS_HINT)
    from meshnode import node

    secret = _secret(call, file, key)
    if dry_run:
        shown = _shown(node.look_into_backup(file, secret))
        return Answer(shown, lambda _: output.say_lines(text.contents(shown)))
    fate = LOST if old_lost else LIVES if old_lives else None
    decided: list[Decision] = []

    def decide(manifest: Any) -> Decision:
        shown = _shown(manifest)
        if not call.json:
            for line in text.contents(shown):
                output.note(line)
        lost = fate == LOST or (fate is None and call.may_ask() and agreed(text.ASK_LOST))
        decided.append(node.Decision(lost, _passphrase_inside(call, manifest)))
        return decided[0]

    done = node.restore(home, file, secret, decide)
    old = LOST if decided[0].old_lost else LIVES
    reply = {**_shown(done.manifest), "home": str(home.path), "old": old, "renewed": done.renewed}

    def show(_: Any) -> None:
        output.say_lines(text.restored(reply))
        if done.renewed:
            output.say(node_text.start(as_typed(call)))

    return Answer(reply, show)


def _shown(manifest: Any) -> dict[str, Any]:
    """Return what a backup says of itself, as `backup` prints it."""
    facts = to_builtins(manifest)
    counts, size = facts.pop("counts"), sum(one["bytes"] for one in facts.pop("files").values())
    return {**facts, "bytes": size, "records": [{"kind": kind, "count": count} for kind, count in counts.items()]}


def _secret(call: Settings, file: Path, key: Path | None) -> str:
    try:
        file.open("rb").close()
        if key is not None:
            return key.read_text("utf-8")
    except OSError as error:
        raise Usage(text.cannot_read(key or file, error.strerror)) from error
    except UnicodeDecodeError:
        raise Usage(not_text(str(key)), text.NO_SECRET_HINT) from None
    if call.may_ask():
        return asked(text.ASK_SECRET)
    from meshnode import backup

    return _line_of_input() if backup.wants_passphrase(file) else _line_of_input(comments=COMMENT)


def _line_of_input(comments: str = "") -> str:
    """Return the first line of standard input; with `comments`, the first one that does not begin with that sign."""
    line = sys.stdin.readline()
    while comments and line.startswith(comments):
        line = sys.stdin.readline()
    line = line.rstrip("\r\n")
    if not line:
        raise Usage(text.NO_SECRET, text.NO_SECRET_HINT)
    return line


def _passphrase_inside(call: Settings, manifest: Any) -> str | None:
    """Return the passphrase that the home in a backup needs, or its identity key alone, which can do without."""
    if manifest.identity != "sealed":
        return None
    found, is_encrypted = given(call), manifest.is_encrypted
    if found is not None:
        return found
    if not call.may_ask():
        if is_encrypted:
            raise Usage(text.HOME_ENCRYPTED, new_hint(VARIABLE))
        return None
    return asked(text.ASK_HOME) if is_encrypted else asked(text.ASK_IDENTITY, empty=True) or None
