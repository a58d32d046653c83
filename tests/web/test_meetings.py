"""Meeting somebody nearby on the page: a code is shown, another one typed, and what has come of it is said."""

from __future__ import annotations

import re

from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def press(browser: PlainBrowser, button: str, **fields: str) -> Page:
    """Press the button that only one form of the page has."""
    page = await browser.get("/meet")
    form = next(form for form in page.forms if button in form.buttons)
    name = form.buttons[button]
    return await browser.post(form.action, form.fields | fields | (dict([name]) if name else {}))


def code_on(page: Page) -> str:
    """Return the code that the page shows."""
    found = re.search(r"<pre[^>]*>([0-9]+-[a-z]+-[a-z]+)</pre>", page.html)
    assert found
    return found[1]


async def test_two_people_meet_by_a_code_that_is_said_aloud(browsers: Browsers) -> None:
    alice, _, carol = browsers
    people = await alice.get("/people")
    assert people.links["Meet somebody nearby"] == "/meet"
    shown = await press(alice, "Show a code")
    code = code_on(shown)
    carol.network.shower = alice.context.replica
    typed = await press(carol, "Connect", words=code.replace("-", " "), know="0.9")
    assert "You trust Alice (0.9)." in typed.text
    after = await alice.get("/meet")
    assert "Carol has typed the code. You and Carol are connected." in after.text
    assert code not in after.text


async def test_wrong_words_are_said_on_both_pages(browsers: Browsers) -> None:
    alice, _, carol = browsers
    code = code_on(await press(alice, "Show a code"))
    number, first, second = code.split("-")
    carol.network.shower = alice.context.replica
    wrong = f"{number}-{second}-{first}" if first != second else f"{number}-acorn-zipper"
    typed = await press(carol, "Connect", words=wrong)
    assert typed.status == 409
    assert "not the words that the other computer shows" in typed.text
    assert "Somebody typed other words" in (await alice.get("/meet")).text


async def test_where_nobody_shows_a_code_the_page_says_so_and_keeps_what_was_typed(browsers: Browsers) -> None:
    alice, *_ = browsers
    page = await press(alice, "Connect", words="7-falcon-teapot")
    assert "nobody nearby shows this code" in page.text.casefold()
    assert 'value="7-falcon-teapot"' in page.html


async def test_the_words_of_a_second_computer_are_beside_its_code(browsers: Browsers) -> None:
    alice, *_ = browsers
    page = await alice.send(await alice.get("/devices"), "/devices", "Make a code", name="Pi")
    assert re.search(r"meshnode device join [0-9]+-[a-z]+-[a-z]+", page.text)
