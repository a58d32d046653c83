"""People on the page: the web drawn and as a table, one person, and what is shown before it is done."""

from __future__ import annotations

import pytest

from meshnode.app.people import cards
from protocol import person_text
from tests.app.neighbors import Neighbor, settle_in, story
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


def address(whom: PlainBrowser) -> str:
    return f"/people/{person_text(whom.context.replica.me)}"


async def press(browser: PlainBrowser, page: Page, button: str, **fields: str) -> Page:
    """Press the button that only one form of the page has."""
    form = next(form for form in page.forms if button in form.buttons)
    name = form.buttons[button]
    return await browser.post(form.action, form.fields | fields | (dict([name]) if name else {}))


async def test_the_web_is_drawn_and_the_same_is_there_as_a_table(browsers: Browsers) -> None:
    alice, bob, carol = browsers
    page = await alice.get("/people")
    assert "Your web of trust: 2 people" in page.text
    assert page.html.count("<line ") == 2
    assert "Bob: you trust them directly (0.7)" in page.text
    assert "Carol: 2 steps through Bob, trust 0.56" in page.text
    assert "Carol 2 Bob 0.56" in page.text
    assert "Bob 0.7 0.7 0.8 someone you trust" in page.text
    everybody = await alice.get(page.links["1 more is connected to you through trust"])
    assert "Carol 0.56 - - trusted friend of friend" in everybody.text
    assert page.links["Bob"] == address(bob)
    assert address(carol) in page.html


async def test_nobody_is_told_apart_from_an_empty_web(mesh: Mesh) -> None:
    lonely = PlainBrowser(mesh.add("Lonely").replica)
    await lonely.sign_in()
    page = await lonely.get("/people")
    assert "Nobody yet. Give somebody your card, or add theirs." in page.text
    assert "<svg" not in page.html


async def test_a_person_has_the_path_and_what_would_end_it(browsers: Browsers) -> None:
    alice, _, carol = browsers
    page = await alice.get(address(carol))
    assert "Alice -> Bob -> Carol (0.7 x 0.8 = 0.56)" in page.text
    assert "Carol -> Bob -> Alice (0.8 x 0.8 = 0.64)" in page.text
    assert "Bob no longer trusts Carol directly." in page.text
    assert "You or Carol block the other." in page.text
    assert page.status == 200


async def test_what_a_vouch_changes_is_shown_before_it_is_given(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    form = await alice.get("/post")
    await alice.send(form, "/post", "Post it", title="Ladder", audience="my_cell")
    page = await alice.get(address(carol))
    asked = await press(alice, page, "See what it changes", know="0.9")
    assert "Trust Carol (0.9)?" in asked.text
    assert "You do not trust Carol directly." in (await alice.get(address(carol))).text
    done = await press(alice, asked, "Yes, do it")
    assert "It is noted how well you know them." in done.text
    assert "You trust Carol (0.9)." in done.text
    taken = await press(alice, await press(alice, done, "Take back your trust"), "Yes, do it")
    assert "You no longer trust that person directly." in taken.text
    assert "You do not trust Carol directly." in (await alice.get(address(carol))).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "say how well you know them"),
        ({"know": "number", "trust": ""}, "say how well you know them"),
        ({"know": "number", "trust": "nan"}, "say how well you know them"),
        ({"know": "number", "trust": "2"}, "trust goes from 0.001 to 1"),
        ({"know": "number", "trust": "0"}, "trust goes from 0.001 to 1"),
        ({"know": "number", "trust": "0.12345"}, "at most three decimals"),
        ({"know": "-0.5"}, "trust goes from 0.001 to 1"),
    ],
)
async def test_a_wrong_trust_is_said_on_the_page(browsers: Browsers, fields: dict[str, str], said: str) -> None:
    alice, _, carol = browsers
    page = await alice.get(address(carol))
    for sure in ({}, {"sure": "1"}):
        form = page.forms[0].fields | {"act": "vouch"} | fields | sure
        form = {name: value for name, value in form.items() if name != "once"}
        answer = await alice.post(address(carol), form)
        assert answer.status == 400
        assert said in answer.text
        assert "How well do you know them?" in answer.text


async def test_a_number_is_a_vouch_too(browsers: Browsers) -> None:
    alice, _, carol = browsers
    page = await alice.get(address(carol))
    asked = await press(alice, page, "See what it changes", know="number", trust="0,35")
    assert "You trust Carol (0.35)." in (await press(alice, asked, "Yes, do it")).text


async def test_a_block_is_shown_first_then_made_listed_and_ended(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    form = await carol.get("/post")
    await carol.send(form, "/post", "Post it", title="Drill", audience="network_wide")
    mesh.settle()
    asked = await press(alice, await alice.get(address(carol)), "See what blocking changes")
    assert "Block Carol?" in asked.text
    assert "From Carol, you would stop seeing Drill" in asked.text
    assert "You block nobody." in (await alice.get("/blocks")).text
    blocked = await press(alice, asked, "Yes, do it")
    assert "That person is blocked." in blocked.text
    assert "Carol" in blocked.text
    assert (await alice.get(address(carol))).status == 404
    asked = await press(alice, blocked, "End the block")
    assert "End the block of Carol?" in asked.text
    assert "you would start seeing" in asked.text
    ended = await press(alice, asked, "Yes, do it")
    assert "You block nobody." in ended.text
    assert (await alice.get(address(carol))).status == 200


async def test_a_block_that_ends_an_agreement_needs_a_yes(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    form = await carol.get("/post")
    await carol.send(form, "/post", "Post it", title="Drill", audience="network_wide")
    mesh.settle()
    listing = await alice.get((await alice.get("/discover")).links["Drill"])
    asked = await press(alice, listing, "Ask for it")
    mesh.settle()
    talk = next(at for words, at in (await carol.get("/")).links.items() if "asks for your" in words)
    await press(carol, await carol.get(talk), "Accept")
    mesh.settle()
    asked = await press(alice, await alice.get(address(carol)), "See what blocking changes")
    again = await press(alice, asked, "Yes, do it")
    assert again.status == 409
    assert "an agreement with Carol is open" in again.text
    assert "meshnode block" not in again.text
    assert "You block nobody." in (await alice.get("/blocks")).text
    assert "That person is blocked." in (await press(alice, again, "Yes, do it", anyway="on")).text


async def test_your_own_name_for_a_person_is_shown_everywhere_and_can_end(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    page = await press(alice, await alice.get(address(bob)), "Call them so", name="Uncle Bob")
    assert "Your name for them is saved." in page.text
    assert "Their own name: Bob" in page.text
    assert "Uncle Bob" in (await alice.get("/people")).text
    page = await press(alice, page, "Show the name that they give themselves")
    assert "Uncle Bob" not in page.text
    wrong = await press(alice, page, "Call them so", name="")
    assert wrong.status == 400
    assert "name" in wrong.text


async def test_two_people_are_introduced(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, carol = browsers
    page = await press(bob, await bob.get(address(alice)), "Introduce them", message="You both garden")
    assert "choose the person to whom you introduce them" in page.text
    page = await press(bob, page, "Introduce them", other=person_text(carol.context.replica.me), message="You garden")
    assert "Your introduction is on its way." in page.text
    mesh.settle()
    assert "introduces" in (await carol.get("/")).text


async def test_what_others_read_about_you_is_changed(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    page = await alice.send(await alice.get("/me"), "/me", "Save", name="Alice", about="I bake.\nOn Fridays")
    assert "It is saved." in page.text
    mesh.settle()
    assert "I bake. On Fridays" in (await bob.get(address(alice))).text
    wrong = await alice.send(page, "/me", "Save", name="")
    assert wrong.status == 400


async def test_people_whose_names_look_alike_are_told_apart(mesh: Mesh) -> None:
    alice, bob, carol = story(mesh)
    twin = Neighbor(mesh.add("Carol the second"), carol.catalog)
    bob.add(cards.make(twin.replica, cards.CardOrder(), [("127.0.0.1", 1)]).text, 0.8)
    mesh.wire("Bob", "Carol the second")
    mesh.settle()
    browser = PlainBrowser(alice.replica)
    await browser.sign_in()
    twins = PlainBrowser(twin.replica)
    await twins.sign_in()
    await twins.send(await twins.get("/me"), "/me", "Save", name="Carol", about="")
    mesh.settle()
    page = await browser.get("/people?all=1")
    for person in (carol.person, twin.person):
        assert f"Carol ({person_text(person)[:11]})" in page.text


async def test_hostile_names_are_inert_on_the_pages_of_people(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, carol = browsers
    hostile = "</title><script>alert(1)</script>\"'{{7*7}}"
    await carol.send(await carol.get("/me"), "/me", "Save", name=hostile, about=f"<img src=x>{hostile}")
    mesh.settle()
    for at in ("/people", "/people?all=1", address(carol), address(bob), "/blocks"):
        page = await alice.get(at)
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "<img" not in page.html
        assert "</title><script" not in page.html
    asked = await press(alice, await alice.get(address(carol)), "See what blocking changes")
    assert "<script>alert" not in asked.html
    blocked = await press(alice, asked, "Yes, do it")
    assert "alert(1)" in blocked.text
    assert "<script>alert" not in blocked.html


async def test_a_card_is_made_shown_once_and_added_by_its_text(mesh: Mesh, browsers: Browsers) -> None:
    alice, dave = browsers[0], PlainBrowser(settle_in(mesh, "Dave").replica)
    await dave.sign_in()
    form = await alice.get("/card")
    shown = await press(alice, form, "Make the card", uses="2", know="0.7", days="30")
    assert "For 2 people" in shown.text
    assert "You will trust each person who uses it (0.7)." in shown.text
    assert 'src="data:image/svg+xml' in shown.html
    text = next(line for line in shown.text.split() if line.startswith("mesh1"))
    again = await press(alice, form, "Make the card", uses="2", know="0.7", days="30")
    assert text in again.text  # a double click makes no second card
    added = await dave.send(await dave.get("/add"), "/add", "Add them", card=text, know="0.5")
    assert "It is noted. You are connected by itself" in added.text
    assert "You trust Alice (0.5)." in added.text
    mesh.wire("Alice", "Dave")
    mesh.settle()
    assert "You trust Dave (0.7)." in (await alice.get(address(dave))).text


@pytest.mark.parametrize(
    ("action", "button", "fields", "said"),
    [
        ("/card", "Make the card", {"uses": "many"}, "say for how many people"),
        ("/card", "Make the card", {"uses": "0"}, "a card can be for 1 to"),
        ("/card", "Make the card", {"uses": "1", "know": "number", "trust": "x"}, "say how well you know them"),
        ("/card", "Make the card", {"days": "4000"}, "a card can work for"),
        ("/add", "Add them", {"card": ""}, "there is no card"),
        ("/add", "Add them", {"card": "mesh1nonsense"}, "this card is incomplete"),
        ("/add", "Add them", {"card": "nonsense"}, "this is not a card"),
        ("/add", "Add them", {"card": "Bob", "know": "number", "trust": "7"}, "trust goes from"),
    ],
)
async def test_a_card_that_cannot_be_is_said_on_its_form(
    browsers: Browsers, action: str, button: str, fields: dict[str, str], said: str
) -> None:
    alice = browsers[0]
    page = await alice.send(await alice.get(action), action, button, **fields)
    assert page.status == 400
    assert said in page.text.casefold()
    assert button in page.form(action).buttons


async def test_an_introduced_person_is_added_by_a_click(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, carol = browsers
    page = await bob.get(address(alice))
    await press(bob, page, "Introduce them", other=person_text(carol.context.replica.me), message="Garden")
    mesh.settle()
    home = await carol.get("/")
    assert "You were introduced to" in (await carol.get("/add")).text
    form = await carol.get(next(at for words, at in home.links.items() if "introduces" in words))
    added = await carol.send(form, "/add", "Add them", know="0.7")
    assert "Once they add you too" in added.text
    assert "You trust Alice (0.7)." in added.text
