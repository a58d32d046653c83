"""Everybody can use every page: links lead to it, axe-core finds nothing wrong with it, and a keyboard is enough.

axe-core (https://github.com/dequelabs/axe-core, Mozilla Public License 2.0) stands beside this file. It knows the rules of
WCAG 2 that a program can judge: contrast, labels, names, order of headings, roles, languages. Pictures of every page are
left in `.pictures`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from meshnode.replica.replica import Replica
from meshnode.web.handlers import ADDRESSES
from tests.app.neighbors import story
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.web.chromium import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")

TABS_MAX = 150  # presses of the Tab key until what is looked for has the focus
PAGES_MAX = 300  # that are opened in search of one of each kind
FILES = {"/photos/{which}", "/data/export"}  # addresses at which there is a file to save instead of a page
SIZES = {"phone": (360, 740), "laptop": (1280, 800)}


def neighbor() -> Replica:
    """Return the replica of Alice, who shares and asks, and has a second device."""
    alice, bob, carol = story(mesh := Mesh(11))
    carol.post("Drill", category="tools", audience="network_wide", notice_board=True, text="Strong\nand heavy")
    bob.post("Pears", category="food", audience="network_wide")
    bob.post("Plums", category="food", audience="network_wide", urgency="perishable")
    alice.post("Ladder", lend=True)
    mesh.join_device("Pi", "Alice")
    mesh.settle()
    return alice.replica


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the home of Alice, whose node runs."""
    home = tmp_path_factory.mktemp("access") / "home"
    with daemon(neighbor(), home):
        for words in (
            ("respond", "Drill", "--message", "May I?"),
            ("cell", "new", "Garden"),
            ("watch", "add", "saw"),
        ):
            assert meshnode("--home", str(home), *words).code == 0, words
        yield home


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Tab]:
    """Yield a tab of a browser that is signed in."""
    with ExitStack() as stack:
        tab = stack.enter_context(browser(tmp_path_factory.mktemp("browser")))
        tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
        yield tab


def paths() -> list[str]:
    """Return the declared addresses of pages."""
    return sorted(path for method, path, *_ in ADDRESSES if method == "GET" and path not in FILES)


@pytest.fixture(scope="module")
def pages(tab: Tab) -> dict[str, str]:
    """Return for each address of the page that links lead to an example of it."""
    kinds = {path: re.compile(re.sub(r"{.*}", ".+", path) + "$") for path in paths()}
    origin = tab.tell("location.origin")
    found: dict[str, str] = {}
    seen, waiting = {"/"}, ["/"]
    while waiting and len(seen) < PAGES_MAX and len(found) < len(kinds):
        address = waiting.pop(0)
        kind = next((path for path, fits in kinds.items() if fits.match(urlsplit(address).path)), None)
        if kind is None or kind in found:
            continue
        found[kind] = origin + address
        tab.open(origin + address)
        for link in tab.tell("[...document.querySelectorAll('a[href]')].map((one) => one.getAttribute('href'))"):
            if link.startswith("/") and link not in seen:
                seen.add(link)
                waiting.append(link)
    return found


def test_links_lead_to_every_page(pages: dict[str, str]) -> None:
    assert sorted(pages) == paths()


@pytest.mark.parametrize(("size", "dark"), [("phone", True), ("laptop", False)])
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_the_screen(
    tab: Tab, pages: dict[str, str], size: str, *, dark: bool
) -> None:
    tab.resize(*SIZES[size])
    tab.be_dark(dark=dark)
    wrong: dict[str, object] = {}
    for kind, address in pages.items():
        tab.open(address)
        name = re.sub(r"\W+", "-", kind.partition("{")[0]).strip("-") or "home"
        tab.keep_picture(f"{name}{'-one' if '{' in kind else ''}-{size}")
        found = tab.barriers()
        if found:
            wrong[kind] = found
    assert not wrong, json.dumps(wrong, indent=1)


def test_in_arabic_every_page_goes_from_right_to_left_and_fits_a_phone(tab: Tab, pages: dict[str, str]) -> None:
    tab.resize(*SIZES["phone"])
    tab.be_dark(dark=False)
    tab.open(pages["/"])
    tab.press("العربية")
    wrong = []
    for kind, address in pages.items():
        tab.open(address)
        name = re.sub(r"\W+", "-", kind.partition("{")[0]).strip("-") or "home"
        tab.keep_picture(f"{name}{'-one' if '{' in kind else ''}-arabic")
        if not tab.tell("document.documentElement.dir === 'rtl' && document.documentElement.scrollWidth <= innerWidth"):
            wrong.append(kind)
        isolated = (
            "[...document.querySelectorAll('bdi')].every((one) => getComputedStyle(one).unicodeBidi === 'isolate')"
        )
        if not tab.tell(isolated):
            wrong.append(f"{kind}: a name is not set apart")
    tab.press("English")
    assert not wrong
    assert tab.tell("document.documentElement.dir") == "ltr"


def test_a_phone_shows_the_whole_form_for_a_post_on_one_screen(tab: Tab, pages: dict[str, str]) -> None:
    tab.resize(*SIZES["phone"])
    tab.open(pages["/post"])
    tab.wait_for("can see it now.")
    bottom = "document.querySelector('#post .acts button').getBoundingClientRect().bottom"
    assert tab.tell(bottom) <= SIZES["phone"][1], tab.tell(bottom)


def reach(tab: Tab, selector: str) -> None:
    """Press Tab until what `selector` finds has the focus, which must be seen each time."""
    for _ in range(TABS_MAX):
        tab.key("Tab")
        outline = tab.tell(
            "(() => { const one = document.activeElement, box = one.closest('label') ?? one;"
            " return [one, box].some((it) => parseFloat(getComputedStyle(it).outlineWidth) >= 2"
            " && getComputedStyle(it).outlineStyle !== 'none') || one === document.body; })()"
        )
        assert outline, tab.tell("document.activeElement.outerHTML")
        if tab.tell(f"document.activeElement.matches({json.dumps(selector)})"):
            return
    raise AssertionError(f"Tab never leads to {selector}: {tab.text()}")


@pytest.mark.parametrize(("scripts", "wanted"), [(True, "Plums"), (False, "Pears")], ids=["scripts", "no scripts"])
def test_one_discovers_asks_and_posts_with_the_keyboard_alone(
    tab: Tab, home: Path, *, scripts: bool, wanted: str
) -> None:
    tab.resize(*SIZES["laptop"])
    tab.use_scripts(on=scripts)
    try:
        tab.open(tab.tell("location.origin") + "/")
        reach(tab, "nav a[href='/discover']")
        tab.go("Enter")
        reach(tab, "#q")
        tab.type(wanted)
        tab.go("Enter")
        reach(tab, "main article a")
        tab.go("Enter")
        reach(tab, "textarea[name=message]")
        tab.type("May I?")
        reach(tab, "main form button")
        tab.go("Enter")
        assert "Your request is on its way" in tab.text()
        reach(tab, "nav a[href='/post']")
        tab.go("Enter")
        reach(tab, "[name=title]")
        tab.type("Kale")
        reach(tab, "[name=category]")
        tab.key("ArrowDown")
        reach(tab, "[name=audience]")
        tab.key("ArrowDown")
        tab.key("ArrowDown")
        reach(tab, "main form button:not([name])")
        tab.go("Enter")
        assert "It is posted." in tab.text()
    finally:
        tab.use_scripts(on=True)
