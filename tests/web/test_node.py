"""The node on the page: its status with what to do next, its devices, what it holds, the export, and saved searches."""

from __future__ import annotations

import json
import random

import pytest

from meshnode.app.devices import joining
from meshnode.app.explain.problem import Problem
from meshnode.app.peers.conversation import Conversation
from protocol import DeviceKeys, device_text
from protocol.tokens import DeviceCode
from tests.app.neighbors import settle_in
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def test_the_status_says_each_problem_with_a_link_to_what_helps(browsers: Browsers) -> None:
    alice = browsers[0]
    page = await alice.get("/status")
    assert "Ready. Not connected to anyone." in page.text
    hints = ("if it was lost, revoke it: meshnode device revoke abc", "to try it: meshnode run --interface NAME")
    alice.network.now = type(alice.network.now)(
        ready=True, problems=tuple(Problem("x", f"<b>wrong {hint[:5]}</b>", hint) for hint in hints)
    )
    page = await alice.get("/status")
    assert "<b>wrong if it</b> Remove a device that you no longer use, or that was stolen. Devices" in page.text
    assert page.links["Devices"] == "/devices"
    assert "<b>wrong to tr</b> to try it: meshnode run --interface NAME" in page.text
    assert "<b>wrong" not in page.html


async def test_the_status_looks_for_problems_and_syncs(browsers: Browsers) -> None:
    alice = browsers[0]
    page = await alice.send(await alice.get("/status"), "/status", "Look for problems")
    assert "What was looked at" in page.text
    assert "Good:" in page.text
    assert "meshnode card" not in page.text
    page = await alice.send(page, "/status", "Sync now")
    assert "Everybody in reach was asked for what is new." in page.text
    assert alice.network.looked == 1


async def test_data_says_who_fills_the_node(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    await carol.send(await carol.get("/post"), "/post", "Post it", title="Drill", audience="network_wide")
    mesh.settle()
    page = await alice.get("/data")
    quota = alice.context.replica.quota
    others = quota.others()
    assert f"Of others: {others.records} items" in page.text
    assert f"Bob {others.records}" in page.text  # everybody comes through Bob
    await alice.send(await alice.get("/post"), "/post", "Post it", title="Ladder")
    export = await alice.get(page.links["Save the export"])
    assert export.headers["content-disposition"] == 'attachment; filename="meshnode-export.json"'
    assert [one["title"] for one in json.loads(export.html)["listings"]] == ["Ladder"]


async def test_a_computer_is_added_by_a_code_and_by_comparing_words(browsers: Browsers) -> None:
    alice = browsers[0]
    page = await alice.send(await alice.get("/devices"), "/devices", "Make a code", name="Laptop")
    assert "For Laptop only" in page.text
    assert "mdev1" in page.text
    wrong = await alice.send(await alice.get("/devices"), "/devices", "Make a code", name="x" * 300)
    assert wrong.status == 400
    assert "name" in wrong.text


@pytest.mark.parametrize(
    ("button", "said", "over"),
    [("Yes, the same", "It becomes one of your devices now.", True), ("No, refuse it", "It was refused.", False)],
)
async def test_the_words_of_the_computer_that_waits_are_compared(
    mesh: Mesh, browsers: Browsers, button: str, said: str, *, over: bool
) -> None:
    alice = browsers[0]
    replica = alice.context.replica
    page = await alice.send(await alice.get("/devices"), "/devices", "Make a code", name="Laptop")
    code = DeviceCode.parse(next(word for word in page.text.split() if word.startswith("mdev1")))
    chance = random.Random(5).randbytes
    asking = joining.EnrolmentConversation(code, DeviceKeys(chance(32), chance(32), chance(32)), chance)
    answering = Conversation.answering(replica, mesh.nodes["Alice"].seen, 0.0)
    while not answering.enrolling:
        answering.receive(asking.data_to_send(), 0.0)
        asking.receive(answering.data_to_send())
    page = await alice.get("/devices")
    assert " ".join(asking.words) in page.text
    assert said in (await alice.send(page, "/devices", button)).text
    answering.tick(0.0)
    asking.receive(answering.data_to_send())
    assert (asking.grant is not None) is over
    assert "A computer waits" not in (await alice.get("/devices")).text


async def test_a_device_is_removed_after_a_question(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    other = mesh.join_device("Laptop", "Alice")
    mesh.wire("Alice", "Laptop")
    mesh.settle()
    browser = PlainBrowser(alice.replica)
    await browser.sign_in()
    at = f"/devices/{device_text(other.replica.device)}"
    page = await browser.get((await browser.get("/devices")).links["Laptop"])
    assert "Remove Laptop? It can no longer act for you. This cannot be undone." in page.text
    assert "not connected" in (await browser.get("/devices")).text
    done = await browser.send(page, at, "Yes, remove it")
    assert "Laptop can no longer act for you." in done.text
    again = await browser.send(page, at, "Yes, remove it")
    assert again.text == done.text  # a double click
    assert "revoked" in (await browser.get("/devices")).text
    assert (await browser.send(await browser.get(at), at, "Yes, remove it")).status == 409


async def test_a_search_is_saved_from_discover_and_removed(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    assert "No saved searches yet." in (await alice.get("/searches")).text
    found = await alice.get("/discover?q=drill&category=tools&trust=0.3")
    saved = await alice.send(found, "/searches", "Save this search")
    assert "The search is saved." in saved.text
    assert '"drill", tools, trust 0.3 or more' in saved.text
    hostile = "<script>alert(1)</script> drill"
    form = await carol.get("/post")
    await carol.send(form, "/post", "Post it", title=hostile, category="tools", audience="network_wide")
    mesh.settle()
    page = await alice.get("/searches")
    assert hostile in page.text
    assert "<script>alert" not in page.html
    removed = await alice.send(page, "/searches/1", "Remove")
    assert "The search is removed." in removed.text
    assert "No saved searches yet." in removed.text
    assert (
        await alice.post("/searches/1", page.form("/searches/1").fields | {"act": "remove", "once": ""})
    ).status == 404


@pytest.mark.parametrize("fields", [{"within": "far"}, {"trust": "much"}, {"type": "gift", "q": "x"}])
async def test_a_search_that_makes_no_sense_is_said_on_the_page(browsers: Browsers, fields: dict[str, str]) -> None:
    alice = browsers[0]
    form = (await alice.get("/discover?q=drill")).form("/searches").fields
    page = await alice.post("/searches", form | fields)
    assert page.status == 400
    assert "Saved searches" in page.text
