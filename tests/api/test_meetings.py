"""The requests by which two people meet: one shows a code and waits, the other types it."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.api.context import Answer, Caller


async def test_a_code_that_is_typed_connects_and_the_one_who_waits_is_told(
    callers: tuple[Caller, ...], nursery: trio.Nursery
) -> None:
    alice, _, carol = callers
    nursery.start_soon(alice.context.feed.run)
    shown = await alice("POST", "/v1/meeting", {"trust": 0.5})
    assert shown.status == 201
    answers: list[Answer] = []

    async def wait() -> None:
        answers.append(await alice("GET", "/v1/meeting?wait=45"))

    async with trio.open_nursery() as waiting:
        waiting.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not answers
        carol.network.shower = alice.replica
        added = await carol("POST", "/v1/meetings", {"words": shown.body["words"], "wait": 0})
    assert (added.status, added.body["person"]["name"], added.body["trust"]) == (201, "Alice", 0.8)
    assert answers[0].body["state"] == "met"
    assert answers[0].body["person"]["name"] == "Carol"
    assert answers[0].body["words"] is None
    assert carol.network.looked == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"words": "7-falcon"}, 400, "usage", "words"),
        ({"words": "7-falcom-teapot"}, 400, "usage", "words"),
        ({"words": "7-falcon-teapot", "trust": 2}, 400, "usage", "trust"),
        ({"words": "7-falcon-teapot", "peer": "::"}, 400, "usage", None),
        ({"words": "7-falcon-teapot"}, 500, "failed", None),
    ],
)
async def test_each_fault_has_its_error(
    callers: tuple[Caller, ...], body: dict[str, object], status: int, code: str, field: str | None
) -> None:
    answer = await callers[0]("POST", "/v1/meetings", body)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["field"]) == (status, code, field)


async def test_who_waits_in_vain_is_answered_in_time(callers: tuple[Caller, ...], autojump_clock: MockClock) -> None:
    alice, *_ = callers
    assert (await alice("GET", "/v1/meeting?wait=45")).body["state"] == "none"
    await alice("POST", "/v1/meeting", {})
    begun = trio.current_time()
    answer = await alice("GET", "/v1/meeting?wait=100000")
    assert answer.body["state"] == "waiting"
    assert trio.current_time() - begun == pytest.approx(45)


async def test_the_words_of_a_device_code_come_with_it(callers: tuple[Caller, ...]) -> None:
    alice, *_ = callers
    made = await alice("POST", "/v1/device-codes", {})
    assert made.body["text"].startswith("mdev1")
    assert (await alice("GET", "/v1/meeting")).body["words"] == made.body["words"]
