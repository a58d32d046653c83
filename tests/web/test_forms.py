"""A form that is wrong comes back as it was filled in, with what is wrong; one that is sent twice acts once."""

from __future__ import annotations

import pytest

from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "say what it is"),
        ({"title": "  "}, "say what it is"),
        ({"title": "Kale", "quantity": "many"}, "this is not a number"),
        ({"title": "Kale", "quantity": "1e999999999"}, "this is not a number"),
        ({"title": "Kale", "quantity": "-1"}, "quantity"),
        ({"title": "Kale", "quantity": "NaN"}, "this is not a number"),
        ({"title": "Kale", "until": "tomorrow"}, "this is not a date"),
        ({"title": "Kale", "until": "9999-12-31"}, "this is not a date"),
        ({"title": "Kale", "until": "2001-01-01"}, "must be in the future"),
        ({"title": "Kale", "type": "gift"}, "say whether it is an offer or a need"),
        ({"title": "Kale", "category": "nonsense"}, "category"),
        ({"title": "Kale", "urgency": "nonsense"}, "urgency"),
        ({"title": "Kale", "audience": "nonsense"}, "audience"),
        ({"title": "Kale", "audience": "anyone_local"}, "needs your location"),
        ({"title": "x" * 500}, "title"),
        ({"title": "Kale\u202egnp"}, "title"),
        ({"title": "Kale", "text": "x" * 60_000}, "text"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_typed_is_lost(
    browsers: Browsers, fields: dict[str, str], said: str
) -> None:
    alice = browsers[0]
    page = await alice.send(await alice.get("/post"), "/post", "Post it", **fields)
    assert page.status in (400, 409, 422)
    assert said in page.text.casefold()
    assert page.form("/post").fields.get("title", "") == fields["title"]
    assert "You have posted nothing yet." in (await alice.get("/mine")).text


async def test_a_place_is_asked_for_where_it_is_needed_and_unknown_and_only_there(
    mesh: Mesh, browsers: Browsers
) -> None:
    alice, bob, _ = browsers
    page = await alice.get("/post")
    assert "place" not in page.form("/post").fields
    page = await alice.send(page, "/post", "Check who can see it", audience="my_cell")
    assert "place" not in page.form("/post").fields
    page = await alice.send(page, "/post", "Check who can see it", audience="anyone_local")
    assert page.form("/post").fields["place"] == ""
    page = await alice.send(page, "/post", "Post it", title="Kale", place="nowhere")
    assert "this is not a location" in page.text
    assert '<a href="#place">' in page.html
    assert page.form("/post").fields["place"] == "nowhere"
    page = await alice.send(page, "/post", "Post it", place="91, 200")
    assert "nowhere on earth" in page.text
    page = await alice.send(page, "/post", "Check who can see it", place="52.52, 13.405")
    assert "can see it" in page.text
    posted = await alice.send(page, "/post", "Post it")
    assert "It is posted." in posted.text
    sharing = next(form for form in (await bob.get("/sharing")).forms if "Set it" in form.buttons)
    sure = await bob.post("/sharing", sharing.fields | {"act": "place", "place": "52.52, 13.405"})
    await bob.send(sure, "/sharing", "Yes, do it")
    assert "Kale" in (await alice.get("/mine")).text
    page = await bob.send(await bob.get("/post"), "/post", "Check who can see it", audience="anyone_local")
    assert "place" not in page.form("/post").fields
    mesh.settle()
    assert "Kale" in (await bob.get("/discover")).links


async def test_a_comma_is_as_good_as_a_point_and_a_day_lasts_until_its_end(browsers: Browsers) -> None:
    alice = browsers[0]
    posted = await alice.send(
        await alice.get("/post"), "/post", "Post it", title="Flour", quantity="2,5", unit="kg", until="2027-01-31"
    )
    assert "2.5 kg" in posted.text
    assert "until 31 Jan" in posted.text


async def test_a_form_that_is_sent_twice_acts_once_and_leads_to_the_same_page(browsers: Browsers) -> None:
    alice = browsers[0]
    form = await alice.get("/post")
    first = await alice.send(form, "/post", "Post it", title="Ladder")
    again = await alice.send(form, "/post", "Post it", title="Ladder")
    assert again.forms[0].action == first.forms[0].action
    assert (await alice.get("/mine")).text.count("Ladder") == 1


async def test_what_others_write_is_text_and_nothing_else(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"
    form = await carol.get("/post")
    await carol.send(form, "/post", "Post it", title=hostile, text=hostile, audience="network_wide")
    mesh.settle()
    for address in ("/", "/discover", (await alice.get("/discover")).links[hostile]):
        page = await alice.get(address)
        assert hostile in page.text
        assert "<script>alert" not in page.html
        assert "<img" not in page.html


async def test_a_question_is_asked_again_where_a_yes_is_needed(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, carol = browsers
    await carol.send(await carol.get("/post"), "/post", "Post it", title="Cot", audience="network_wide")
    mesh.settle()
    for browser in (alice, bob):
        found = await browser.get("/discover")
        listing = await browser.get(found.links["Cot"])
        await browser.send(listing, listing.forms[0].action, "Ask for it")
        mesh.settle()
    talks = [address for words, address in (await carol.get("/")).links.items() if "asks for your" in words]
    assert len(talks) == 2
    await carol.send(await carol.get(talks[0]), talks[0], "Accept")
    page = await carol.send(await carol.get(talks[1]), talks[1], "Accept")
    assert "anyway" not in page.form(talks[1]).fields
    assert "Yes, I want this" in page.text
    page = await carol.send(page, talks[1], "Accept", anyway="on")
    assert "Your answer is on its way." in page.text


@pytest.mark.parametrize("address", ["/posts/nothing", "/exchanges/nothing", "/nowhere", "/in/", "/static/x/page.css"])
async def test_an_address_of_nothing_says_so(browsers: Browsers, address: str) -> None:
    page = await browsers[0].get(address)
    assert page.status == 404
    assert page.text
