"""Leaves out of a phone's pages the forms that phones may not send, whatever template they are in.

The markup is our own, and what others wrote is escaped in it, so that a form is a form.
"""

from __future__ import annotations

import re

from markupsafe import escape

from meshnode.text import phones as text
from meshnode.web.rights import OF_PHONES, RIGHTS

_FORM = re.compile(r'<form method="post" action="([^"]*)"[^>]*>.*?</form>', re.DOTALL)
_OF_EVERYBODY = frozenset({"/sign-out", "/language"})


def phone_may_send(action: str) -> bool:
    """Whether a phone may send a form to this address."""
    return action in _OF_EVERYBODY or any(
        method == "POST" and right in OF_PHONES and _leads_to(action, path) for (method, path), right in RIGHTS.items()
    )


def without_forms_of_the_computer(page: str) -> str:
    """Return the page without the forms that phones may not send; one sentence says where they are."""
    said = False

    def shown(form: re.Match[str]) -> str:
        nonlocal said
        if phone_may_send(form[1]):
            return form[0]
        sentence = "" if said else f'<p class="help">{escape(text.MORE_ON_COMPUTER)}</p>'
        said = True
        return sentence

    return _FORM.sub(shown, page)


def _leads_to(action: str, path: str) -> bool:
    """Whether an address is one of those declared as `path`."""
    beginning, named, _ = path.partition("{")
    return action.startswith(beginning) and len(action) > len(beginning) if named else action == path
