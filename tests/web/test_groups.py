"""Cells and communities on the page: found one, invite, join, leave after a question."""

from __future__ import annotations

import re

import pytest

from protocol import person_text
from tests.app.neighbors import settle_in
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def found(browser: PlainBrowser, kind: str, name: str) -> Page:
    return await browser.send(await browser.get("/groups"), "/groups", "Create it", kind=kind, name=name)


async def test_a_cell_is_founded_joined_through_home_and_left(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    page = await found(alice, "cell", "Garden row")
    assert "It is created." in page.text
    assert "Garden row Cell, 1 member, forming" in page.text
    group = next(form.action for form in page.forms if "Leave" in form.buttons)
    page = await alice.send(page, group, "Invite them", person=person_text(bob.context.replica.me))
    assert "They are invited for 30 days." in page.text
    assert "Bob is invited until" in page.text
    mesh.settle()
    home = await bob.get("/")
    invited = await bob.get(next(at for words, at in home.links.items() if "invites you to the cell" in words))
    joined = await bob.send(invited, group, "Join")
    assert "You are a member now." in joined.text
    assert "2 members, forming" in joined.text
    sure = await bob.send(joined, group, "Leave")
    assert 'Leave "Garden row"?' in sure.text or "Leave Garden row?" in sure.text
    assert "To come back, you need a new invitation." in sure.text
    assert "2 members" in (await bob.get("/groups")).text
    left = await bob.send(sure, group, "Yes, do it")
    assert "You have left." in left.text
    assert "You are in no cell and no community yet." in left.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "cell", "name": ""}, "name"),
        ({"kind": "cell", "name": "x" * 500}, "name"),
        ({"kind": "cell", "name": "row\u202egnp"}, "name"),
        ({"kind": "gang", "name": "Row"}, "is not a kind of group"),
    ],
)
async def test_a_group_that_cannot_be_is_said_on_its_form(
    browsers: Browsers, fields: dict[str, str], said: str
) -> None:
    page = await found(browsers[0], **fields)
    assert page.status == 400
    assert said in page.text.casefold()
    assert page.form("/groups").fields["name"] == fields["name"]


async def test_a_card_invites_those_who_use_it_and_says_so_where_it_is_made(mesh: Mesh, browsers: Browsers) -> None:
    alice, dave = browsers[0], PlainBrowser(settle_in(mesh, "Dave").replica)
    await dave.sign_in()
    assert "Invite them to" not in (await alice.get("/card")).text
    await found(alice, "cell", "Garden row")
    await found(alice, "community", "Hill street")
    form = await alice.get("/card")
    assert "also somebody who has found or photographed it" in form.text
    cell, _ = re.findall(r'name="(group-[^"]+)"', form.html)
    wrong = await alice.send(form, "/card", "Make the card", uses="0", **{cell: "on"})
    assert wrong.form("/card").fields[cell] == "on"
    shown = await alice.send(wrong, "/card", "Make the card", uses="1")
    assert 'The person who uses it is invited to your cell "Garden row".' in shown.text
    card = next(word for word in shown.text.split() if word.startswith("mesh1"))
    await dave.send(await dave.get("/add"), "/add", "Add them", card=card)
    mesh.wire("Alice", "Dave")
    mesh.settle()
    home = await dave.get("/")
    assert ["Garden row" in words for words in home.links if "invites you to the" in words] == [True]


async def test_a_card_for_a_group_that_is_not_ones_own_is_not_made(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    await found(bob, "cell", "Garden row")
    cell = next(name for name in re.findall(r'name="(group-[^"]+)"', (await bob.get("/card")).html))
    answer = await alice.send(await alice.get("/card"), "/card", "Make the card", **{cell: "on"})
    assert answer.status == 404
    assert "mesh1" not in answer.text


async def test_an_invitation_without_a_person_or_to_yourself_is_refused_on_the_page(browsers: Browsers) -> None:
    alice = browsers[0]
    page = await found(alice, "community", "Hill street")
    group = next(form.action for form in page.forms if "Leave" in form.buttons)
    assert "choose the person whom you invite" in (await alice.send(page, group, "Invite them")).text
    me = person_text(alice.context.replica.me)
    refused = await alice.send(await alice.get("/groups"), group, "Invite them", person=me)
    assert refused.status == 409
    assert "you are a member yourself" in refused.text


async def test_hostile_names_of_groups_are_inert(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    hostile = "<script>alert(1)</script>'\"{{7*7}}"
    page = await found(alice, "community", hostile)
    group = next(form.action for form in page.forms if "Leave" in form.buttons)
    await alice.send(page, group, "Invite them", person=person_text(bob.context.replica.me))
    mesh.settle()
    shown = [await alice.get("/groups"), await alice.send(page, group, "Leave"), await bob.get("/groups")]
    for page in (*shown, await bob.get("/")):
        assert page.status == 200
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.html
