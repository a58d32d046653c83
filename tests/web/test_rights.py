"""Every address of the page takes a right, and phones have only some."""

from __future__ import annotations

import pytest

from meshnode.app.owner import places, preference
from meshnode.text import phones as text
from meshnode.web.addresses import Method
from meshnode.web.handlers import ADDRESSES
from meshnode.web.phone_forms import phone_may_send
from meshnode.web.rights import OF_PHONES, RIGHTS, Right, phone_may
from tests.web.plain_browser import PlainBrowser, PlainPhone

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
DECLARED = [(method, path) for method, path, _ in ADDRESSES]
KEPT = [row for row in DECLARED if RIGHTS.get(row) not in OF_PHONES]
PLACE = places.Coordinates(52.523411, 13.411399)


def test_every_address_takes_a_right_and_no_right_is_for_nothing() -> None:
    assert set(DECLARED) == set(RIGHTS), "say in meshnode/web/rights.py whether phones may use it"


def test_an_address_without_a_right_is_not_for_phones() -> None:
    assert not phone_may("GET", "/nowhere")
    assert set(Right) - {Right.KEEP} == OF_PHONES


def test_everything_that_phones_do_has_a_sentence_in_the_log() -> None:
    did = {path.split("/")[1] for method, path in DECLARED if method == "POST" and phone_may(method, path)}
    assert did | {"in"} == set(text.DID)


@pytest.mark.parametrize(("method", "path"), KEPT)
async def test_what_a_phone_may_not_is_refused_and_leads_to_the_computer(
    browsers: Browsers, method: Method, path: str
) -> None:
    alice, phone = browsers[0], PlainPhone(browsers[0])
    home = await phone.let_in()
    address = path.replace("{which:path}", "x")
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{phone.host}"}
    body = f"act=off&token={home.form('/sign-out').fields['token']}".encode() if method == "POST" else b""
    page = await phone.ask(method, address, body, headers)
    assert page.status == 403
    assert "do this on the computer itself" in page.text
    assert alice.context.phones.site is not None
    assert alice.context.replica.store.phones.acts(9)[0].act == "in"


async def test_a_phone_is_shown_links_only_to_what_it_may_use(browsers: Browsers) -> None:
    home = await PlainPhone(browsers[0]).let_in()
    assert "Discover" in home.links
    phone = PlainPhone(browsers[0])
    await phone.let_in()
    more = await phone.get("/more")
    assert "Phones" not in more.links
    assert "Blocks" not in more.links
    assert "Phones" in (await browsers[0].get("/more")).links


async def test_no_page_of_a_phone_has_a_form_that_it_may_not_send(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    await phone.let_in()
    paths = [path for method, path in DECLARED if method == "GET" and phone_may(method, path) and "{" not in path]
    bob = (await phone.get("/people")).links["Bob"]
    page = await phone.get(bob)
    for address in [*paths, bob]:
        page = await phone.get(address)
        assert page.status == 200
        assert all(phone_may_send(form.action) for form in page.forms if form.method == "post")
    assert page.text.count("You can change this on the computer itself.") == 1
    assert "You can change this" not in (await browsers[0].get(bob)).text


@pytest.mark.parametrize(
    ("action", "may"),
    [("/post", True), ("/posts", False), ("/mine/x", True), ("/mine/", False), ("/phones", False), ("/sign-out", True),
     ("/people/x", False), ("/add", True), ("/nowhere", False), ("//evil.example/post", False)],
)  # fmt: skip
def test_forms_are_known_by_where_they_lead(action: str, may: bool) -> None:
    assert phone_may_send(action) == may


async def test_no_page_of_a_phone_has_the_exact_place(browsers: Browsers) -> None:
    alice = browsers[0]
    replica = alice.context.replica
    preference.change(replica, preference.SharingChange(place=PLACE, precision="exact"))
    marks = ["52.5", "13.4", places.published(replica) or "-", places.here(replica) or "-"]
    assert places.exact(replica) == PLACE
    phone = PlainPhone(alice)
    home = await phone.let_in()
    posted = await phone.send(await phone.get("/post"), "/post", "Post it", title="Kale", audience="anyone_local")
    pages = [home, posted]
    for method, path in DECLARED:
        if method == "GET" and phone_may(method, path) and "{" not in path:
            pages.append(await phone.get(path))
    checked = await phone.send(await phone.get("/post"), "/post", "Check who can see it", audience="anyone_local")
    for page in [*pages, checked]:
        assert page.status == 200
        assert not [mark for mark in marks if mark in page.html]
