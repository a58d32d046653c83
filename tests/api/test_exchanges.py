"""Exchanges work over HTTP, and bad input changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.context import Caller
from tests.support.mesh import Mesh

Callers = tuple[Caller, Caller, Caller]


async def begin(mesh: Mesh, callers: Callers, **request: Any) -> str:
    """Let Alice ask for Carol's drill until the request has arrived, and return the exchange's id."""
    alice, _, carol = callers
    drill = {"type": "offer", "title": "Drill", "category": "tools", "audience": "network_wide", "quantity": 2}
    await carol("POST", "/v1/listings", drill)
    mesh.settle()
    asked = await alice("POST", "/v1/requests/Drill", request)
    assert asked.status == 201
    assert asked.body == {"exchange": asked.body["exchange"], "state": "requested", "warning": None}
    mesh.settle()
    assert len((await carol("GET", "/v1/inbox")).body["exchanges"]) == 1
    mesh.settle()
    return str(asked.body["exchange"])


async def test_an_exchange_is_completed_over_http(mesh: Mesh, callers: Callers) -> None:
    alice, _, carol = callers
    exchange = await begin(mesh, callers, message="May I?", quantity=2)
    (waiting,) = (await carol("GET", "/v1/inbox")).body["exchanges"]
    assert (waiting["exchange"], waiting["with"]["name"], waiting["quantity"]) == (exchange, "Alice", 2)
    assert [message["text"] for message in waiting["messages"]] == ["May I?"]
    for who, act, state in (
        (carol, "accept", "agreed"),
        (alice, "say", "agreed"),
        (alice, "done", "agreed"),
        (carol, "done", "completed"),
    ):
        answer = await who("POST", f"/v1/moves/{exchange}", {"act": act, "message": "Thank you"})
        assert (answer.status, answer.body["state"]) == (201, state)
        mesh.settle()
        await alice("GET", "/v1/inbox")
        await carol("GET", "/v1/inbox")
        mesh.settle()
    for who in (alice, carol):
        (seen,) = (await who("GET", "/v1/exchanges?limit=1")).body["exchanges"]
        assert (seen["state"], seen["is_cross_community"]) == ("completed", None)
        assert len((await who("GET", f"/v1/exchanges/{exchange}")).body["messages"]) == 5
        counted = (await who("GET", "/v1/stats")).body
        assert (counted["completed"], counted["unknown"]) == (1, 1)
    assert (await carol("GET", "/v1/listings")).body["listings"] == []  # both drills are taken


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/moves/Drill", {"act": "done"}, 409),
        ("/v1/moves/Drill", {"act": "cancel"}, 409),
        ("/v1/moves/Drill", {"act": "returned"}, 409),
        ("/v1/moves/Drill", {"act": "ask"}, 400),
        ("/v1/moves/Drill", {"act": ""}, 400),
        ("/v1/moves/Drill", {"act": 2}, 400),
        ("/v1/moves/Drill", {"act": "say"}, 400),
        ("/v1/moves/Drill", {"act": "say", "message": "\x07"}, 400),
        ("/v1/moves/Drill", {"act": "accept", "message": "x" * 1001}, 400),
        ("/v1/moves/Drill", {"act": "accept", "because": "x"}, 400),
        ("/v1/moves/", {"act": "accept"}, 400),
        ("/v1/requests/Drill", {}, 409),
    ],
)
async def test_bad_input_is_refused_and_changes_nothing(
    mesh: Mesh, callers: Callers, path: str, body: Any, status: int
) -> None:
    carol = callers[2]
    await begin(mesh, callers)
    before = (await carol("GET", "/v1/exchanges")).body
    answer = await carol("POST", path, body)
    assert answer.status == status
    assert "\n" not in answer.body["error"]["message"] + answer.body["error"]["hint"]
    assert (await carol("GET", "/v1/exchanges")).body == before
