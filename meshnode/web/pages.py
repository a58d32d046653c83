"""Fills the templates of the page. Whatever they show is escaped, and what other people wrote is set apart from the rest.

Templates get what the API would answer, as JSON has it, and the same texts as the command line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from meshnode.local import schema
from meshnode.text import (
    backups,
    choices,
    connecting,
    devices,
    discover,
    forms,
    groups,
    meetings,
    node,
    page_groups,
    page_node,
    page_people,
    page_recovery,
    page_sharing,
    parcels,
    passphrase,
    pause,
    people,
    recovery,
    sharing,
    why,
)
from meshnode.text import page as text
from meshnode.text.catalog import LANGUAGES, direction, language, message, plural

DIRECTORY = Path(__file__).parent
OF_SUBJECTS = {
    "of_backups": backups,
    "of_cards": connecting,
    "of_devices": devices,
    "of_discover": discover,
    "of_groups": groups,
    "of_meetings": meetings,
    "of_node": node,
    "of_parcels": parcels,
    "of_passphrase": passphrase,
    "of_pause": pause,
    "of_people": people,
    "of_recovery": recovery,
    "of_sharing": sharing,
    "of_why": why,
    "groups_text": page_groups,
    "node_text": page_node,
    "people_text": page_people,
    "recovery_text": page_recovery,
    "sharing_text": page_sharing,
}
"""Texts by the names that templates call them: those of commands begin with `of_`, those of the page alone end with `_text`."""


def plain(view: Any) -> Any:
    """Return the answer of a use case as JSON has it."""
    return json.loads(schema.dump(view))


def theirs(words: str) -> Markup:
    """Return words that a person wrote, so that they are read in their own direction and change nothing around them."""
    return Markup("<bdi>{}</bdi>").format(words)


def their_lines(words: str) -> Markup:
    """Return such words over several lines."""
    lines = Markup("<br>").join(escape(line) for line in words.split("\n"))
    return Markup('<span class="said" dir="auto">{}</span>').format(lines)


def day_field(seconds: int | None) -> str:
    """Return a time as the value of a date field, by this computer's calendar."""
    return "" if seconds is None else time.strftime("%Y-%m-%d", time.localtime(seconds))


class Pages:
    """The templates, loaded once."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(DIRECTORY / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            {
                "_": message,
                "n_": plural,
                "text": text,
                "choices": choices,
                "forms": forms,
                "day_field": day_field,
                "languages": LANGUAGES,
                "language": language,
                "direction": direction,
            }
        )
        self._environment.globals.update(OF_SUBJECTS)
        self._environment.filters.update({"theirs": theirs, "their_lines": their_lines})

    def fill(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the page of this template."""
        return self._environment.get_template(name).render(values)
