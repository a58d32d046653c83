"""Requests that a web page could send are refused before they have any effect, and answers are not cached."""

from __future__ import annotations

import pytest

from tests.api.context import Caller


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "localhost:80@evil.example"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/status"), ("POST", "/v1/cards"), ("GET", "/openapi.json")])
async def test_requests_that_a_web_page_could_send_are_forbidden(
    alice: Caller, headers: dict[str, str], method: str, path: str
) -> None:
    answer = await alice(method, path, {} if method == "POST" else None, headers=headers)
    assert (answer.status, answer.body["error"]["code"]) == (403, "forbidden")
    assert not alice.replica.store.cards.issued_live(alice.replica.clock.now())


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_a_type_that_a_web_form_can_send_is_refused(alice: Caller, kind: str) -> None:
    answer = await alice("POST", "/v1/cards", {}, headers={"content-type": kind})
    assert answer.status == 400


async def test_browsers_neither_cache_answers_nor_guess_their_type(alice: Caller) -> None:
    answer = await alice("GET", "/v1/status")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
