"""If everything is lost, on the page: words are shown and checked, friends are chosen, and one helps a friend."""

from __future__ import annotations

import re

import pytest

from meshnode.app.recovery.words import is_confirmed
from meshnode.recovery.words import words_of
from protocol import person_text
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def press(browser: PlainBrowser, page: Page, button: str, **fields: str) -> Page:
    """Press this button, of whichever form of the page it is."""
    form = next(form for form in page.forms if button in form.buttons)
    pressed = form.buttons[button]
    values = form.fields | fields | ({pressed[0]: pressed[1]} if pressed is not None else {})
    return await browser.post(form.action, values)


async def test_the_words_are_shown_when_asked_for_and_three_of_them_are_checked(browsers: Browsers) -> None:
    alice = browsers[0]
    replica = alice.context.replica
    assert replica.identity is not None
    words = words_of(replica.identity.seed)
    page = await alice.get("/recovery")
    assert not any(f">{word}<" in page.html for word in words)
    assert "Write them on paper" in page.text
    shown = await press(alice, page, "Show the words")
    assert re.findall(r"<li>(\w+)</li>", shown.html) == list(words)
    places = [int(place) for place in re.findall(r'name="word-(\d+)"', shown.html)]
    wrong = await press(alice, shown, "They are written down", **{f"word-{one}": "zoo" for one in places})
    assert "is another one" in wrong.text
    assert not is_confirmed(replica)
    right = {f"word-{place}": words[place - 1] for place in places}
    page = await press(alice, shown, "They are written down", **right)
    assert "Your recovery words are written down." in page.text
    assert is_confirmed(replica)
    assert "Your recovery words" not in (await alice.get("/")).text


async def test_home_reminds_kindly_until_they_are_written_down(browsers: Browsers) -> None:
    home = await browsers[0].get("/")
    assert home.links["Your recovery words"] == "/recovery"
    assert "Write them on paper." in home.text


async def test_friends_are_chosen_after_it_was_said_what_they_could_do_and_help_on_their_own_word(
    mesh: Mesh, browsers: Browsers
) -> None:
    alice, bob, carol = browsers
    people = {f"friend-{person_text(one.context.replica.me)}": "on" for one in (alice, carol)}
    asked = await press(bob, await bob.get("/recovery"), "Let them keep it", need="2", **people)
    assert "together can act as you" in asked.text
    page = await press(bob, asked, "Yes, do it")
    assert "Alice has not received it yet" in page.text
    mesh.settle()
    mesh.advance(1)
    asked = await press(alice, await alice.get("/recovery"), "This friend has lost everything")
    assert "only in person" in asked.text
    held = alice.context.replica.store.key_shares.of(bob.context.replica.me)
    assert held is not None
    assert held.words.split()[5] not in asked.text
    shown = await press(alice, asked, "Yes, do it")
    assert re.findall(r"<li>(\w+)</li>", shown.html) == held.words.split()
    page = await press(bob, await bob.get("/recovery"), "Let them delete it")
    assert "Alice has not received it yet" not in page.text
    mesh.settle()
    mesh.advance(1)
    assert "This friend has lost everything" not in (await alice.get("/recovery")).text


async def test_what_is_wrong_with_a_choice_is_said_above_the_form(browsers: Browsers) -> None:
    bob = browsers[1]
    page = await bob.get("/recovery")
    refused = await press(bob, page, "Let them keep it", need="x")
    assert refused.status == 400
    assert "2 to 16 friends" in refused.text


@pytest.mark.parametrize(("done", "said"), [("friends", True), ("items", False), ("__class__", False), ("", False)])
async def test_only_what_was_done_is_said_to_be_done(browsers: Browsers, done: str, said: bool) -> None:
    page = await browsers[1].get(f"/recovery?done={done}")
    assert ('class="done"' in page.html) is said


async def test_each_act_says_that_it_is_done(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, carol = browsers
    people = {f"friend-{person_text(one.context.replica.me)}": "on" for one in (alice, carol)}
    asked = await press(bob, await bob.get("/recovery"), "Let them keep it", need="2", **people)
    page = await press(bob, asked, "Yes, do it")
    assert "Your friends get their shares by message." in page.text
    page = await press(bob, page, "Let them delete it")
    assert "Your friends are told to delete their shares." in page.text


async def test_friends_who_cannot_keep_it_lead_to_the_field_of_friends(browsers: Browsers) -> None:
    bob = browsers[1]
    refused = await press(bob, await bob.get("/recovery"), "Let them keep it", need="2")
    assert refused.status == 400
    (anchor,) = re.findall(r'<strong id="problem"><a href="#([^"]+)">', refused.html)
    assert re.search(rf'<input type="checkbox" name="friend-[^>]* id="{anchor}"', refused.html)
