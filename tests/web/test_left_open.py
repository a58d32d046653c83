"""A page that is left open for a day grows nothing, in the browser or in the node, and comes back when the node does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshnode.local import feed
from meshnode.replica.replica import Replica
from tests.cli.village import daemon, meshnode
from tests.web.chromium import PROGRAM, Tab, browser
from tests.web.plain_browser import PlainBrowser

in_a_browser = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")

ROUNDS, EVENTS = 25, 400  # 10,000 events: one every nine seconds for a day
HEAP_BYTES = 512 * 1024  # by which the heap may differ at the end: the engine compiles code at its own time

# Keeps the streams that a page opens, and counts what it fetches; a long time until it tries again is made short.
WATCHED = """
window.streams = [];
window.EventSource = class extends EventSource { constructor(at) { super(at); streams.push(this); } };
window.fetched = 0; window.slow = 0; window.atOnce = 0; window.mostAtOnce = 0;
const really = window.fetch, later = window.setTimeout;
window.fetch = async (...asked) => {
  mostAtOnce = Math.max(mostAtOnce, ++atOnce);
  try { await new Promise((done) => later(done, slow)); return await really(...asked); } finally { atOnce -= 1; fetched += 1; }
};
window.setTimeout = (what, wait) => later(what, what.name === "listen" ? 50 : wait);
window.until = async (holds) => { while (!holds()) await new Promise((done) => later(done, 20)); };
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Yield a tab whose pages are watched."""
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        tab.prepare(WATCHED)
        yield tab


def open_mine(tab: Tab, home: Path) -> None:
    tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
    tab.open(f"{tab.tell('location.origin')}/mine")
    tab.tell("until(() => streams.at(-1).readyState === 1)")


def let_events_come(tab: Tab, events: int) -> None:
    """Let the stream of the page bring so many events, and wait until the page has fetched what they are about."""
    tab.tell(
        "(async () => { const before = fetched;"
        f" for (let n = 0; n < {events}; n++) streams.at(-1).dispatchEvent(new MessageEvent('listings', {{ data: '{{}}' }}));"
        " await until(() => fetched > before && atOnce === 0); })()"
    )


@in_a_browser
def test_ten_thousand_events_leave_the_page_as_it_was(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        open_mine(tab, home)

        def live() -> None:
            meshnode("--home", str(home), "offer", "Ladder")
            let_events_come(tab, EVENTS // 2)
            tab.wait_for("Ladder")
            meshnode("--home", str(home), "withdraw", "Ladder")
            let_events_come(tab, EVENTS // 2)
            tab.tell("until(() => !document.body.innerText.includes('Ladder'))")

        live()
        before = tab.holds()
        for _ in range(ROUNDS):
            live()
        after = tab.holds()
        assert after["Nodes"] == before["Nodes"]
        assert after["JSEventListeners"] == before["JSEventListeners"]
        assert after["Documents"] == before["Documents"]
        assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + HEAP_BYTES
        assert tab.tell("streams.length") == 1
        assert tab.tell("mostAtOnce") == 1
        assert tab.complaints() == []


@in_a_browser
def test_a_slow_node_is_asked_for_one_page_at_a_time_and_for_the_last_change_too(
    tab: Tab, alice: Replica, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        open_mine(tab, home)
        tab.tell(
            "(async () => { slow = 1500; for (let n = 0; n < 4; n++) {"
            " streams[0].dispatchEvent(new MessageEvent('listings', { data: '{}' }));"
            " const at = performance.now(); await until(() => performance.now() > at + 400); } })()"
        )
        assert tab.tell("mostAtOnce") == 1
        meshnode("--home", str(home), "offer", "Ladder")
        tab.wait_for("Ladder")
        assert tab.tell("mostAtOnce") == 1


@in_a_browser
def test_a_page_that_nobody_sees_holds_no_stream_and_is_fresh_when_it_is_seen(
    tab: Tab, alice: Replica, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        open_mine(tab, home)
        hidden = "Object.defineProperty(document, 'hidden', {{ value: {}, configurable: true }});"
        changed = "document.dispatchEvent(new Event('visibilitychange'));"
        tab.tell(hidden.format("true") + changed)
        assert tab.tell("streams.length === 1 && streams[0].readyState === 2")
        meshnode("--home", str(home), "offer", "Ladder")
        tab.tell(hidden.format("false") + changed)
        tab.wait_for("Ladder")
        assert tab.tell("streams.length") == 2


@in_a_browser
def test_a_page_comes_back_when_the_node_does(tab: Tab, alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        open_mine(tab, home)
    with daemon(alice, home):
        tab.tell("until(() => streams.at(-1).readyState === 1)")
        meshnode("--home", str(home), "offer", "Ladder")
        tab.wait_for("Ladder")


@in_a_browser
def test_a_page_whose_stream_was_refused_tries_again(
    tab: Tab, alice: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        with monkeypatch.context() as full:
            full.setattr(feed, "READERS_MAX", 0)
            tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
            tab.open(f"{tab.tell('location.origin')}/mine")
            tab.tell("until(() => streams.length > 2)")
        tab.tell("until(() => streams.at(-1).readyState === 1)")


async def test_a_thousand_pages_that_came_and_went_leave_nothing_in_the_node(alice: Replica) -> None:
    page = PlainBrowser(alice)
    await page.sign_in()
    for _ in range(1000):
        await page.ask("GET", "/events")
    readers = [page.context.feed.listen(None) for _ in range(feed.READERS_MAX)]
    for reader in readers:
        reader.close()
