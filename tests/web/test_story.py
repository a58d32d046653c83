"""What the page is for, by links and forms alone: post, choose who sees it, discover, ask, agree and hand over."""

from __future__ import annotations

from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def post(browser: PlainBrowser, **fields: str) -> Page:
    return await browser.send(await browser.get("/post"), "/post", "Post it", **fields)


async def test_a_neighbor_posts_discovers_asks_agrees_and_hands_over(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    posted = await post(
        carol, title="Fresh vegetables", category="food", audience="network_wide", text="Kale\nand leek"
    )
    assert "It is posted." in posted.text
    mesh.settle()

    home = await alice.get("/")
    assert "Fresh vegetables" in home.text
    found = await alice.get("/discover?q=vegetables")
    assert "1 result" in found.text
    assert "by Carol" in found.text
    listing = await alice.get(found.links["Fresh vegetables"])
    assert "Kale and leek" in listing.text
    asked = await alice.send(listing, listing.forms[0].action, "Ask for it", message="May I?")
    assert "Your request is on its way" in asked.text
    mesh.settle()

    home = await carol.get("/")
    request = next(address for words, address in home.links.items() if "Alice asks for your" in words)
    talk = await carol.get(request)
    assert "May I?" in talk.text
    await carol.send(talk, request, "Accept", message="Come at six")
    mesh.settle()
    talk = await alice.get(asked.forms[0].action)
    assert "You and Carol agreed" in talk.text
    assert "Come at six" in talk.text
    await alice.send(talk, talk.forms[0].action, "It was handed over")
    mesh.settle()
    await carol.send(await carol.get(request), request, "It was handed over")
    mesh.settle()
    assert "Completed with Carol" in (await alice.get("/exchanges")).text


async def test_before_posting_one_sees_who_could_see_it_and_nothing_is_posted(browsers: Browsers) -> None:
    alice, _, _ = browsers
    form = await alice.get("/post")
    for audience, seen in (("my_cell", "Nobody can see it yet."), ("network_wide", "2 people can see it now.")):
        form = await alice.send(form, "/post", "Check who can see it", audience=audience, title="Ladder")
        assert seen in form.text
        assert form.form("/post").fields["title"] == "Ladder"
    assert "Bob" in form.text
    assert "You have posted nothing yet." in (await alice.get("/mine")).text


async def test_the_five_answers_are_there_and_the_owners_default_is_chosen(browsers: Browsers) -> None:
    form = await browsers[0].get("/post")
    for sentence in (
        "Just my cell (the people I know directly)",
        "My community",
        "Anyone I'm connected to through trust default",
        "Anyone nearby (within 25km)",
        "Everyone on the network",
    ):
        assert sentence in form.text
    assert form.form("/post").fields["audience"] == "trusted_network"


async def test_a_post_is_renewed_closed_and_taken_back(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    posted = await post(carol, title="Seedlings", audience="network_wide")
    mesh.settle()
    address = carol.visited[-1]
    act = posted.forms[0].action
    assert "It is renewed." in (await carol.send(posted, act, "Renew")).text
    assert "It is closed." in (await carol.send(await carol.get(address), act, "It is done")).text
    mesh.settle()
    assert "Nothing here yet." in (await alice.get("/discover")).text
    renewed = await carol.send(await carol.get("/mine"), act, "Renew")
    mesh.settle()
    assert "1 result" in (await alice.get("/discover")).text
    assert "It is taken back everywhere." in (await carol.send(renewed, act, "Take it back everywhere")).text
    mesh.settle()
    assert "Nothing here yet." in (await alice.get("/discover")).text


async def test_filters_say_what_they_hide_and_offer_to_show_it(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    await post(carol, title="Drill", category="tools", audience="network_wide")
    mesh.settle()
    found = await alice.get("/discover?trust=0.8")
    assert "1 more is hidden by your filters (Within 50km, High trust)." in found.text
    assert "1 result" in (await alice.get(found.links["Show them too"])).text
    assert "Nothing here yet." in (await alice.get("/discover?category=food")).text
    assert "1 result" in (await alice.get("/discover?category=tools&type=offer&sort=new")).text


async def test_what_was_seen_is_no_longer_news(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    await post(carol, title="Drill", audience="network_wide")
    mesh.settle()
    home = await alice.get("/")
    assert "Drill" in home.text
    assert "Drill" not in (await alice.send(home, "/seen", "Mark everything as seen")).text
