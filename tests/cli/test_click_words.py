"""The words of Click in the languages of the owners: all that a command can say, and the answers yes and no."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from meshnode.cli import asking
from meshnode.text import command_line
from meshnode.text.catalog import LANGUAGES, speaking
from tests.cli.village import meshnode

OTHERS = [tag for tag in LANGUAGES if tag != "en"]
MODULES = ("core", "exceptions", "formatting", "parser", "decorators", "termui", "types")
NEVER_SAID = {
    "main() catches these itself": {"Aborted!", "Could not open file {filename!r}: {message}", "unknown error"},
    "nothing here is deprecated or read from variables": {
        "deprecated",
        "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
        "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}",
        "env var: {var}",
    },
    "errors of the one who writes a command": {
        "Value must be an iterable.",
        "Could not determine name for option with declarations {decls!r}",
        (
            "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? "
            "Did you mean to pass '--{name}'?"
        ),
        "Arguments take exactly one parameter declaration, got {length}: {decls}.",
        "Name '{name}' defined twice",
        "Boolean option {decl!r} cannot use the same flag for true/false.",
        "Invalid start character for option ({option})",
        "Unknown color {colour!r}",
    },
    "parameters of kinds that no command has": {
        "Choice({choices})",
        "file",
        "path",
        "{value!r} does not match the formats {formats}.",
        "{value!r} is not a valid boolean. Recognized values: {states}",
        "{value!r} is not a valid UUID.",
        "{name} {filename!r} is a directory.",
        "{name} {filename!r} is not executable.",
        "{name} {filename!r} does not exist.",
    },
    "questions of Click's own that no command asks": {
        "Press any key to continue...",
        "Do you want to continue?",
        "Confirm the action without prompting.",
        "%(prog)s, version %(version)s",
        "Show the version and exit.",
    },
}


def asked_for() -> set[str]:
    """Return every text that Click's modules ask gettext for; of a plural, that of many."""
    spec = find_spec("click")
    assert spec is not None
    assert spec.origin is not None
    found = {"required"}  # asked for by a name
    for module in MODULES:
        for node in ast.walk(ast.parse(Path(spec.origin).with_name(f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                argument = node.args[node.func.id == "ngettext"]
                if isinstance(argument, ast.Constant):
                    found.add(str(argument.value))
    return found


def test_every_text_of_click_is_translated_or_never_said() -> None:
    translated = {*command_line.WORDS, *(many for _, many in command_line.PLURALS)}
    never = set[str]().union(*NEVER_SAID.values())
    assert not translated & never
    assert translated | never == asked_for()


@pytest.mark.parametrize("tag", OTHERS)
def test_help_has_no_word_of_clicks_english(tag: str) -> None:
    english, theirs = (
        subprocess.run(
            [sys.executable, "-m", "meshnode", "--language", each, "exchanges", "--help"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for each in ("en", tag)
    )
    for word in ("Usage:", "Options:", "Show this message and exit."):
        assert word in english
        assert (word in theirs) == (tag == "fr" and word == "Options:"), word


@pytest.mark.parametrize("tag", OTHERS)
@pytest.mark.parametrize(
    ("words", "english"),
    [
        (["nothing-like-it"], "No such command"),
        (["discver"], "Did you mean"),
        (["news", "--bogus"], "No such option"),
        (["discover", "--category", "cars"], "Invalid value for .* is not one of"),
        (["events", "--count", "0"], "is not in the range"),
        (["events", "--count", "x"], "is not a valid integer"),
        (["discover", "--category"], "requires an argument"),
        (["news", "--json=1"], "does not take a value"),
        (["status", "now", "please"], "Got unexpected extra arguments"),
        (["show"], "Missing argument"),
        (["cell"], "Usage:"),
    ],
)
def test_an_error_of_the_command_line_has_no_word_of_clicks_english(tag: str, words: list[str], english: str) -> None:
    assert re.search(english, meshnode("--language", "en", *words).err)
    theirs = meshnode("--language", tag, *words)
    assert theirs.err
    assert not re.search(english, theirs.err)


@pytest.mark.parametrize(
    ("tag", "typed", "said"),
    [
        ("en", "y", True),
        ("en", "Yes", True),
        ("en", "", False),
        ("en", "no", False),
        ("de", "j", True),
        ("de", "Ja", True),
        ("de", "yes", True),
        ("de", "NEIN", False),
        ("es", "sí", True),
        ("es", "si", True),
        ("fr", "o", True),
        ("fr", "non", False),
        ("tr", "EVET", True),
        ("tr", "HAYIR", False),
        ("tr", "hayır", False),
        ("ar", "نعم", True),
        ("ar", "لا", False),
    ],
)
def test_yes_and_no_are_understood_in_the_language_and_in_english(
    tag: str, typed: str, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: typed)
    with speaking(tag):
        assert asking.agreed("?") is said


def test_anything_else_is_asked_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = iter(["perhaps", "jain", "j"])
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: next(typed))
    with speaking("de"):
        assert asking.agreed("Weiter?")
    assert capsys.readouterr().err.count("antworte mit ja oder nein") == 2
