"""Somebody is added on the page by a photo of their card; what is in no photo of one card is said, and adds nobody."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from meshnode.app.people import cards
from meshnode.qr.codes import qr_code
from meshnode.replica.replica import Replica
from meshnode.web.addresses import UPLOAD_MAX_BYTES
from tests.app.neighbors import settle_in
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.support.pictures import SCRIPT, SVG, bomb, camera_picture
from tests.web.chromium import PROGRAM, browser
from tests.web.plain_browser import Page, PlainBrowser, PlainPhone
from tests.web.test_photos import send

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


def png(picture: Any) -> bytes:
    made = BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def code(text: str) -> bytes:
    """Return the QR code of a text as the command saves it."""
    made = BytesIO()
    qr_code(text).save(made, kind="png", scale=8, border=4)
    return made.getvalue()


def side_by_side(*texts: str) -> bytes:
    codes = [Image.open(BytesIO(code(text))).convert("L") for text in texts]
    both = Image.new("L", (sum(one.width for one in codes) + 80, max(one.height for one in codes)), 255)
    at = 0
    for one in codes:
        both.paste(one, (at, 0))
        at += one.width + 80
    return png(both)


def card_of(browser: PlainBrowser, **order: Any) -> str:
    return cards.make(browser.context.replica, cards.CardOrder(**order), [("127.0.0.1", 1)]).text


async def add(browser: PlainBrowser, photo: bytes, *, field: str = "picture", **fields: str) -> Page:
    form = (await browser.get("/add")).form("/add").fields
    return await send(browser, "/add", form | fields, {field: photo})


async def newcomer(mesh: Mesh, name: str) -> PlainBrowser:
    browser = PlainBrowser(settle_in(mesh, name).replica)
    await browser.sign_in()
    return browser


async def test_somebody_is_added_by_a_photo_of_their_card(mesh: Mesh, browsers: Browsers) -> None:
    alice, dave = browsers[0], await newcomer(mesh, "Dave")
    added = await add(dave, code(card_of(alice)), know="0.5")
    assert "You trust Alice (0.5)." in added.text
    mesh.wire("Alice", "Dave")
    mesh.settle()
    assert "Dave" in (await alice.get("/people")).links


async def test_a_phone_takes_the_photo_with_its_camera(mesh: Mesh, browsers: Browsers) -> None:
    alice, dave = browsers[0], await newcomer(mesh, "Dave")
    phone = PlainPhone(dave)
    await phone.let_in()
    assert 'name="photo" type="file" accept="image/jpeg,' in (page := await phone.get("/add")).html
    assert "capture=" in page.html
    assert "capture=" not in (await dave.get("/add")).html
    assert "You trust Alice (0.8)." in (await add(phone, code(card_of(alice)), field="photo")).text


async def test_a_photo_is_not_read_twice_where_another_field_was_wrong(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    text = card_of(bob)
    wrong = await add(alice, code(text), know="number", trust="7")
    assert wrong.status == 400
    assert text in wrong.html
    right = await alice.send(wrong, "/add", "Add them", know="0.5", card=text)
    assert "You trust Bob (0.5)." in right.text


async def test_a_text_and_a_photo_of_two_cards_are_not_one_card(browsers: Browsers) -> None:
    alice, bob, carol = browsers
    answer = await add(alice, code(card_of(carol)), card=card_of(bob))
    assert "two different cards" in answer.text
    same = card_of(carol)
    assert "You trust Carol" in (await add(alice, code(same), card=f" {same.upper()} ")).text


NO_CARDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "without a code": (lambda: png(Image.new("L", (800, 600), 200)), "no qr code can be read in"),
    "another code": (lambda: code("https://example.org"), "is no card of meshnode"),
    "a hostile code": (lambda: code("javascript:alert(1)//mesh1"), "is no card of meshnode"),
    "two cards": (lambda: side_by_side("mesh1" + 40 * "a", "mesh1" + 40 * "b"), "shows 2 cards"),
    "a card with a typo": (lambda: code("mesh1" + 200 * "a"), "incomplete or has a typo"),
    "no picture": (lambda: b"hello", "is no picture that can be read here"),
    "SVG": (lambda: SVG, "is no picture that can be read here"),
    "bomb": (bomb, "is too large"),
    "cut": (lambda: code("mesh1" + 200 * "a")[:300], "is damaged"),
    "program": (lambda: b"\x7fELF" + bytes(4096), "is no picture that can be read here"),
    "page behind a photo": (lambda: camera_picture() + b"<!doctype html>" + SCRIPT, "no qr code can be read in"),
    "photo of an iPhone": (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(4096), "is a heic picture"),
}


@pytest.mark.parametrize("kind", NO_CARDS)
async def test_what_is_no_photo_of_one_card_is_said_on_the_form_and_adds_nobody(mesh: Mesh, kind: str) -> None:
    dave = await newcomer(mesh, "Dave")
    picture, said = NO_CARDS[kind]
    answer = await add(dave, picture())
    assert answer.status == 400
    assert said in answer.text.casefold()
    assert "Add them" in answer.form("/add").buttons
    assert "<script>alert" not in answer.html
    assert "Nobody yet." in (await dave.get("/people")).text


async def test_a_photo_whose_name_is_markup_is_named_as_text(mesh: Mesh) -> None:
    dave = await newcomer(mesh, "Dave")
    form = (await dave.get("/add")).form("/add").fields
    hostile = "<img src=x onerror=alert(1)>.png"
    answer = await send(dave, "/add", form, {"picture": b"x"}, name=hostile)
    assert hostile in answer.text
    assert "<img" not in answer.html


async def test_files_beyond_the_limit_are_refused_with_a_sentence(mesh: Mesh) -> None:
    dave = await newcomer(mesh, "Dave")
    assert "these files are too large choose smaller pictures" in (await add(dave, bytes(UPLOAD_MAX_BYTES))).text


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
def test_a_browser_that_sends_too_much_is_told_so(alice: Replica, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "film.png"
    with file.open("wb") as film:
        film.truncate(UPLOAD_MAX_BYTES + 8 * 1024 * 1024)
    with daemon(alice, home), browser(tmp_path / "browser") as tab:
        tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
        tab.open(f"{tab.tell('location.origin')}/add")
        tab.choose_file("picture", file)
        tab.press("Add them")
        assert "these files are too large" in tab.text()
