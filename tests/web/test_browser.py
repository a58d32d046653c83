"""The page in a real Chromium, against the local API and page of a running node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshnode.replica.replica import Replica
from tests.cli.village import daemon, meshnode
from tests.web.chromium import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")

PHONE, LAPTOP = (360, 740), (1280, 800)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Yield a tab of one browser."""
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


def signed_in(tab: Tab, home: Path) -> str:
    """Open the page of the node in `home` and return its address without what follows."""
    link = meshnode("--home", str(home), "open", "--link").out.strip()
    tab.open(link)
    return link.partition("/in/")[0]


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_discovers_asks_and_posts_by_clicking_alone(
    tab: Tab, alice: Replica, tmp_path: Path, size: tuple[int, int], *, scripts: bool
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        tab.resize(*size)
        tab.use_scripts(on=scripts)
        signed_in(tab, home)
        assert "What waits for you" in tab.text()
        tab.press("Discover")
        tab.fill("q", "dri")
        tab.press("Search")
        assert "1 result" in tab.text()
        tab.press("Drill")
        tab.fill("message", "May I?")
        tab.press("Ask for it")
        assert "Your request is on its way" in tab.text()
        tab.press("Post")
        tab.fill("title", "Fresh vegetables")
        tab.fill("category", "food")
        tab.fill("audience", "network_wide")
        if scripts:
            tab.wait_for("2 people can see it now.")
        else:
            tab.press("Check who can see it")
            assert "2 people can see it now." in tab.text()
        assert tab.tell("document.documentElement.scrollWidth <= innerWidth")
        tab.press("Post it")
        assert "It is posted." in tab.text()
        assert "Fresh vegetables" in tab.text()
        assert tab.complaints() == []


def test_the_form_asks_for_a_place_as_soon_as_it_is_needed(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        tab.resize(*PHONE)
        tab.use_scripts(on=True)
        signed_in(tab, home)
        tab.press("Post")
        tab.wait_for("can see it now.")
        assert "Where is it?" not in tab.text()
        tab.fill("title", "Kale")
        tab.fill("audience", "anyone_local")
        tab.wait_for("Where is it?")
        tab.fill("place", "52.52, 13.405")
        tab.wait_for("can see it")
        assert tab.barriers() == []
        tab.press("Post it")
        assert "It is posted." in tab.text()


def test_a_page_that_is_left_open_shows_what_comes(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        tab.use_scripts(on=True)
        host = signed_in(tab, home)
        tab.open(f"{host}/mine")
        assert "You have posted nothing yet." in tab.text()
        meshnode("--home", str(home), "offer", "Ladder")
        tab.wait_for("Ladder")


def test_a_browser_stays_signed_in_when_the_node_starts_again(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        host = signed_in(tab, home)
    with daemon(alice, home):
        tab.open(f"{host}/mine")
        assert "Your posts" in tab.text()


PAGES = (
    *(
        "/",
        "/discover",
        "/post",
        "/mine",
        "/exchanges",
        "/people",
        "/people?all=1",
        "/add",
        "/card",
        "/groups",
        "/meet",
    ),
    *(
        "/sharing",
        "/searches",
        "/me",
        "/blocks",
        "/devices",
        "/data",
        "/status",
        "/more",
        "/recovery",
        "/carry",
        "/backups",
    ),
)


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_fits_the_screen_and_breaks_no_rule_of_its_own(
    tab: Tab, alice: Replica, tmp_path: Path, size: tuple[int, int]
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        meshnode("--home", str(home), "share", "set", "--place", "52.52,13.405")
        tab.resize(*size)
        tab.use_scripts(on=True)
        host = signed_in(tab, home)
        people = [
            one["id"] for one in json.loads(meshnode("--home", str(home), "--json", "people", "--all").out)["people"]
        ]
        for address in (*PAGES, *(f"/people/{id_}" for id_ in people)):
            tab.open(f"{host}{address}")
            assert tab.tell("document.documentElement.scrollWidth <= innerWidth"), address
            assert tab.tell("document.querySelectorAll('h1').length") == 1, address
            assert tab.tell(
                "[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]"
                ".every((field) => field.labels.length > 0)"
            ), address
            assert "Something is in the way" not in tab.text(), address
            assert tab.complaints() == [], address


def test_the_web_is_drawn_and_leads_to_people(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        tab.resize(*PHONE)
        tab.use_scripts(on=False)
        host = signed_in(tab, home)
        tab.open(f"{host}/people")
        drawn = tab.tell(
            "[...document.querySelectorAll('.web a circle')].map((one) => one.getBoundingClientRect().width)"
        )
        assert len(drawn) == 2
        assert min(drawn) > 10
        tab.press("Bob")
        assert "How you are connected" in tab.text()
