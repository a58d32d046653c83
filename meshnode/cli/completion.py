"""`completion`, and completion in bash with every name quoted.

Click hands names to bash as they are, and bash puts them into the command line: a name with a space would become two
words, and one with `$(...)` a command. Every character that is not a plain letter is therefore quoted, in the style in
which the word was begun. zsh and fish quote what they are given.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.cli.language import COMPLETION_VARIABLE
from meshnode.text import program as text

SHELLS = ("bash", "zsh", "fish")

_SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Completion for bash that quotes every name."""

    source_template = _SCRIPT

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return one line of the answer to bash."""
        words = os.environ.get("COMP_WORDS", "").split("\n")
        typed = words[int(os.environ.get("COMP_CWORD", "0")) :][:1]
        return f"{item.type},{quoted(str(item.value), typed[0] if typed else '')}"


def quoted(value: str, typed: str) -> str:
    """Return `value` quoted for bash's command line, where the word `typed` was begun."""
    if typed.startswith("'"):
        return value.replace("'", "'\\''")
    if typed.startswith('"'):
        return re.sub(r'(["$`\\])', r"\\\1", value).replace("!", '"\\!"')
    return re.sub(r"([^\w@%+./-])", r"\\\1", value)


def use_own_bash() -> None:
    """Make click complete in bash with the class above."""
    add_completion_class(Bash)


def _show_script(reply: dict[str, Any]) -> None:
    output.script(reply["script"])


@command("completion", about=text.COMPLETION_HELP, show=_show_script)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def completion(_: Settings, shell: str | None) -> Any:
    chosen = shell or _own_shell()
    use_own_bash()
    script = get_completion_class(chosen)
    assert script is not None, "one of SHELLS"
    program = click.get_current_context().find_root().command
    return {"shell": chosen, "script": script(program, {}, "meshnode", COMPLETION_VARIABLE).source()}


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    return name if name in SHELLS else "bash"
