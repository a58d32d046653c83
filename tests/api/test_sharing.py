"""The sharing preference is read and changed over HTTP, and bad input changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.context import Caller


async def test_the_preference_is_read_and_changed(alice: Caller) -> None:
    before = (await alice("GET", "/v1/sharing")).body
    assert (before["audience"], before["place"], before["published"]) == ("trusted_network", None, None)
    change = {"audience": "anyone_local", "precision": "exact", "radius_km": 3, "place": {"lat": 52.52, "lon": 13.405}}
    changed = await alice("PATCH", "/v1/sharing", change)
    assert changed.status == 200
    assert changed.body["place"] == {"lat": 52.52, "lon": 13.405}
    assert changed.body["published"]["across_km"] == 0.02
    assert (await alice("GET", "/v1/sharing")).body == changed.body
    without = await alice("PATCH", "/v1/sharing", {"no_place": True, "audience": "my_cell"})
    assert without.body["published"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"audience": "everybody"},
        {"audience": "anyone_local"},
        {"precision": "street"},
        {"radius_km": -1},
        {"radius_km": 0},
        {"radius_km": 20_001},
        {"radius_km": 2.5},
        {"radius_km": "25"},
        {"place": {"lat": 91, "lon": 0}},
        {"place": {"lat": 1}},
        {"place": {"lat": 1, "lon": 1}, "no_place": True},
        {"presicion": "city"},
    ],
)
async def test_bad_input_is_refused_and_changes_nothing(alice: Caller, body: dict[str, Any]) -> None:
    before = (await alice("GET", "/v1/sharing")).body
    answer = await alice("PATCH", "/v1/sharing", body)
    assert answer.status == 400
    assert answer.body["error"]["message"]
    assert (await alice("GET", "/v1/sharing")).body == before
