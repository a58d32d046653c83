"""The page is its owner's alone: by a link that works once, a cookie, and forms that no other page can send."""

from __future__ import annotations

import pytest

from meshnode.app.page_access import LINK_SECONDS, LINKS_MAX, SESSION_SECONDS, SESSIONS_MAX
from meshnode.errors import Refused
from protocol import limits
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
ADDRESSES = (
    *("/", "/discover", "/post", "/mine", "/exchanges", "/events", "/posts/x", "/exchanges/x"),
    *("/people", "/people/x", "/blocks", "/me", "/more", "/card", "/add", "/groups", "/sharing"),
    *("/searches", "/devices", "/data", "/data/export", "/status", "/recovery", "/carry", "/backups"),
)
SIGN_IN = "This page is your own"


@pytest.mark.parametrize("address", ADDRESSES)
async def test_without_a_cookie_nothing_is_shown_but_how_to_sign_in(browsers: Browsers, address: str) -> None:
    for cookie in ({}, {"meshnode-4748": ""}, {"meshnode-4748": "0" * 64}, {"meshnode-4747": "x"}):
        browser = PlainBrowser(browsers[0].context.replica)
        browser.cookies = cookie
        page = await browser.get(address)
        assert page.status == 401
        assert "Alice" not in page.text
        assert address == "/events" or SIGN_IN in page.text


async def test_a_link_signs_one_browser_in_once(mesh: Mesh, browsers: Browsers) -> None:
    link = browsers[0].context.page.new_link()
    assert "What waits for you" in (await browsers[0].get(link)).text
    assert "This link was used already" in (await browsers[0].get(link)).text


async def test_a_link_ends_after_some_minutes_and_only_a_few_are_open(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    links = [alice.context.page.new_link() for _ in range(LINKS_MAX + 1)]
    assert (await alice.get(links[0])).status == 401
    assert (await alice.get(links[1])).status == 200
    mesh.advance(LINK_SECONDS)
    assert (await alice.get(links[2])).status == 401


async def test_a_browser_that_is_not_used_for_long_signs_in_again(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    for _ in range(3):
        mesh.advance(SESSION_SECONDS - limits.DAY)
        assert (await alice.get("/")).status == 200
    mesh.advance(SESSION_SECONDS + limits.DAY)
    assert (await alice.get("/")).status == 401


async def test_a_browser_keeps_its_secret_as_long_as_it_is_used(browsers: Browsers) -> None:
    for address in ("/", "/discover", "/mine"):
        assert f"Max-Age={SESSION_SECONDS}" in (await browsers[0].get(address)).headers["set-cookie"]


async def test_only_so_many_browsers_stay_signed_in(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    first = dict(alice.cookies)
    for _ in range(SESSIONS_MAX):
        mesh.advance(1)
        await alice.sign_in()
    assert (await alice.get("/")).status == 200
    alice.cookies = first
    assert (await alice.get("/")).status == 401


async def test_signing_out_ends_the_session(browsers: Browsers) -> None:
    alice = browsers[0]
    kept = dict(alice.cookies)
    page = await alice.send(await alice.get("/"), "/sign-out", "Sign this browser out")
    assert SIGN_IN in page.text
    alice.cookies = kept
    assert (await alice.get("/")).status == 401


@pytest.mark.parametrize("host", ["localhost:4748", "127.0.0.1:4748", "evil.example", "evil.localhost:4748", ""])
async def test_another_host_is_refused(browsers: Browsers, host: str) -> None:
    alice = browsers[0]
    for address in ("/", "/in/x"):
        page = await alice.ask("GET", address, headers={"host": host})
        assert page.status == 403
        assert "Bob" not in page.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:4748", "https://{host}", ""])
async def test_a_form_of_another_page_is_refused(browsers: Browsers, origin: str) -> None:
    alice = browsers[0]
    fields = (await alice.get("/post")).form("/post").fields | {"title": "Ladder"}
    page = await alice.post("/post", fields, origin=origin.format(host=alice.host))
    assert page.status == 403
    assert "You have posted nothing yet." in (await alice.get("/mine")).text


async def test_a_form_needs_the_token_of_this_browser(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    fields = (await alice.get("/post")).form("/post").fields | {"title": "Ladder"}
    await alice.sign_in()
    for token in (fields["token"], "", "é", "0" * 64):
        assert (await alice.post("/post", fields | {"token": token})).status == 403
    assert "You have posted nothing yet." in (await alice.get("/mine")).text


@pytest.mark.parametrize(
    "body", [b"token", b"=" * 70_000, b"&".join(b"a=b" for _ in range(100)), b"\xff\xfe", b"a=%ff"], ids=range(5)
)
async def test_a_form_that_cannot_be_read_is_refused(browsers: Browsers, body: bytes) -> None:
    alice = browsers[0]
    sent = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{alice.host}"}
    assert (await alice.ask("POST", "/post", body, sent)).status in (400, 403)
    assert (await alice.ask("POST", "/post", body, sent | {"content-type": "application/json"})).status == 400


async def test_every_answer_forbids_what_the_page_does_not_need(browsers: Browsers) -> None:
    alice = browsers[0]
    edition = (await alice.get("/")).html.split("/static/")[1].split("/")[0]
    for address in (*ADDRESSES[:5], "/nowhere", f"/static/{edition}/page.css", f"/static/{edition}/page.js"):
        headers = (await alice.get(address)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert (await alice.get("/")).headers["cache-control"] == "no-store"
    cookie = (await alice.ask("GET", alice.context.page.new_link())).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_there_is_no_link_while_the_page_is_off(mesh: Mesh) -> None:
    browser = PlainBrowser(mesh.add("Alice").replica)
    browser.context.page.port = None
    with pytest.raises(Refused, match="the page is off"):
        browser.context.page.new_link()
