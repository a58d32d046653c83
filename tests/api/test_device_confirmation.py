"""A request for the computer that waits to become a device is answered when one waits, and nobody asks again and again."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from meshnode.app.devices import confirmation, device_list
from tests.api.context import Answer, Caller

PI = b"p" * 32
WORDS = "acorn album alley"


def ask(caller: Caller) -> None:
    """Let a computer use a device code of this node, as its connection would."""
    replica = caller.replica
    device_list.add(replica, device_list.DeviceOrder("Pi"), [("127.0.0.1", 4747)])
    (code,) = replica.store.devices.codes(replica.clock.now())
    confirmation.ask(replica, code.id, PI, WORDS)


async def test_a_request_that_waits_is_answered_as_soon_as_a_computer_waits(
    callers: tuple[Caller, ...], nursery: trio.Nursery
) -> None:
    alice, *_ = callers
    nursery.start_soon(alice.context.feed.run)
    answers: list[Answer] = []

    async def wait() -> None:
        answers.append(await alice("GET", "/v1/confirmation?wait=45"))

    async with trio.open_nursery() as asking:
        asking.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not answers
        ask(alice)
    assert answers[0].body == {"name": "Pi", "words": WORDS}


async def test_a_request_that_waits_finds_a_computer_that_waited_before(callers: tuple[Caller, ...]) -> None:
    alice, *_ = callers
    ask(alice)
    assert (await alice("GET", "/v1/confirmation?wait=45")).body["words"] == WORDS


@pytest.mark.parametrize(("asked", "waited"), [("", 0), ("?wait=20", 20), ("?wait=100000", 45), ("?wait=-5", 0)])
async def test_a_request_waits_no_longer_than_it_says_and_than_programs_do(
    callers: tuple[Caller, ...], autojump_clock: MockClock, asked: str, waited: int
) -> None:
    alice, *_ = callers
    begun = trio.current_time()
    assert (await alice("GET", f"/v1/confirmation{asked}")).body == {"name": None, "words": None}
    assert trio.current_time() - begun == pytest.approx(waited)
