"""The catalogs are read as gettext writes them: Babel, which writes them, finds the same in them."""

from __future__ import annotations

import pytest
from babel.messages.pofile import read_po

from meshnode.text import translations
from meshnode.text.catalog import LANGUAGES
from tests.support.sentences import CATALOGS

OTHERS = [tag for tag in LANGUAGES if tag != "en"]


@pytest.mark.parametrize("tag", OTHERS)
def test_babel_reads_the_same(tag: str) -> None:
    for path in sorted((CATALOGS / tag).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=tag)
        theirs = {
            (one.id[1], tuple(one.string)) if isinstance(one.id, tuple) else (one.id, (one.string,))
            for one in catalog
            if one.id
        }
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
