"""Previews and what-if questions are answered over HTTP and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.context import Caller


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/previews", {"type": "offer", "title": "Chairs"}),
        ("/v1/previews/Drill", {"audience": "my_cell"}),
        ("/v1/what-if/vouch/Carol", {"trust": 0.3}),
        ("/v1/what-if/unvouch/Bob", None),
        ("/v1/what-if/block/Bob", None),
        ("/v1/what-if/sharing", {"audience": "network_wide", "place": {"lat": 52.52, "lon": 13.4}}),
    ],
)
async def test_a_preview_is_answered_and_changes_nothing(alice: Caller, path: str, body: Any) -> None:
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Drill"})
    before = [(await alice("GET", f"/v1/{part}")).body for part in ("listings", "people", "blocks", "sharing")]
    assert (await alice("POST", path, body)).status == 200
    assert [(await alice("GET", f"/v1/{part}")).body for part in ("listings", "people", "blocks", "sharing")] == before


async def test_the_audience_of_a_listing_is_shown(alice: Caller) -> None:
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Drill"})
    answer = await alice("GET", "/v1/audience/Drill")
    assert (answer.status, answer.body["count"]) == (200, 2)
    assert (await alice("GET", "/v1/audience/Saw")).status == 404


async def test_the_people_who_would_see_more_without_a_block_are_shown(alice: Caller) -> None:
    await alice("PUT", "/v1/blocks/Bob")
    answer = await alice("POST", "/v1/what-if/unblock/Bob")
    assert [gained["person"]["name"] for gained in answer.body["viewers_gained"]] == ["Bob"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/previews", {"type": "gift", "title": "Chairs"}, 400),
        ("/v1/previews", {"title": "Chairs"}, 400),
        ("/v1/previews/Nothing", {"title": "Chairs"}, 404),
        ("/v1/what-if/vouch/Bob", {}, 400),
        ("/v1/what-if/vouch/Bob", {"trust": 0}, 400),
        ("/v1/what-if/vouch/Zed", {"trust": 0.5}, 404),
        ("/v1/what-if/unvouch/Carol", None, 404),
        ("/v1/what-if/block/Alice", None, 409),
        ("/v1/what-if/unblock/Bob", None, 404),
        ("/v1/what-if/sharing", {}, 400),
        ("/v1/what-if/sharing", {"radius_km": -1}, 400),
    ],
)
async def test_a_preview_of_an_impossible_act_is_refused(alice: Caller, path: str, body: Any, status: int) -> None:
    assert (await alice("POST", path, body)).status == status
