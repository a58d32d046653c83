"""Cells and communities on the page: found one, invite, join, leave after a question."""

from __future__ import annotations

import pytest

from protocol import person_text
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
