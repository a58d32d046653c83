"""Who may knock: foreign Host or Origin are turned away before anything happens, and answers are not cached."""

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
async def test_what_a_foreign_page_could_send_is_forbidden(
    alice: Caller, headers: dict[str, str], method: str, path: str
) -> None:
    answer = await alice(method, path, {} if method == "POST" else None, headers=headers)
    assert (answer.status, answer.body["error"]["code"]) == (403, "forbidden")
    assert not alice.replica.store.cards.issued_live(alice.replica.clock.now())


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_form_cannot_post(alice: Caller, kind: str) -> None:
    answer = await alice("POST", "/v1/cards", {}, headers={"content-type": kind})
    assert answer.status == 400


async def test_answers_are_neither_cached_nor_guessed_at(alice: Caller) -> None:
    answer = await alice("GET", "/v1/status")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
