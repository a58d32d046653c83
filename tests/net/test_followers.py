"""Conversations follow commits a few at a time: no commit waits for all of them, and none of them is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from meshnode.clock import Clock
from meshnode.net import followers as module
from meshnode.net.followers import Followers
from meshnode.net.peer_link import PeerLink
from meshnode.replica.changes import Change
from meshnode.slices import SLICE_SECONDS
from protocol import limits

MANY = 64
FITTING = 3  # of them have room in one slice


@dataclass(eq=False)
class FakeLink:
    """A link whose conversation takes a third of a slice to follow."""

    spend: Callable[[], None]
    fails: bool = False
    noted: list[Change] = field(default_factory=list)
    followed: list[Change] = field(default_factory=list)
    woken: int = 0
    dropped: bool = False
    origin: Any = field(default_factory=lambda: SimpleNamespace(address="192.0.2.7:4747"))

    @property
    def conversation(self) -> FakeLink:
        return self

    @property
    def behind(self) -> bool:
        return bool(self.noted)

    @property
    def waiting(self) -> bool:
        return bool(self.followed)

    def note(self, change: Change) -> None:
        self.noted.append(change)

    def follow(self) -> None:
        self.spend()
        if self.fails:
            raise RuntimeError("a bug of ours")
        self.followed += self.noted
        self.noted.clear()

    def wake(self) -> None:
        self.woken += 1

    def drop(self) -> None:
        self.dropped = True


class Inline:
    """Stands in for the store thread, and counts how much was followed in the longest of its calls."""

    def __init__(self, calls: list[int]) -> None:
        self._calls = calls

    async def run(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        self._calls.append(0)
        return function(*arguments)


class Room:
    """Many links, and the calls in which they follow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.calls = [0]  # how many followed in each
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.seconds))
        self.links = [FakeLink(self._spend) for _ in range(MANY)]
        self.date = Clock()
        links = lambda: cast(tuple[PeerLink, ...], tuple(self.links))  # noqa: E731
        self.followers = Followers(Inline(self.calls), self.date.subscribe, links)

    def _spend(self) -> None:
        self.seconds += SLICE_SECONDS / FITTING
        self.calls[-1] += 1


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


async def test_all_follow_and_no_call_takes_longer_than_a_slice(
    room: Room, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    nursery.start_soon(room.followers.run)
    changes = [Change(trust=True), Change(trust=True)]
    for change in changes:
        room.followers.wake(room.followers.note(change))
    await wait_all_tasks_blocked()
    assert all(link.followed == changes for link in room.links)
    assert all(link.woken for link in room.links)
    assert max(room.calls) <= 2 * FITTING  # the first entry has the two commits themselves
    assert len(room.calls) > MANY / FITTING / 2


async def test_a_commit_itself_has_as_many_follow_as_fit_and_those_that_wait_longest_go_first(room: Room) -> None:
    room.followers.note(Change(trust=True))
    at_once = [bool(link.followed) for link in room.links]
    assert sum(at_once) in (FITTING, FITTING + 1)
    room.followers.note(Change())
    assert not room.links[0].followed[1:], "the first has followed before, so the others go before it"


async def test_a_conversation_that_fails_costs_its_own_link_only(room: Room, nursery: trio.Nursery) -> None:
    room.links[1].fails = room.links[MANY - 2].fails = True
    nursery.start_soon(room.followers.run)
    room.followers.wake(room.followers.note(Change(trust=True)))
    await wait_all_tasks_blocked()
    assert [link.dropped for link in room.links] == [link.fails for link in room.links]
    assert all(link.followed for link in room.links if not link.fails)


async def test_all_links_are_woken_when_the_node_comes_to_go_by_another_date(
    room: Room, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    nursery.start_soon(room.followers.run)
    await wait_all_tasks_blocked()
    room.date.set_date(room.date.now() + 400 * limits.DAY)
    await wait_all_tasks_blocked()
    assert all(link.woken == 1 for link in room.links)
