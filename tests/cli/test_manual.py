"""The manual pages say what the help of every command says, and hold nothing that groff would take for a command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from meshnode import __version__
from meshnode.cli.manual import _plain
from meshnode.text.examples import EXAMPLES
from tests.cli.test_help import COMMANDS
from tests.cli.village import Ran, meshnode

MACROS = {".TH", ".SH", ".PP", ".TP", ".nf", ".fi"}
SHOWN = {"\\e": "\\", "\\-": "-", "\\&.": ".", "\\(aq": "'", "\\fB": "", "\\fR": ""}
ESCAPE = re.compile(r"\\(?:e|-|&\.|\(aq|fB|fR)")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Return a directory with all pages, and how the command that wrote them ended."""
    directory = tmp_path_factory.mktemp("manual") / "new" / "man1"
    return directory, meshnode("man", str(directory), "--json")


def page(directory: Path, name: str) -> str:
    return (directory / f"{'-'.join(['meshnode', *name.split()])}.1").read_text(encoding="utf-8")


def as_shown(source: str) -> str:
    """Return the text of a page with its escapes as groff shows them."""
    return ESCAPE.sub(lambda found: SHOWN[found[0]], source)


def test_there_is_a_page_for_every_command(written: tuple[Path, Ran]) -> None:
    directory, ran = written
    assert (ran.code, ran.err) == (0, "")
    pages = sorted(f"{'-'.join(['meshnode', *name.split()])}.1" for name in COMMANDS)
    assert json.loads(ran.out) == {"directory": str(directory), "pages": pages}
    assert sorted(path.name for path in directory.iterdir()) == pages


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_page_says_what_the_help_says(written: tuple[Path, Ran], name: str) -> None:
    shown = as_shown(page(written[0], name))
    flowing = " ".join(shown.split())
    command = COMMANDS[name]
    assert f"meshnode {__version__}" in shown
    for paragraph in (command.help or "").split("\n\n"):
        assert " ".join(paragraph.split()) in flowing
    for parameter in command.params:
        for option in parameter.opts if not getattr(parameter, "hidden", False) else ():
            assert not option.startswith("--") or option in shown
    for line in EXAMPLES[name]:
        assert f".nf\n{line}\n.fi" in shown


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_page_holds_only_known_macros_and_escapes(written: tuple[Path, Ran], name: str) -> None:
    source = page(written[0], name)
    for line in source.splitlines():
        assert line.strip()
        assert line[0] not in ".'" or line.split()[0] in MACROS, line
    assert "\\" not in ESCAPE.sub("", source)


def test_text_that_looks_like_a_command_of_groff_stays_text() -> None:
    for words in (".so /etc/passwd", "'br", "a\\fBb", "--home DIR", "...", "it's"):
        assert as_shown(_plain(words)) == words
        assert _plain(words)[0] not in ".'"


def test_a_second_call_writes_the_same_pages(written: tuple[Path, Ran]) -> None:
    before = page(written[0], "offer")
    assert meshnode("man", str(written[0])).out.endswith(f" manual pages are in {written[0]}.\n")
    assert page(written[0], "offer") == before


def test_a_directory_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = meshnode("man", str(tmp_path / "file"))
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
