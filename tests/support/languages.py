"""Brings the catalogs of all languages up to date with the source, and lists what is left to translate (scripts/languages).

Sentences that are new get an empty entry, and those that are no longer said lose theirs. What was translated stays.
"""

from __future__ import annotations

import io
import sys
from collections import defaultdict

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from meshnode.text import translations
from meshnode.text.catalog import ENGLISH, LANGUAGES
from tests.support.sentences import CATALOGS, ROOT, Found, sentences

HEADER = """# {part}: sentences of meshnode in {language}. docs/languages.md says how they are kept.
msgid ""
msgstr ""
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
PLURALS = {
    "tr": "nplurals=1; plural=0;",
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=0 && n%100<=2 ? 4 : 5);",
}
"""How many forms a plural has, and which a count takes, in the format of gettext. Versions of Babel say different things."""
AS_IN_ENGLISH = "nplurals=2; plural=(n != 1);"


def main() -> int:
    """Write the catalogs; print, and return as the exit code, whether anything is missing."""
    missing = {tag: write(tag) for tag in LANGUAGES if tag != ENGLISH}
    for tag, left in missing.items():
        for found in left:
            say(f"{CATALOGS.relative_to(ROOT)}/{tag}/{found.catalog}.po: {found.where}: {found.one!r}")
    for tag, left in missing.items():
        say(f"{tag} ({LANGUAGES[tag]}): {len(left)} of {len(sentences())} sentences are not translated")
    return int(any(missing.values()))


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")


def write(tag: str) -> list[Found]:
    """Write the catalogs of one language, and return the sentences that it lacks."""
    known: dict[str, tuple[str, ...]] = {}
    for path in sorted((CATALOGS / tag).glob("*.po")):
        known.update(translations.entries(path.read_text(encoding="utf-8")))
    parts: dict[str, list[Found]] = defaultdict(list)
    for found in sentences():
        parts[found.catalog].append(found)
    for path in (CATALOGS / tag).glob("*.po"):
        if path.stem not in parts:
            path.unlink()
    for part, all_of_it in parts.items():
        _write_part(tag, part, all_of_it, known)
    return [found for found in sentences() if not all(known.get(found.key, ("",)))]


def _write_part(tag: str, part: str, founds: list[Found], known: dict[str, tuple[str, ...]]) -> None:
    plurals = PLURALS.get(tag, AS_IN_ENGLISH)
    catalog = Catalog()
    catalog.mime_headers = [("Plural-Forms", plurals)]
    for found in founds:
        forms = known.get(found.key, ())
        if found.many:
            empty = ("",) * catalog.num_plurals
            catalog.add((found.one, found.many), forms if len(forms) == catalog.num_plurals else empty)
        else:
            catalog.add(found.one, forms[0] if forms else "")
    written = io.BytesIO()
    write_po(written, catalog, width=0, omit_header=True, no_location=True)
    header = HEADER.format(part=part, language=LANGUAGES[tag], tag=tag, plurals=plurals)
    path = CATALOGS / tag / f"{part}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + _without_flags(written.getvalue().decode()).strip() + "\n", encoding="utf-8")


def _without_flags(text: str) -> str:
    """Return a catalog without the flags for other kinds of placeholders, which only look like ours."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#,"))


if __name__ == "__main__":
    sys.exit(main())
