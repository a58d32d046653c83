"""Programs with a secret address get the owner's calendar and feed, and others get nothing; what a printed sheet shows."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from meshnode.app.listings import listings
from meshnode.app.listings.listings import ListingDraft
from protocol.limits import DAY
from tests.support.mesh import Mesh
from tests.web.plain_browser import PORT, Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
HOST = f"127.0.0.1:{PORT}"
ATOM = "{http://www.w3.org/2005/Atom}"


async def address(browser: PlainBrowser, which: str) -> str:
    """Return the path of the address of this kind, as the page shows it."""
    page = await browser.get("/subscriptions")
    found = next(line for line in page.html.splitlines() if f'id="{which}"' in line)
    return found.partition(f"http://{HOST}")[2].partition('"')[0]


async def fetch(browser: PlainBrowser, path: str) -> Page:
    """Ask for an address as another program does: without a cookie, and by the number of this computer."""
    cookies, browser.cookies = browser.cookies, {}
    try:
        return await browser.ask("GET", path, headers={"host": HOST})
    finally:
        browser.cookies = cookies


def days(calendar: str) -> list[dict[str, str]]:
    """Return the days of a calendar file, each by the names of its lines."""
    found: list[dict[str, str]] = []
    for line in calendar.replace("\r\n ", "").split("\r\n"):
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found:
            found[-1][name.partition(";")[0]] = value
    return found


def entries_of(feed: Page) -> list[ET.Element]:
    return ET.fromstring(feed.html).findall(f"{ATOM}entry")  # noqa: S314 - our own


def summaries(calendar: Page) -> set[str]:
    return {day["SUMMARY"] for day in days(calendar.html)}


def lend(browser: PlainBrowser, title: str, **fields: object) -> None:
    now = browser.context.replica.clock.now()
    dates = {"available_until": now + 2 * DAY, "return_by": now + 9 * DAY}
    draft = ListingDraft(type="offer", title=title, lend=True, audience="network_wide", **dates, **fields)  # type: ignore[arg-type]
    listings.post(browser.context.replica, draft)


async def agree(mesh: Mesh, lender: PlainBrowser, borrower: PlainBrowser, title: str) -> str:
    """Let the borrower ask and the lender accept; return the address of the exchange."""
    mesh.settle()
    found = await borrower.get("/discover")
    listing = await borrower.get(found.links[title])
    exchange = (await borrower.send(listing, listing.forms[0].action, "Ask for it")).forms[0].action
    mesh.settle()
    await lender.send(await lender.get(exchange), exchange, "Accept")
    mesh.settle()
    return exchange


async def test_the_calendar_has_what_is_collected_and_given_back_and_what_ends(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    lend(carol, "Ladder; long, with hooks")
    exchange = await agree(mesh, carol, alice, "Ladder; long, with hooks")
    borrowers, lenders = await address(alice, "calendar"), await address(carol, "calendar")
    file = await fetch(alice, borrowers)
    assert file.headers["content-type"].startswith("text/calendar")
    thing = r'"Ladder\; long\, with hooks"'
    assert summaries(file) == {f"Last day to collect {thing} from Carol", f"Give {thing} back to Carol"}
    assert summaries(await fetch(carol, lenders)) == {
        f"Last day for Alice to collect {thing}",
        f"Alice gives {thing} back",
    }
    for button in ("It was handed over", "It is back"):
        for browser in (alice, carol):
            await browser.send(await browser.get(exchange), exchange, button)
            mesh.settle()
        if button == "It was handed over":
            assert summaries(await fetch(alice, borrowers)) == {f"Give {thing} back to Carol"}
    assert summaries(await fetch(alice, borrowers)) == set()


async def test_a_post_ends_on_its_last_day(browsers: Browsers) -> None:
    alice, _, _ = browsers
    lend(alice, "Saw")
    (day,) = days((await fetch(alice, await address(alice, "calendar"))).html)
    assert day["SUMMARY"] == 'Your post "Saw" ends'
    assert int(day["DTEND"]) > int(day["DTSTART"])
    assert day["URL"].startswith(f"http://{alice.host}/posts/")


async def test_lines_of_the_calendar_are_folded_and_no_letter_is_cut(browsers: Browsers) -> None:
    alice, _, _ = browsers
    title = "\U0001f9fa" * 60 + "ÄÖÜ" * 20
    lend(alice, title)
    file = (await fetch(alice, await address(alice, "calendar"))).html
    assert all(len(line.encode()) <= 75 for line in file.split("\r\n"))
    assert f'Your post "{title}" ends' in {day["SUMMARY"] for day in days(file)}


async def test_a_post_writes_no_line_of_the_calendar_by_its_words(browsers: Browsers) -> None:
    alice, _, _ = browsers
    lend(alice, r"x\nEND:VEVENT\, BEGIN:VALARM")
    file = (await fetch(alice, await address(alice, "calendar"))).html
    assert "BEGIN:VALARM" not in file.split("\r\n")
    assert len(days(file)) == 1


async def test_the_feed_has_what_others_share_and_obeys_filters(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    lend(carol, "Ladder <b>&", text="Two\nmeters", category="tools")
    lend(carol, "Plums", category="food")
    mesh.settle()
    path = await address(alice, "feed")
    file = await fetch(alice, path)
    assert file.headers["content-type"].startswith("application/atom+xml")
    entries = entries_of(file)
    assert {entry.findtext(f"{ATOM}title") for entry in entries} == {"Offer: Ladder <b>&", "Offer: Plums"}
    (tool,) = entries_of(await fetch(alice, path + "?category=tools"))
    assert tool.findtext(f"{ATOM}content") == "Two\nmeters"
    assert tool.findtext(f"{ATOM}author/{ATOM}name") == "Carol"
    for name in ("id", "updated", "link"):
        assert tool.find(f"{ATOM}{name}") is not None


@pytest.mark.parametrize("which", ["calendar", "feed"])
async def test_an_address_that_was_changed_works_no_longer(browsers: Browsers, which: str) -> None:
    alice, _, _ = browsers
    before, other = await address(alice, which), await address(alice, "feed" if which == "calendar" else "calendar")
    form = next(form for form in (await alice.get("/subscriptions")).forms if form.action == "/subscriptions")
    changed = await alice.post("/subscriptions", form.fields | {"change": which})
    assert "The address is another one now." in changed.text
    assert (await fetch(alice, before)).status == 404
    assert (await fetch(alice, await address(alice, which))).status == 200
    assert (await fetch(alice, other)).status == 200


WRONG: dict[str, Callable[[str], str]] = {
    "a guess": lambda path: path.replace(path[12:20], "00000000"),
    "the secret of the other": lambda path: path.replace("calendar", "feed").replace(".ics", ".atom"),
    "none": lambda _: "/calendar/.ics",
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_secret_gets_nothing(browsers: Browsers, wrong: str) -> None:
    alice, _, _ = browsers
    lend(alice, "Saw")
    answer = await fetch(alice, WRONG[wrong](await address(alice, "calendar")))
    assert answer.status == 404
    assert "Saw" not in answer.html


@pytest.mark.parametrize("host", ["evil.example:4748", "127.0.0.1:80", "localhost:4748", ""])
async def test_another_host_gets_nothing_even_with_the_secret(browsers: Browsers, host: str) -> None:
    alice, _, _ = browsers
    path = await address(alice, "calendar")
    assert (await alice.ask("GET", path, headers={"host": host})).status == 403


async def test_the_secret_opens_no_page(browsers: Browsers) -> None:
    alice, _, _ = browsers
    await address(alice, "calendar")
    for path in ("/", "/mine", "/subscriptions", "/board"):
        assert (await alice.ask("GET", path, headers={"host": HOST, "cookie": ""})).status == 403


async def test_the_sheet_has_own_posts_and_what_others_allow_to_be_put_up(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    lend(carol, "Ladder", notice_board=True)
    lend(carol, "Diary")
    lend(alice, "Saw")
    mesh.settle()
    sheet = await alice.get("/board")
    assert "Ladder" in sheet.text
    assert "Saw" in sheet.text
    assert "Diary" not in sheet.text
