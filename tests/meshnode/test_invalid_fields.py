"""A value that a field may not have is refused in the language of the person who typed it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import protocol
from meshnode.errors import not_allowed
from meshnode.text import fields
from meshnode.text.catalog import LANGUAGES, speaking
from protocol import InvalidField, Listing, check_text, limits

SALT = bytes(16)
PROTOCOL = Path(protocol.__file__).parent
# The words of `protocol/text.py` that stand in a table, and the files whose values nobody types: they come from bytes.
TABLES = {"_REASONS", "MISPLACED"}
FROM_BYTES = {
    "letters/contents.py",
    "letters/handover.py",
    "letters/key_share.py",
    "records/device.py",
    "records/join.py",
    "records/letter.py",
    "tokens/card.py",
    "tokens/device_code.py",
    "tokens/token.py",
}
NEVER_TYPED = {
    "must be a list",
    "must be a list that is not empty",
    "must be a number of thousandths",
    "must be a time",
    "must be a whole number",
    "must be an H3 cell of resolution 4, 6, 8 or 12",
    "must be one that there is",
    "must be two words of the list",
    "must ascend",
    "must name a person's key",
    "must not name anybody twice",
    "belong to an ask or an acceptance",
    "belong to an ask, or to an acceptance after a change",
    "belongs to a refusal or a cancellation",
}


def said_by_the_protocol() -> Iterator[str]:
    """Yield the templates of all reasons for which a field is refused, but for those that only bytes can meet."""
    for path in sorted(PROTOCOL.rglob("*.py")):
        if str(path.relative_to(PROTOCOL)) in FROM_BYTES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = {"InvalidField": 1, "TextFault": 0, "_to_delete": 0}.get(node.func.id)
                if first is not None and len(node.args) > first:
                    yield from _texts(node.args[first])
            elif (
                isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in TABLES
            ):
                yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):  # an f-string has no template, so it is for values that only bytes can have
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_every_reason_is_translated_or_never_typed() -> None:
    said = set(said_by_the_protocol())
    listed = set(map(str, fields.REASONS))
    assert not listed & NEVER_TYPED
    assert said - listed - NEVER_TYPED == set()
    assert listed - said == set(), "nobody says these any longer"


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
@pytest.mark.parametrize(
    "typed",
    [
        lambda: check_text("title", "", limits.TITLE_MAX, shortest=1),
        lambda: check_text("title", "a" * 999, limits.TITLE_MAX),
        lambda: check_text("message", "a\x07", limits.MESSAGE_MAX, lines=True),
        lambda: check_text("name", "a\nb", limits.NAME_MAX),
        lambda: Listing("offer", "Bread", quantity=-1, salt=SALT),
        lambda: Listing("offer", "Bread", tags=("a", "a"), salt=SALT),
        lambda: Listing("offer", "Bread", language="?", salt=SALT),
        lambda: Listing("offer", "Bread", category="cars", salt=SALT),
    ],
)
def test_a_refusal_has_no_english_in_another_language(tag: str, typed: Callable[[], object]) -> None:
    with pytest.raises(InvalidField) as refused:
        typed()
    english = str(not_allowed(refused.value))
    assert english == str(refused.value)
    with speaking(tag):
        theirs = str(not_allowed(refused.value))
    assert " must " in english
    assert " must " not in theirs
    assert theirs != english
