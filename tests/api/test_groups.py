"""Groups work over HTTP, and bad input changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.context import Caller
from tests.support.mesh import Mesh

Callers = tuple[Caller, Caller, Caller]


async def test_a_group_is_founded_joined_and_left_over_http(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    founded = await alice("POST", "/v1/groups", {"kind": "cell", "name": "Elm Street"})
    assert (founded.status, founded.body["forming"]) == (201, True)
    invited = await alice("POST", "/v1/invitations/Elm?kind=cell", {"person": "Bob"})
    assert (invited.status, invited.body["person"]["name"]) == (201, "Bob")
    mesh.settle()
    waiting = await bob("GET", "/v1/groups?kind=cell")
    assert [found["name"] for found in waiting.body["invitations"]] == ["Elm Street"]
    assert (await bob("PUT", "/v1/memberships/Elm%20Street?kind=cell")).body["count"] == 2
    mesh.settle()
    shown = await alice("GET", "/v1/groups?name=elm")
    assert [member["person"]["name"] for member in shown.body["groups"][0]["members"]] == ["Alice", "Bob"]
    assert (await bob("DELETE", "/v1/memberships/Elm%20Street")).status == 200
    assert (await bob("GET", "/v1/groups")).body == {"groups": [], "invitations": []}
    assert (alice.network.looked, bob.network.looked) == (1, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/groups", {"kind": "party", "name": "Elm"}, 400),
        ("POST", "/v1/groups", {"kind": "cell"}, 400),
        ("POST", "/v1/groups", {"kind": "cell", "name": "\x1b[2J"}, 400),
        ("POST", "/v1/groups", {"kind": "cell", "name": 5}, 400),
        ("GET", "/v1/groups?kind=party", None, 400),
        ("GET", "/v1/groups?name=Oak", None, 404),
        ("POST", "/v1/invitations/Oak", {"person": "Bob"}, 404),
        ("POST", "/v1/invitations/Oak?kind=party", {"person": "Bob"}, 400),
        ("POST", "/v1/invitations/Oak", {}, 400),
        ("PUT", "/v1/memberships/Oak", None, 404),
        ("PUT", "/v1/memberships/Oak?kind=party", None, 400),
        ("DELETE", "/v1/memberships/Oak", None, 404),
        ("DELETE", "/v1/memberships/", None, 400),
    ],
)
async def test_bad_input_is_refused_and_changes_nothing(
    alice: Caller, method: str, path: str, body: Any, status: int
) -> None:
    answer = await alice(method, path, body)
    assert answer.status == status
    assert answer.body["error"]["message"]
    assert (await alice("GET", "/v1/groups")).body == {"groups": [], "invitations": []}
