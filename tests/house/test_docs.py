"""What the pages name exists: links lead somewhere, commands are there, and change fragments have their form."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from tests.house.markdown import code_in, cut_by_wrapping, without_code_blocks
from tests.house.source_tree import ROOT, files

CHANGES = ROOT / "docs" / "changes"
KINDS = ("added", "changed", "fixed", "removed", "security")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)|(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)
# `scripts/meshnode --home A add ...`, `"$(meshnode --home B card)"`: global options first, then the command. A string
# that begins with the word, such as the protocol's "meshnode record id v1", is no call.
CALL = re.compile(r"(?<!\")(?<!-u )\bmeshnode((?: +--home +\S+| +--json| +--no-input)*) +([a-z][a-z-]*)([^)|;&#\n]*)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]+)")


def pages() -> list[Path]:
    """Return all pages except those of the tests."""
    return [path for path in files(".md") if "tests" not in path.relative_to(ROOT).parts]


def anchors(page: Path) -> set[str]:
    """Return the headings of a page in the form that links use."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(page.read_text())}


def shown(page: Path) -> str:
    """Return the page's path, for the test's name."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for match in LINK.finditer(without_code_blocks(page.read_text())):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        goal = (page.parent / name).resolve() if name else page
        if not goal.is_relative_to(ROOT) or not goal.exists() or (anchor and anchor not in anchors(goal)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_tables_and_lists_are_what_the_writer_meant(page: Path) -> None:
    assert not cut_by_wrapping(page.read_text())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("| a | b |\n|---|---|\n| any\n> one | x |\n", "line 3: a row of a table that does not begin and end with |"),
        ("| a | b |\n|---|---|\n| x | y | z |\n", "line 3: a row of 3 cells in a table of 2"),
        ("| a | b |\n|---|---|\n| x | y |\n\n| z | z |\n", "line 5: a row outside of a table"),
        ("Numbers are at most 2^53\n- 1}, and so on.\n", "line 2: a list in the middle of a paragraph"),
        (
            "- numbers are at most 2^53, and sums\n  of x\n  + y\n",
            "line 3: a list in the middle of a paragraph",
        ),
        ("A place of\n1. no consequence\n", "line 2: a list in the middle of a paragraph"),
        ("Less than\n> 5\n", "line 2: a quotation in the middle of a paragraph"),
        ("A sentence\n---\n", "line 1: a heading by a line below it"),
    ],
)
def test_what_wrapping_cuts_is_found(text: str, fault: str) -> None:
    assert fault in cut_by_wrapping(text)


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|---|\n| `x \\| y` | z |\n",
        "These:\n- one\n- two\n",
        "- one\n  - within\n\ntext\n",
        "```\n| no table\n- no list\n```\n",
        "- one that\n  goes on\n- two\n",
    ],
)
def test_what_is_meant_is_not_held_against_anybody(text: str) -> None:
    assert not cut_by_wrapping(text)


def test_the_readme_leads_to_every_page_of_the_docs() -> None:
    reached: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        reached.add(page)
        for match in LINK.finditer(without_code_blocks(page.read_text())):
            goal = (page.parent / (match[1] or match[2]).partition("#")[0]).resolve()
            if goal.suffix == ".md" and goal.exists() and goal not in reached:
                todo.append(goal)
    docs = [page for page in pages() if page.is_relative_to(ROOT / "docs")]
    lost = [shown(page) for page in docs if page not in reached and not is_fragment(page)]
    assert not lost, "no path of links leads there from README.md"


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_command_in_the_docs_exists(page: Path) -> None:
    commands = the_cli()
    wrong = []
    for match in CALL.finditer(code_in(page.read_text())):
        name, rest = match[2], match[3]
        command = commands.get(name)
        if command is None:
            wrong.append(match[0])
            continue
        if isinstance(command, click.Group):
            inner = command.commands.get(rest.split()[0]) if rest.split() else None
            command = inner or command
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        known |= {"--help", "--home", "--json", "--no-input"}
        wrong += [f"{name} {option}" for option in OPTION.findall(rest) if option not in known]
    assert not wrong


def the_cli() -> dict[str, click.Command]:
    """Return the commands of the program, by name."""
    module = importlib.import_module("meshnode.cli.commands")
    groups = [value for value in vars(module).values() if isinstance(value, click.Group)]
    assert len(groups) == 1, "meshnode/cli/commands.py has one group, the program itself"
    context = click.Context(groups[0], info_name="meshnode")
    found = {name: groups[0].get_command(context, name) for name in groups[0].list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def is_fragment(page: Path) -> bool:
    """Whether the page is a change fragment."""
    return page.parent == CHANGES and page.name != "README.md"


@pytest.mark.parametrize("page", [page for page in pages() if is_fragment(page)], ids=shown)
def test_a_change_fragment_is_named_for_its_kind_and_speaks_in_sentences(page: Path) -> None:
    assert re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md", page.name)
    text = page.read_text()
    assert text == text.strip() + "\n"
    assert len(text) <= 600
    assert "\n\n" not in text, "one paragraph"
    assert text[0].isupper()
    assert text.rstrip().endswith(".")
    assert not text.startswith("#")


def test_towncrier_knows_the_same_kinds_of_fragments() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    assert ROOT / config["directory"] == CHANGES
    assert sorted(kind["directory"] for kind in config["type"]) == sorted(KINDS)


def test_a_draft_of_the_changes_holds_every_fragment() -> None:
    draft = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    fragments = [page for page in pages() if is_fragment(page)]
    assert fragments
    assert not [shown(page) for page in fragments if page.read_text().splitlines()[0] not in draft]
