"""The catalogs have every sentence, and are read as gettext writes them: Babel finds the same in them.

`scripts/languages` writes the catalogs and lists what is missing.
"""

from __future__ import annotations

from typing import Any

import pytest
from babel.messages.pofile import read_po

from meshnode.text import translations
from meshnode.text.catalog import LANGUAGES
from tests.support.sentences import CATALOGS, sentences, unmarked

OTHERS = [tag for tag in LANGUAGES if tag != "en"]


@pytest.mark.parametrize("tag", OTHERS)
def test_babel_reads_the_same(tag: str) -> None:
    for path in sorted((CATALOGS / tag).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=tag)
        theirs: set[tuple[Any, Any]] = set()
        for one in catalog:
            string: Any = one.string
            if one.id:
                theirs.add((one.id[1], tuple(string)) if isinstance(one.id, tuple) else (one.id, (string,)))
        ours = {entry for entry in translations.entries(path.read_text(encoding="utf-8")) if entry[0]}
        assert ours == theirs, path


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('msgid "a"\nmsgstr "b"\n', [("a", ("b",))]),
        ('msgid ""\n"a\\n"\n"b"\nmsgstr "c \\"d\\" \\\\n"\n', [("a\nb", ('c "d" \\n',))]),
        ('# note\n#, fuzzy\nmsgid "1"\nmsgid_plural "n"\nmsgstr[0] "x"\nmsgstr[1] "y"\n', [("n", ("x", "y"))]),
        ('#~ msgid "gone"\n#~ msgstr "weg"\n', []),
        ("", []),
    ],
)
def test_an_entry_is_read(written: str, read: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(translations.entries(written)) == read


def entries(tag: str) -> dict[str, tuple[str, ...]]:
    """Return every entry of a language, the empty ones too."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((CATALOGS / tag).glob("*.po")):
        found.update(translations.entries(path.read_text(encoding="utf-8")))
    found.pop("", None)
    return found


@pytest.mark.parametrize("tag", OTHERS)
def test_every_sentence_is_translated(tag: str) -> None:
    known = entries(tag)
    missing = [f"{found.where}: {found.one!r}" for found in sentences() if not all(known.get(found.key, ("",)))]
    assert not missing, "scripts/languages puts them into the catalogs; translate them there\n" + "\n".join(missing)


@pytest.mark.parametrize("tag", OTHERS)
def test_no_catalog_has_a_sentence_that_nobody_says(tag: str) -> None:
    left = set(entries(tag)) - {found.key for found in sentences()}
    assert not left, f"scripts/languages takes them out: {sorted(left)}"


def test_no_sentence_is_put_together_before_it_is_looked_up() -> None:
    assert not unmarked(), "\n" + "\n".join(unmarked())


def test_a_plural_is_looked_up_by_its_english_plural_so_each_has_one_singular() -> None:
    singulars: dict[str, set[str]] = {}
    for found in sentences():
        if found.many:
            singulars.setdefault(found.many, set()).add(found.one)
    assert not {many: ones for many, ones in singulars.items() if len(ones) > 1}
    assert not {found.one for found in sentences() if not found.many} & set(singulars)
