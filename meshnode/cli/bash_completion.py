"""Completion in bash, where click's own would hand over names as they are.

What bash is given it puts into the command line, so a name with a blank would become two words, and one with `$(...)` a
command. Everything that is no plain letter is therefore quoted, in the way in which the word was begun. zsh and fish quote by
themselves what they are given.
"""

from __future__ import annotations

import os
import re
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

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
    """bash, with every name quoted."""

    source_template = _SCRIPT

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """One line of the answer."""
        words = os.environ.get("COMP_WORDS", "").split("\n")
        typed = words[int(os.environ.get("COMP_CWORD", "0")) :][:1]
        return f"{item.type},{quoted(str(item.value), typed[0] if typed else '')}"


def quoted(value: str, typed: str) -> str:
    """`value` as it can stand in bash's command line, going on from the word `typed` so far."""
    if typed.startswith("'"):
        return value.replace("'", "'\\''")
    if typed.startswith('"'):
        return re.sub(r'(["$`\\])', r"\\\1", value).replace("!", '"\\!"')
    return re.sub(r"([^\w@%+./-])", r"\\\1", value)


def teach() -> None:
    """Have click use it."""
    add_completion_class(Bash)
