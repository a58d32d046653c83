"""A link at rest knows whether the other end is still there, and a lost packet does not end it."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from meshnode.net.peer_link import ANSWER_SECONDS, FRESH_SECONDS, PeerLink
from meshnode.net.tcp_watch import UNDER_WAY_SECONDS, TcpWatch
from tests.net.links import BOB, FakeConversation, linked


class FakeTcp(TcpWatch):
    """A kernel that has last heard of the other end at `heard`, and that hears of it after `answers_after` when it asks."""

    def __init__(self, *, silent: float | None, answers_after: float = float("inf")) -> None:
        self.heard = None if silent is None else trio.current_time() - silent
        self.answers_after = answers_after
        self.asked: list[float] = []
        self.enough: list[float] = []
        self.acknowledged = True
        self.state: list[str] = []

    def begin(self) -> None:
        self.under_way()

    def under_way(self) -> None:
        self.state.append("under way")

    def at_rest(self) -> bool:
        if self.acknowledged:
            self.state.append("at rest")
        return self.acknowledged

    @property
    def silent_seconds(self) -> float | None:
        now = trio.current_time()
        if self.asked and now >= self.asked[-1] + self.answers_after:
            self.heard = max(self.heard or 0.0, self.asked[-1] + self.answers_after)
        return None if self.heard is None else now - self.heard

    def ask(self) -> None:
        self.asked.append(trio.current_time())

    def asked_enough(self) -> None:
        self.enough.append(trio.current_time())


def shown(*links: PeerLink) -> list[PeerLink]:
    """Return those of these links whose other end counts as connected."""
    return [link for link in links if link.answers]


async def test_somebody_who_answers_is_asked_once_and_counts_as_there(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    tcp = FakeTcp(silent=60.0, answers_after=0.1)
    link = (await linked(nursery, FakeConversation(peer=BOB), tcp=tcp)).link
    begun = trio.current_time()
    async with trio.open_nursery() as several:
        for _ in range(3):
            several.start_soon(link.check)
    assert len(tcp.asked) == len(tcp.enough) == 1
    assert trio.current_time() - begun < 2 * 0.1
    assert link.answers
    await link.check()
    assert len(tcp.asked) == 1  # it has just answered


async def test_somebody_who_is_gone_no_longer_counts_as_there_until_a_sign_of_life(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    tcp = FakeTcp(silent=60.0, answers_after=20.0)
    link = (await linked(nursery, FakeConversation(peer=BOB), tcp=tcp)).link
    begun = trio.current_time()
    await link.check()
    assert trio.current_time() == pytest.approx(begun + ANSWER_SECONDS)
    assert shown(link) == []
    await link.check()  # the answer is known: nobody waits for it again
    assert trio.current_time() == pytest.approx(begun + ANSWER_SECONDS)
    assert len(tcp.asked) == 1
    await trio.sleep_until(begun + 24.0)
    assert shown(link) == [link]
    assert len(tcp.enough) == 1


@pytest.mark.parametrize("silent", [0.0, FRESH_SECONDS - 0.1, None])
async def test_nobody_is_asked_who_was_just_heard_or_of_whom_the_system_says_nothing(
    nursery: trio.Nursery, autojump_clock: MockClock, silent: float | None
) -> None:
    tcp = FakeTcp(silent=silent)
    link = (await linked(nursery, FakeConversation(peer=BOB), tcp=tcp)).link
    await link.check()
    assert not tcp.asked
    assert link.answers


async def test_a_link_rests_when_what_it_wrote_is_acknowledged_and_not_before(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """While something is under way a dead route is noticed soon; at rest a lost probe must not end the connection."""
    tcp = FakeTcp(silent=0.0)
    ends = await linked(nursery, FakeConversation(peer=BOB), tcp=tcp)
    ends.conversation.outbox.append(b"news")
    tcp.acknowledged = False
    ends.link.wake()
    await wait_all_tasks_blocked()
    await ends.other.send_all(b"hello")
    await wait_all_tasks_blocked()
    assert tcp.state[-1] == "under way"
    tcp.acknowledged = True
    await trio.sleep(UNDER_WAY_SECONDS + 1)
    assert tcp.state[-1] == "at rest"


async def test_an_answer_lets_a_link_rest_at_once(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    tcp = FakeTcp(silent=0.0)
    ends = await linked(nursery, FakeConversation(outbox=[b"question"]), dialed=True, tcp=tcp)
    assert tcp.state[-1] == "under way"
    await ends.other.send_all(b"answer")
    await ends.other.receive_some()
    assert "at rest" in tcp.state
