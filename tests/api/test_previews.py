"""Looking first over the API: every answer fits its description, and nothing is done."""

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
async def test_looking_first_answers_and_changes_nothing(alice: Caller, path: str, body: Any) -> None:
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Drill"})
    before = [(await alice("GET", f"/v1/{what}")).body for what in ("listings", "people", "blocks", "sharing")]
    assert (await alice("POST", path, body)).status == 200
    assert [(await alice("GET", f"/v1/{what}")).body for what in ("listings", "people", "blocks", "sharing")] == before


async def test_the_audience_of_a_listing_is_told(alice: Caller) -> None:
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Drill"})
    told = await alice("GET", "/v1/audience/Drill")
    assert (told.status, told.body["count"]) == (200, 2)
    assert (await alice("GET", "/v1/audience/Saw")).status == 404


async def test_the_end_of_a_block_is_foretold(alice: Caller) -> None:
    await alice("PUT", "/v1/blocks/Bob")
    told = await alice("POST", "/v1/what-if/unblock/Bob")
    bob, others = told.body["viewers_gained"][0], told.body["viewers_gained"][1:]
    assert (bob["person"]["name"], len(others)) == ("Bob", 1)


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
async def test_what_could_not_be_done_is_refused(alice: Caller, path: str, body: Any, status: int) -> None:
    assert (await alice("POST", path, body)).status == status
