"""Leads from the sentence that says what is wrong with a form to the field that it is about, as GOV.UK's pattern has it.

The sentence stands first on the page and has the focus; it is a link to the field, which is marked as wrong and described
by it. The markup is our own, and what others wrote is escaped in it, so that a form is a form and a field a field.
"""

from __future__ import annotations

import re

from meshnode.errors import Field

SUMMARY = "problem"  # the id of the sentence, in `base.html`
NAMES: dict[Field, tuple[str, ...]] = {
    Field.AVAILABLE_UNTIL: ("until",),
    Field.EXPIRES_IN: ("days",),
    Field.FRIENDS: ("friend-",),
    Field.GROUPS: ("group-",),
    Field.PERSON: ("person", "person-"),
    Field.PHOTOS: tuple(f"{what}{number}" for what in ("photo", "words") for number in range(1, 5)),
    Field.PLACE: ("place", "audience"),
    Field.RADIUS: ("radius",),
    Field.TRUST: ("trust", "know"),
    Field.WORDS: ("q", "words"),
}
"""What the fields of forms are called where it is otherwise than in JSON; the first of them that a form has is meant.

One that ends in a hyphen begins the names of several."""

_FORM = re.compile(r'<form method="(?:post|get)" action="([^"]*)".*?</form>', re.DOTALL)
_CONTROL = re.compile(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]*)"[^>]*>')
_ID, _DESCRIBED = re.compile(r'\bid="([^"]*)"'), re.compile(r'\baria-describedby="')
_SENTENCE = re.compile(rf'<strong id="{SUMMARY}">(.*?)</strong>', re.DOTALL)


def pointed_out(page: str, action: str, field: Field) -> str:
    """Return the page with its problem linked to that field of a form that goes to `action`.

    A page whose forms have no such field stays as it is.
    """
    forms = [(form.start(), form[0]) for form in _FORM.finditer(page) if form[1] == action]
    for name in NAMES.get(field, (field.value,)):
        for start, form in forms:
            control = next((one for one in _CONTROL.finditer(form) if _is(one, name)), None)
            if control is not None:
                marked, anchor = _marked(control[0], control[1])
                page = page[: start + control.start()] + marked + page[start + control.end() :]
                link = rf'<strong id="{SUMMARY}"><a href="#{anchor}">\1</a></strong>'
                return _SENTENCE.sub(link, page, count=1)
    return page


def _is(control: re.Match[str], name: str) -> bool:
    """Whether somebody can mend the field of this name in this control."""
    seen = 'type="hidden"' not in control[0]
    return seen and (control[1] == name or (name.endswith("-") and control[1].startswith(name)))


def _marked(control: str, name: str) -> tuple[str, str]:
    """Return a control marked as wrong, and its id, which it gets if it has none."""
    known = _ID.search(control)
    anchor = known[1] if known else f"wrong-{name}"
    more = ' aria-invalid="true"' + ("" if known else f' id="{anchor}"')
    if _DESCRIBED.search(control):
        control = _DESCRIBED.sub(f'aria-describedby="{SUMMARY} ', control, count=1)
    else:
        more += f' aria-describedby="{SUMMARY}"'
    return control[:-1].rstrip("/") + more + ">", anchor
