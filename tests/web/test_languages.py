"""The page in each language: no sentence of it is left in English, the browser's language decides, a choice is kept."""

from __future__ import annotations

import re
from html import unescape

import pytest

from meshnode.local.in_language import asked
from meshnode.text import catalog
from meshnode.web.handlers import ADDRESSES
from tests.app.neighbors import story
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
SAID_BY_PEOPLE = re.compile(
    r"<(bdi|textarea|script|style|pre|svg|title|code)\b.*?</\1>|<dd dir=\"ltr\">.*?</dd>|<span class=\"said\".*?</span>",
    re.DOTALL,
)
SHOWN_ATTRIBUTES = re.compile(r"\b(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"")
ID = re.compile(r"\bm[a-z]1[0-9a-z]+")
WORD = re.compile(r"[A-Za-z]{2,}")
SAME_EVERYWHERE = {"meshnode", "km", "UTC", "kg"}


class Marked(dict[str, tuple[str, ...]]):
    """A language in which every sentence is the English one in brackets, so that one without them is seen."""

    def get(self, template: str, default: object = ()) -> tuple[str, ...]:
        """Return the sentence in brackets."""
        return (f"⟦{template}⟧",)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the marked language in the place of German."""
    monkeypatch.setitem(catalog._catalogs, "de", Marked())


@pytest.fixture
async def browser() -> PlainBrowser:
    """Return a browser on the page of Alice, who shares, asks, and is in a cell."""
    alice, bob, carol = story(mesh := Mesh(11))
    carol.post("Drill", category="tools", audience="network_wide", text="Strong\nand heavy")
    bob.post("Plums", category="food", audience="network_wide", urgency="perishable")
    alice.post("Ladder", lend=True)
    mesh.settle()
    browser = PlainBrowser(alice.replica)
    await browser.sign_in()
    address = (await browser.get("/discover")).links["Drill"]
    await browser.send(await browser.get(address), address.replace("/posts/", "/ask/"), "Ask for it", message="May I?")
    return browser


def left_in_english(page: Page) -> set[str]:
    """Return the words that stand on a page outside brackets and outside what people have written."""
    html = SAID_BY_PEOPLE.sub(" ", page.html)
    text = " ".join([*SHOWN_ATTRIBUTES.findall(html), re.sub(r"<[^>]*>", " ", html)])
    bare = ID.sub(" ", unescape(text))
    while MARKED.search(bare):
        bare = MARKED.sub(" ", bare)
    return set(WORD.findall(bare)) - SAME_EVERYWHERE


async def every_page(browser: PlainBrowser) -> dict[str, Page]:
    """Return a page of each kind that links lead to."""
    kinds = {path: re.compile(re.sub(r"{.*}", ".+", path) + "$") for method, path, _ in ADDRESSES if method == "GET"}
    found: dict[str, Page] = {}
    seen, waiting = {"/"}, ["/"]
    while waiting:
        address = waiting.pop(0)
        kind = next((path for path, fits in kinds.items() if fits.match(address.partition("?")[0])), None)
        if kind is None or kind in found:
            continue
        page = await browser.get(address)
        if not page.headers["content-type"].startswith("text/html"):
            continue
        found[kind] = page
        new = [link for link in page.links.values() if link.startswith("/") and link not in seen]
        seen.update(new)
        waiting += new
    return found


async def test_no_page_has_a_sentence_that_no_catalog_translates(browser: PlainBrowser, marked: None) -> None:
    browser.language = "de"
    pages = await every_page(browser)
    assert len(pages) > 12
    left = {kind: sorted(words) for kind, page in pages.items() if (words := left_in_english(page))}
    assert not left


async def test_every_language_shows_every_page(browser: PlainBrowser) -> None:
    for tag in catalog.LANGUAGES:
        browser.language = tag
        pages = await every_page(browser)
        assert {page.status for page in pages.values()} == {200}
        direction = "rtl" if tag == "ar" else "ltr"
        assert all(f'<html lang="{tag}" dir="{direction}">' in page.html for page in pages.values())


async def test_the_language_of_the_browser_decides_until_another_is_chosen(browser: PlainBrowser) -> None:
    browser.language = "fr-CH,fr;q=0.9,en;q=0.8"
    page = await browser.get("/mine")
    assert "Tes annonces" in page.text
    page = await browser.send(page, "/language", "Deutsch")
    assert "Deine Beiträge" in page.text, "it leads back to the page on which it was chosen"
    browser.language = "tr"
    assert "Deine Beiträge" in (await browser.get("/mine")).text
    assert "Öffne" not in (await browser.get("/mine")).text


async def test_errors_are_told_in_the_language_of_the_page(browser: PlainBrowser) -> None:
    browser.language = "es"
    page = await browser.get("/nowhere")
    assert (
        "No existe esa página" in page.text
        or "Esta página no existe" in page.text
        or "esta página no existe" in page.text
    )
    form = await browser.get("/post")
    page = await browser.send(form, "/post", "Publicarlo")
    assert "di qué es" in page.text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:1"])
async def test_a_choice_leads_to_no_other_host(browser: PlainBrowser, back: str) -> None:
    page = await browser.get("/mine")
    form = page.form("/language")
    answer = await browser.ask(
        "POST",
        "/language",
        f"token={form.fields['token']}&language=de&back={back}".encode(),
        {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{browser.host}"},
    )
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("pl, es;q=0.5", "es"),
        ("en;q=0.4, tr;q=0.9", "tr"),
        ("ar, de", "ar"),
        ("fr;q=0, de;q=0.1", "de"),
        ("*", "en"),
        ("de;q=much", "en"),
        ("de;q=1e9, es", "es"),
        ("," * 500 + "de", "en"),
    ],
)
def test_the_header_of_a_browser_is_read(header: str, tag: str) -> None:
    assert asked(header) == tag
