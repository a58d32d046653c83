"""What stands in the catalogs of the languages can be filled and typed as the English can.

`scripts/languages` writes the catalogs and lists what is missing. docs/languages.md says how a sentence is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest

from meshnode.cli.commands import TABLE
from meshnode.text import translations
from meshnode.text.catalog import ENGLISH, LANGUAGES
from tests.support.sentences import CATALOGS, ROOT, Found, sentences

OTHERS = [tag for tag in LANGUAGES if tag != ENGLISH]
FORMS = {"de": 2, "es": 2, "fr": 2, "tr": 1, "ar": 6}
COMMANDS = "|".join(name for names in TABLE.values() for name in names)
TYPED = re.compile(
    rf"meshnode (?:cell|community|device|peer|watch|share|clock) [a-z]+|meshnode (?:{COMMANDS})\b|--[a-z-]+"
    r"|\b[A-Z]{3,}(?:,[A-Z]+)?\b"
)
MAY_BE_ANOTHER = {"JSON", "API", "TCP", "UTF", "TOML", "JPEG", "PNG", "HEIC", "DNS", "HOST", "PORT", "QR", "LAT,LON"}


@cache
def entries(tag: str) -> dict[str, tuple[str, ...]]:
    """Return every entry of a language, the empty ones too."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((CATALOGS / tag).glob("*.po")):
        found.update(translations.entries(path.read_text(encoding="utf-8")))
    found.pop("", None)
    return found


def translated(tag: str) -> Iterator[tuple[Found, tuple[str, ...]]]:
    """Yield the sentences that are translated, with all forms of their translation."""
    known = entries(tag)
    for found in sentences():
        forms = known.get(found.key, ())
        if any(forms):
            yield found, forms


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a template, with how each is written out."""
    return {f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("tag", OTHERS)
def test_placeholders_agree(tag: str) -> None:
    wrong = []
    for found, forms in translated(tag):
        needed = placeholders(found.key) - {"n:"}
        for form in forms:
            given = placeholders(form)
            if given - {"n:"} != needed or ("n:" in given and "{n}" not in found.key):
                wrong.append(f"{found.where}: {form}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("tag", OTHERS)
def test_plurals_have_every_form_and_the_last_one_says_how_many(tag: str) -> None:
    wrong = [
        f"{found.where}: {forms}"
        for found, forms in translated(tag)
        if len(forms) != (FORMS[tag] if found.many else 1)
        or not all(forms)
        or (found.many and "{n}" in found.many and "{n}" not in forms[-1])
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_french_singular_says_how_many_since_none_takes_it_too() -> None:
    assert not [forms for found, forms in translated("fr") if found.many and re.search(r"\b1\b", forms[0])]


@pytest.mark.parametrize("tag", OTHERS)
def test_commands_options_and_the_words_for_values_stay_as_they_are_typed(tag: str) -> None:
    wrong = [
        f"{found.where}: {word} is not in {form!r}"
        for found, forms in translated(tag)
        for form in forms
        for word in set(TYPED.findall(found.key)) - MAY_BE_ANOTHER
        if word not in form
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("tag", OTHERS)
def test_spaces_columns_paragraphs_and_markup_stay(tag: str) -> None:
    def shape(text: str) -> tuple[object, ...]:
        indent = len(text) - len(text.lstrip(" "))
        return indent, text.count("|"), text.count("\n"), text.count("<"), text.endswith(" ")

    wrong = [
        f"{found.where}: {form!r}"
        for found, forms in translated(tag)
        for form in forms
        if shape(form) != shape(found.key)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_doubtful(tag: str) -> None:
    doubtful = [
        path.relative_to(ROOT)
        for path in (CATALOGS / tag).glob("*.po")
        if re.search(r"^#,.*fuzzy|^#~", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert not doubtful
