"""Nodes with real sockets: a person who has used up their share, or breaks the protocol, is turned away at the door."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from meshnode.app.explain.status import problems
from meshnode.net import misbehavior, refused_callers
from meshnode.net.dial_outcome import DialOutcome
from meshnode.replica import served_set
from protocol import limits, person_text
from tests.support.network import connect, start, until


async def test_a_person_who_has_used_up_their_share_gains_nothing_by_calling_again(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, guest = await start(nursery, "Hub"), await start(nursery, "Guest")
    await connect(guest, hub)
    hub.network._connections.door.fair_share.spend(
        guest.replica.me, 10 * limits.WORK_BURST_SECONDS, trio.current_time()
    )
    for link in hub.network.links:
        link.drop()
    await until(lambda: not hub.network.links and not guest.network.links, "the connection is lost")
    served: list[bytes] = []

    made = served_set.ServedSet.__init__

    def counted(self: served_set.ServedSet, *arguments: Any, **more: Any) -> None:
        if arguments[3] == hub.replica.me:  # the hub's set for the guest
            served.append(arguments[4])
        made(self, *arguments, **more)

    monkeypatch.setattr(served_set.ServedSet, "__init__", counted)
    busy: list[str] = []
    for _ in range(5):
        before = len(guest.network.attempts(hub.replica.me))
        guest.network.look_again()
        await until(lambda n=before: len(guest.network.attempts(hub.replica.me)) > n, "the guest calls again")  # type: ignore[misc]
        busy.append(guest.network.attempts(hub.replica.me)[-1].outcome)
    assert set(busy) == {DialOutcome.BUSY.value}
    assert served == []
    assert not hub.peers()


async def test_a_person_who_is_turned_away_again_and_again_gets_no_answer_any_longer(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault: each call of somebody who does not listen costs a handshake."""
    monkeypatch.setattr(refused_callers, "is_loopback", lambda _: False)  # as if they were two machines
    monkeypatch.setattr(refused_callers, "REFUSALS_A_MINUTE", 3)
    hub, guest = await start(nursery, "Hub"), await start(nursery, "Guest")
    await connect(guest, hub)
    hub.network._connections.door.fair_share.spend(
        guest.replica.me, 10 * limits.WORK_BURST_SECONDS, trio.current_time()
    )
    for link in hub.network.links:
        link.drop()
    await until(lambda: not hub.network.links and not guest.network.links, "the connection is lost")
    outcomes: list[str] = []
    while DialOutcome.NO_ANSWER.value not in outcomes:
        before = len(guest.network.attempts(hub.replica.me))
        guest.network.look_again()
        await until(lambda n=before: len(guest.network.attempts(hub.replica.me)) > n, "the guest calls again")  # type: ignore[misc]
        outcomes.append(guest.network.attempts(hub.replica.me)[-1].outcome)
    assert outcomes[:3] == [DialOutcome.BUSY.value] * 3
    assert len(outcomes) <= 3 + 2


async def test_a_person_whose_account_has_used_up_its_share_is_not_called_either(nursery: trio.Nursery) -> None:
    caller, other = await start(nursery, "Caller"), await start(nursery, "Other")
    await connect(caller, other)
    caller.network._connections.door.fair_share.spend(
        other.replica.me, 10 * limits.WORK_BURST_SECONDS, trio.current_time()
    )
    for link in caller.network.links:
        link.drop()
    await until(lambda: not caller.network.links, "the connection is lost")
    before = len(caller.network.attempts(other.replica.me))
    caller.network.look_again()
    await until(lambda: len(caller.network.attempts(other.replica.me)) > before, "a call is due")
    assert caller.network.attempts(other.replica.me)[-1].outcome == DialOutcome.NOT_YET.value
    assert not caller.network.links


async def test_status_names_the_person_whose_nodes_break_the_protocol_and_they_are_turned_away(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misbehavior, "TOLERATED", 0.5)
    hub, guest = await start(nursery, "Hub"), await start(nursery, "Guest")
    await connect(guest, hub)
    [link] = guest.network.links
    assert not hub.network.state().misbehaving

    def send_nonsense() -> None:
        talk: Any = link.conversation
        talk._outbox.append(talk._channel.send(b"\x92\x05\xc1"))

    await guest.store_thread.run(send_nonsense)
    link.wake()
    await until(lambda: hub.network.state().misbehaving, "the hub remembers the fault")
    found = await hub.store_thread.run(problems, hub.replica, hub.network.state())
    [named] = [problem for problem in found if problem.code == "misbehaving"]
    assert named.about == (person_text(guest.replica.me),)
    guest.network.look_again()
    await until(
        lambda: guest.network.attempts(hub.replica.me)[-1].outcome == DialOutcome.BUSY.value, "the guest is turned away"
    )
