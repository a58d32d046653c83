"""Fills the templates of messages, in the language of this call.

English is the language of the templates themselves. Those of the others are looked up in `meshnode/languages`, where
docs/languages.md describes them. The language belongs to the context (`speaking`): the daemon answers each caller in the
caller's, and whatever it does by itself in the one in which it was started.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

ENGLISH = "en"
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "tr": "Türkçe",
    "ar": "العربية",
}
"""The languages by their tag, each by its own name."""
FROM_RIGHT = frozenset({"ar"})  # written from right to left
DECIMAL_COMMA = frozenset({"de", "es", "fr", "tr"})

FIRST_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"  # around words whose direction may be another (Unicode TR 9)
_DIRECTIONS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)
_begun: dict[str, dict[str, tuple[str, ...]]] = {}
"""Translations from the catalogs of the files of texts that are loaded: a short call needs no others."""
_read: set[tuple[str, str]] = set()
"""Which catalogs these are, by language and file."""
_catalogs: dict[str, Mapping[str, tuple[str, ...]]] = {}
"""All translations of a language, as soon as one was needed that is in no catalog read before."""


def _arabic(count: int) -> int:
    if count < 3:
        return count
    last = count % 100
    return 3 if 3 <= last <= 10 else 4 if last >= 11 else 5


_PLURAL_FORMS: dict[str, Callable[[int], int]] = {"fr": lambda count: int(count > 1), "ar": _arabic}
"""Which form a count takes, where it is otherwise than in English. A test compares them with those of Unicode (CLDR)."""


def language() -> str:
    """Return the tag of the language of this call."""
    return _language.get()


def speak(tag: str) -> None:
    """Say everything in this language for the rest of this context. Raises KeyError for an unknown one."""
    _language.set(_known(tag))


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Say everything in this language inside the block. Raises KeyError for an unknown one."""
    before = _language.set(_known(tag))
    try:
        yield
    finally:
        _language.reset(before)


def _known(tag: str) -> str:
    if tag not in LANGUAGES:
        raise KeyError(tag)
    return tag


def direction() -> str:
    """Return how the language of this call is written, as HTML names it: `ltr` or `rtl`."""
    return "rtl" if _language.get() in FROM_RIGHT else "ltr"


def decimal_mark() -> str:
    """Return what stands before the decimals of a number for people."""
    return "," if _language.get() in DECIMAL_COMMA else "."


def message(template: str, /, **values: object) -> str:
    """Return `template` in the language of this call, with its named placeholders filled.

    Braces in the values are left as they are. Without values, the language is that of the moment when the sentence is
    shown (`Sentence`), so that a module can hold it as a constant.
    """
    if not values:
        return Sentence(template)
    return translation(template).format(**_isolated(values))


def plural(count: int, one: str, many: str, /, **values: object) -> str:
    """Return the form of the sentence that this count takes, filled with the values and with the count as `n`.

    English has `one` for a count of 1 and `many` for every other.
    """
    return form(count, one, many).format(n=count, **_isolated(values))


def translation(template: str) -> str:
    """Return `template` in the language of this call, with its placeholders as they are."""
    found = _found(template)
    return found[0] if found else template


def form(count: int, one: str, many: str) -> str:
    """Return the form of the sentence that this count takes, with its placeholders as they are."""
    found = _found(many)
    if not found:
        return one if count == 1 else many
    return found[min(_PLURAL_FORMS.get(_language.get(), _english)(count), len(found) - 1)]


class Sentence(str):
    """A sentence without values, which is shown in the language of the call that shows it.

    As data it is the English text: in comparisons, as a key, and in JSON. Everything that makes a text of it, such as
    `str`, an f-string or one of the methods of texts, makes the translation. `str.join` alone takes the English: give it
    `map(str, ...)`.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return translation(str.__str__(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __radd__(self, before: str) -> str:
        return before + str(self)


def _translated(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    def call(self: Sentence, /, *args: Any, **kwargs: Any) -> Any:
        return method(str(self), *args, **kwargs)

    return call


for _name in dir(str):
    if not _name.startswith("_") or _name in (
        "__add__",
        "__getitem__",
        "__iter__",
        "__len__",
        "__mod__",
        "__contains__",
    ):
        setattr(Sentence, _name, _translated(_name))


def _english(count: int) -> int:
    return int(count != 1)


def _found(template: str) -> tuple[str, ...]:
    """Return the translation of a template, in all its forms; nothing in English, or where there is none."""
    tag = _language.get()
    if tag == ENGLISH or not template:
        return ()
    whole = _catalogs.get(tag)
    if whole is None:
        from meshnode.text import translations

        begun = _begun.setdefault(tag, {})
        if template not in begun:
            for name in [name for name in _loaded() if (tag, name) not in _read]:
                begun.update(translations.load(tag, (name,), isolated=tag in FROM_RIGHT))
                _read.add((tag, name))
                if template in begun:
                    break
        if template in begun:
            return begun[template]
        whole = _catalogs[tag] = translations.load(tag, isolated=tag in FROM_RIGHT)
    return whole.get(template, ())


def _loaded() -> list[str]:
    """Return the names of the files of texts that are loaded, each of which has its own catalog; the last one first."""
    package = __name__.rpartition(".")[0] + "."
    return [name.removeprefix(package) for name in reversed(list(sys.modules)) if name.startswith(package)]


def _isolated(values: Mapping[str, object]) -> Mapping[str, object]:
    """Return the values, each in its own direction: a name from the left stays whole in a sentence from the right."""
    if _language.get() not in FROM_RIGHT:
        return values
    return {
        name: isolate(value) if isinstance(value, str) and not isinstance(value, Sentence) else value
        for name, value in values.items()
    }


def isolate(words: str) -> str:
    """Return words that change no direction around them."""
    return f"{FIRST_ISOLATE}{words.translate(_DIRECTIONS)}{POP_ISOLATE}"
