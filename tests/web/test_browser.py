"""The page in a real Chromium, against the local API and page of a running node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshnode.replica.replica import Replica
from tests.app.neighbors import story
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.web.chromium import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")

PHONE, LAPTOP = (360, 740), (1280, 800)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Yield a tab of one browser."""
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def alice() -> Replica:
    """Return the replica of Alice, who knows Carol through Bob; Carol has posted a drill."""
    alice, _, carol = story(mesh := Mesh(11))
    carol.post("Drill", category="tools", audience="network_wide")
    mesh.settle()
    return alice.replica


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
