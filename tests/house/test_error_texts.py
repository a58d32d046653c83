"""Checks the texts of errors and problems that use cases raise: the page shows them too, and knows no commands.

What is wrong is said without any command or option. What to do next may name a command, if the page knows where it has
that step, or that it has none and a terminal is needed; an option is named only beside its command.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from meshnode.text.page_steps import IN_TERMINAL, STEPS, command_in, step
from meshnode.web.handlers import ADDRESSES
from tests.house.source_tree import is_within, module_name, nodes, python_files

OPTION = re.compile(r"(?:^|[\s'\"(])--[a-z]")
COMMAND = re.compile(r"\bmeshnode [a-z]+")
ERRORS = {"Failed", "Usage", "Ambiguous", "NotFound", "Refused", "Forbidden", "StorageFull"}
ASKS = {"Unconfirmed"}  # the page has a button where a command has --yes, and shows no hint of these
PROBLEMS = {"Problem", "_ill"}  # their texts follow a code
KINDS = "cell"  # stands for the kind of a group where a hint has a placeholder for it


def written(node: ast.expr) -> str:
    """Return the text of an expression as it stands in the source, with each placeholder as one word."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return KINDS
    if isinstance(node, ast.IfExp):
        return f"{written(node.body)} {written(node.orelse)}"
    return ""


def texts() -> Iterator[tuple[str, str, str]]:
    """Yield where each error or problem of a use case is made, its message and its hint."""
    for path in python_files("meshnode"):
        if not is_within(module_name(path), "meshnode.app"):
            continue
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name not in ERRORS | ASKS | PROBLEMS:
                continue
            first = 1 if name in PROBLEMS else 0
            said = [written(argument) for argument in node.args]
            message = said[first] if len(said) > first else ""
            at = first + (2 if name == "Ambiguous" else 1)
            hint = said[at] if len(said) > at and name not in ASKS else ""
            yield f"{module_name(path)}:{node.lineno}", message, hint


def test_there_is_much_to_check() -> None:
    found = list(texts())
    assert len(found) > 100
    assert sum(command_in(hint) is not None for _, _, hint in found) > 40


def test_what_is_wrong_is_said_without_commands_and_options() -> None:
    faults = [place for place, message, _ in texts() if OPTION.search(message) or COMMAND.search(message)]
    assert not faults, faults


def test_the_page_knows_the_step_of_every_command_that_a_hint_names() -> None:
    faults = []
    for place, _, hint in texts():
        command = command_in(hint)
        if command is not None and command not in STEPS and command not in IN_TERMINAL:
            faults.append(f"{place}: meshnode {command}")
    assert not faults, faults


def test_an_option_is_named_only_beside_its_command() -> None:
    faults = [place for place, _, hint in texts() if OPTION.search(hint) and command_in(hint) is None]
    assert not faults, faults


@pytest.mark.parametrize("command", sorted(STEPS))
def test_each_step_leads_to_a_page_that_is_there(command: str) -> None:
    found = step(f"do it: meshnode {command} NAME --yes")
    assert found == STEPS[command]
    assert found.address in {path for method, path, _ in ADDRESSES if method == "GET"}
    assert "meshnode" not in found.words
