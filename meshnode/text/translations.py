"""Reads the catalogs of a language: the files `meshnode/languages/TAG/*.po`, in the format of gettext.

They are read as they are, without a compiled copy that could be older than they, and each no sooner than it is needed. Babel reads them too (scripts/languages),
and is no part of a running node: importing it takes longer than a whole command may. A test compares the two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator

DIRECTORY = os.path.join(
    os.path.dirname(os.path.dirname(__file__)), "languages"
)  # as text: see meshnode/cli/daily/__init__.py
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
# A command or an option inside a sentence from the right is read from the left.
_COMMAND = r"'[^']*(?:meshnode|--)[^']*'|meshnode(?: [a-z{}]+| [A-Z,]+| --[a-z-]+)*|--[a-z-]+(?: [A-Z,]+)?"
_FROM_LEFT, _POP = "\u2066", "\u2069"


def load(tag: str, names: Container[str] | None = None, *, isolated: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the translations of a language by their template, with all forms of a plural by its English plural.

    With `names`, only the catalogs of these files of `meshnode/text` are read. With `isolated`, commands in them are set
    apart, so that they are read from the left. Untranslated ones are left out.
    """
    found = {}
    directory = os.path.join(DIRECTORY, tag)
    for file in sorted(os.listdir(directory)):
        name, _, kind = file.rpartition(".")
        if kind != "po" or (names is not None and name not in names):
            continue
        with open(os.path.join(directory, file), encoding="utf-8") as catalog:
            content = catalog.read()
        for template, forms in entries(content):
            if template and all(forms):
                found[template] = tuple(map(_apart, forms)) if isolated else forms
    return found


def entries(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each template of a catalog (of a plural, the English plural) with its translation in all forms."""
    parts: dict[str, list[str]] = {}
    name = ""
    for written in (*text.split("\n"), "msgid "):
        line = written
        if written.startswith("msg"):
            name, _, line = written.partition(" ")
            if name == "msgid":
                yield from _entry(parts)
                parts = {}
            parts[name] = []
        if line.startswith('"'):
            parts[name].append(line[1:-1])


def _entry(parts: dict[str, list[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    texts = {name: _text("".join(lines)) for name, lines in parts.items()}
    if "msgid" in texts:
        template = texts.get("msgid_plural", texts["msgid"])
        yield template, tuple(text for name, text in texts.items() if name.startswith("msgstr"))


def _text(written: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), written) if "\\" in written else written


def _apart(sentence: str) -> str:
    return re.sub(_COMMAND, lambda found: f"{_FROM_LEFT}{found[0]}{_POP}", sentence)
