"""Every page shows the words of others as text and nothing else: in names, posts and groups."""

from __future__ import annotations

import pytest

from protocol import person_text
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
HOSTILE = "</title></svg><script>alert(1)</script>\"'><img src=x>{{ 7 * 7 }}"
PAGES = (
    *("/", "/discover", "/mine", "/exchanges", "/people", "/people?all=1", "/groups", "/sharing", "/searches", "/add"),
    *("/me", "/blocks", "/devices", "/data", "/status", "/more", "/post", "/card", "/recovery", "/carry", "/backups"),
)


@pytest.fixture
async def alice(mesh: Mesh, browsers: Browsers) -> PlainBrowser:
    """Return Alice's browser, after Bob and Carol have put hostile words wherever they can."""
    alice, bob, carol = browsers
    for browser in (bob, carol):
        await browser.send(await browser.get("/me"), "/me", "Save", name=HOSTILE, about=HOSTILE)
        place = (await browser.get("/sharing")).form("/sharing").fields | {"act": "place", "place": "52.5, 13.4"}
        await browser.post("/sharing", place | {"sure": "1", "once": browser.host})
        form = await browser.get("/post")
        await browser.send(form, "/post", "Post it", title=HOSTILE, text=HOSTILE, audience="network_wide")
    groups = await bob.send(await bob.get("/groups"), "/groups", "Create it", kind="community", name=HOSTILE)
    group = next(form.action for form in groups.forms if "Leave" in form.buttons)
    await bob.send(groups, group, "Invite them", person=person_text(alice.context.replica.me))
    place = (await alice.get("/sharing")).form("/sharing").fields | {"act": "place", "place": "52.51, 13.41"}
    await alice.post("/sharing", place | {"sure": "1"})
    await alice.send(await alice.get("/discover?q=alert"), "/searches", "Save this search")
    mesh.settle()
    return alice


@pytest.mark.parametrize("address", PAGES)
async def test_no_page_takes_the_words_of_others_for_its_own(alice: PlainBrowser, address: str) -> None:
    page = await alice.get(address)
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    if address in ("/", "/discover", "/people", "/groups", "/sharing"):
        assert "<script>alert(1)</script>" in page.text
        assert "{{ 7 * 7 }}" in page.text
