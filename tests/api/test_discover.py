"""Searches, news, watches and hidden listings work over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.context import Caller
from tests.support.mesh import Mesh

Callers = tuple[Caller, Caller, Caller]


async def offers(mesh: Mesh, caller: Caller, *titles: str) -> None:
    for title in titles:
        await caller("POST", "/v1/listings", {"type": "offer", "title": title, "audience": "network_wide"})
    mesh.settle()


async def test_each_page_of_a_search_has_the_number_of_the_next(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    await offers(mesh, bob, "Chair", "Table", "Lamp")
    titles: list[str] = []
    page: int | None = 1
    while page is not None:
        found = (await alice("GET", f"/v1/discover?limit=2&page={page}&sort=new")).body
        titles += [result["title"] for result in found["results"]]
        page = found["next"]
    assert sorted(titles) == ["Chair", "Lamp", "Table"]


async def test_posting_to_the_news_marks_them_as_seen_and_getting_them_does_not(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    await offers(mesh, bob, "Chair")
    peeked = await alice("GET", "/v1/news")
    assert peeked.body == (await alice("GET", "/v1/news")).body
    assert (await alice("POST", "/v1/news", {})).body == peeked.body
    cleared = (await alice("POST", "/v1/news", {"clear": True})).body
    assert cleared == {
        "results": [],
        "alerts": [],
        "total": 0,
        "waiting": {"things": 0, "people": 0, "kinds": [], "strangers": 0},
    }


async def test_a_watch_is_saved_shown_and_deleted(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    saved = await alice("POST", "/v1/watches", {"words": "drill", "type": "offer"})
    assert (saved.status, saved.body["words"], saved.body["alerts"]) == (201, "drill", [])
    await offers(mesh, bob, "Drill")
    (watch,) = (await alice("GET", "/v1/watches")).body["watches"]
    assert [alert["title"] for alert in watch["alerts"]] == ["Drill"]
    assert (await alice("GET", "/v1/status")).body["alerts"] == 1
    assert (await alice("DELETE", f"/v1/watches/{saved.body['id']}")).status == 200
    assert (await alice("GET", "/v1/watches")).body == {"watches": []}
    assert (await alice("GET", "/v1/status")).body["alerts"] == 0


async def test_a_listing_is_hidden_listed_and_shown_again(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    await offers(mesh, bob, "Chair", "Table")
    hidden = await alice("PUT", "/v1/hidden/Chair")
    assert (hidden.status, hidden.body["title"]) == (200, "Chair")
    found = (await alice("GET", "/v1/discover")).body
    assert ([result["title"] for result in found["results"]], found["set_aside"]) == (["Table"], 1)
    assert (await alice("GET", "/v1/hidden")).body == {"hidden": [hidden.body]}
    assert (await alice("DELETE", "/v1/hidden/chair")).body == hidden.body
    assert (await alice("GET", "/v1/hidden")).body == {"hidden": []}


BAD: list[tuple[str, str, Any, int]] = [
    ("GET", "/v1/news?limit=0", None, 400),
    ("GET", "/v1/news?clear=true", None, 400),
    ("POST", "/v1/news", {"limit": 1001}, 400),
    ("POST", "/v1/news", {"limit": "10"}, 400),
    ("POST", "/v1/watches", {}, 400),
    ("POST", "/v1/watches", {"category": "money"}, 400),
    ("POST", "/v1/watches", {"words": "x" * 201}, 400),
    ("POST", "/v1/watches", {"words": "drill", "sort": "new"}, 400),
    ("POST", "/v1/watches", {"words": "drill", "trust": 0}, 400),
    ("DELETE", "/v1/watches/1", None, 404),
    ("DELETE", "/v1/watches/drill", None, 404),
    ("PUT", "/v1/hidden/Nothing", None, 404),
    ("PUT", "/v1/hidden/", None, 400),
    ("PUT", "/v1/hidden/Mine", None, 409),
    ("DELETE", "/v1/hidden/Mine", None, 404),
    ("DELETE", "/v1/hidden/", None, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
async def test_bad_input_is_refused_in_one_line_and_changes_nothing(
    alice: Caller, method: str, path: str, body: Any, status: int
) -> None:
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Mine"})
    answer = await alice(method, path, body)
    assert answer.status == status
    error = answer.body["error"]
    assert error["message"]
    assert "\n" not in error["message"] + error["hint"]
    finding = alice.replica.store.discover
    assert (finding.hidden(), finding.watches()) == ([], [])
