"""A link carries bytes between a socket and a conversation, keeps its timers, and ends in several ways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from meshnode.errors import StorageFailed
from meshnode.net.fair_share import PAUSE_MAX, FairShare
from meshnode.net.intake import FREE_BYTES, Intake
from meshnode.net.peer_link import PROVING_SECONDS, STALL_SECONDS
from meshnode.replica.changes import Change
from protocol import Code, limits
from tests.net.links import ALICE, BOB, RECORDS_HELD, Ends, FakeConversation, linked


async def test_bytes_go_in_and_out(nursery: trio.Nursery) -> None:
    ends = await linked(nursery)
    await ends.other.send_all(b"hello")
    assert await ends.other.receive_some() == b"hello"
    await wait_all_tasks_blocked()
    assert (ends.link.bytes_in, ends.link.bytes_out) == (5, 5)


async def test_a_session_is_opened_in_steps_between_which_the_store_thread_is_free(nursery: trio.Nursery) -> None:
    ends = await linked(nursery)
    called: list[str] = []
    plain = ends.link._store_thread.run

    async def run(function: Callable[..., Any], /, *arguments: Any) -> Any:
        called.append(getattr(arguments[1], "__name__", ""))
        return await plain(function, *arguments)

    ends.link._store_thread.run = run  # type: ignore[method-assign]
    assert ends.conversation.gives_way
    await ends.other.send_all(b"open")
    assert await ends.other.receive_some() == b"opened"
    assert called[:4] == ["receive", "go_on", "go_on", "go_on"]


async def test_the_first_message_of_a_dialer_is_sent_without_anything_received(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(outbox=[b"first"]), dialed=True)
    assert await ends.other.receive_some() == b"first"


async def test_it_reports_once_that_the_other_side_has_proven_who_it_is(nursery: trio.Nursery) -> None:
    ends = await linked(nursery)
    assert not ends.met
    await ends.other.send_all(b"I am Bob")
    await wait_all_tasks_blocked()
    await ends.other.send_all(b"more")
    await wait_all_tasks_blocked()
    assert len(ends.met) == 1


async def test_a_peer_that_proves_nothing_in_time_is_disconnected_without_a_byte(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    begun = trio.current_time()
    ends = await linked(nursery, FakeConversation())
    await ends.over.wait()
    assert trio.current_time() - begun == pytest.approx(limits.PREAUTH_SECONDS)
    assert await ends.other.receive_some() == b""


async def test_single_bytes_do_not_extend_the_time(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    conversation = FakeConversation()
    conversation.receive = lambda data, now: None  # type: ignore[method-assign]
    begun = trio.current_time()
    ends = await linked(nursery, conversation)

    async def drip() -> None:
        with suppress(trio.BrokenResourceError):
            while True:
                await ends.other.send_all(b"x")
                await trio.sleep(1.0)

    nursery.start_soon(drip)
    await ends.over.wait()
    assert trio.current_time() - begun == pytest.approx(limits.PREAUTH_SECONDS)


async def test_a_peer_that_has_proven_who_it_is_may_be_silent_for_long(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    ends = await linked(nursery)
    await ends.other.send_all(b"I am Bob")
    await trio.sleep(3600.0)
    assert not ends.over.is_set()


async def test_a_refused_first_message_gets_not_one_byte(nursery: trio.Nursery) -> None:
    ends = await linked(nursery)
    await ends.other.send_all(b"nonsense")
    await ends.over.wait()
    assert await ends.other.receive_some() == b""


async def test_the_timer_is_kept(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    begun = trio.current_time()
    ends = await linked(nursery, FakeConversation(peer=BOB, timer=begun + 30.0), dialed=True)
    assert await ends.other.receive_some() == b"tick"
    assert ends.conversation.ticks == [pytest.approx(begun + 30.0)]


async def test_news_of_a_commit_is_sent_when_the_link_is_woken_and_it_is_told_the_time(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    ends.conversation.note(Change())
    ends.conversation.follow()
    ends.link.wake()
    assert await ends.other.receive_some() == b"newstick"
    assert ends.conversation.ticks == [pytest.approx(trio.current_time(), abs=60)]


async def test_closing_sends_a_bye_and_waits_a_moment_for_it_to_be_read(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    ends.link.close(Code.DUPLICATE)
    await wait_all_tasks_blocked()
    assert not ends.over.is_set()
    assert await ends.other.receive_some() == b"bye %d" % Code.DUPLICATE
    assert await ends.other.receive_some() == b""
    await ends.other.aclose()
    await ends.over.wait()


async def test_a_peer_that_does_not_read_cannot_hold_up_the_end(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    ends.link.close(Code.CLOSING)
    with trio.fail_after(1.0):
        await ends.over.wait()


async def test_the_other_side_going_away_ends_it(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    await ends.other.aclose()
    await ends.over.wait()
    assert ends.conversation.end is None


async def stuck(nursery: trio.Nursery) -> Ends:
    """Return a link whose other side has asked for much and reads nothing."""
    ends = await linked(nursery, FakeConversation(peer=BOB))
    waiting = trio.Event()
    ends.link._stream.send_stream.send_all_hook = waiting.wait  # type: ignore[attr-defined]
    await ends.other.send_all(b"much")
    await wait_all_tasks_blocked()
    return ends


async def test_a_peer_that_asks_and_never_reads_is_no_longer_read(nursery: trio.Nursery) -> None:
    ends = await stuck(nursery)
    await ends.other.send_all(b"more, more")
    await wait_all_tasks_blocked()
    assert b"more" not in ends.conversation.received


async def test_a_person_who_has_kept_the_node_busy_for_long_is_read_again_after_a_pause(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    fair_share = FairShare()
    ends = await linked(nursery, FakeConversation(peer=BOB, account=ALICE), fair_share)
    fair_share.spend(ALICE, 1e6, trio.current_time())
    await ends.other.send_all(b"one")
    assert await ends.other.receive_some() == b"one"
    begun = trio.current_time()
    await ends.other.send_all(b"two")
    assert await ends.other.receive_some() == b"two"
    assert trio.current_time() - begun == pytest.approx(PAUSE_MAX)


async def test_a_caller_is_let_in_after_the_door_was_asked(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(at_door=True))
    await ends.other.send_all(b"I am Bob")
    assert await ends.other.receive_some() == b"come in"


async def test_a_caller_who_is_turned_away_is_not_let_in(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(at_door=True), turned_away=True)
    await ends.other.send_all(b"I am Bob")
    assert await ends.other.receive_some() == b"bye %d" % Code.BUSY
    assert await ends.other.receive_some() == b""
    assert ends.conversation.at_door


async def test_what_a_caller_has_cost_before_they_are_known_is_charged_to_their_account(nursery: trio.Nursery) -> None:
    charged: list[tuple[bytes, float]] = []
    fair_share = FairShare()
    fair_share.spend = lambda account, seconds, now: charged.append((account, seconds))  # type: ignore[method-assign]
    ends = await linked(nursery, fair_share=fair_share)
    await ends.other.send_all(b"hello")
    await wait_all_tasks_blocked()
    assert not charged
    uncharged = ends.link._uncharged
    assert uncharged > 0.0
    await ends.other.send_all(b"I am Bob")
    await wait_all_tasks_blocked()
    assert charged[0][0] == BOB
    assert charged[0][1] > uncharged


async def test_a_peer_that_never_reads_is_given_up_in_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    begun = trio.current_time()
    ends = await stuck(nursery)
    await ends.over.wait()
    assert trio.current_time() - begun == pytest.approx(STALL_SECONDS)


async def test_a_bug_of_ours_costs_the_connection_and_nothing_else(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    await ends.other.send_all(b"stumble")
    await ends.over.wait()
    assert ends.link.failure is None
    assert "a conversation failed" in caplog.text


async def test_a_failed_disk_is_reported_to_the_node(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    await ends.other.send_all(b"disk")
    await ends.over.wait()
    assert isinstance(ends.link.failure, StorageFailed)


async def test_a_dropped_link_ends_at_once_and_sends_nothing(nursery: trio.Nursery) -> None:
    ends = await linked(nursery, FakeConversation(peer=BOB))
    ends.link.drop()
    await ends.over.wait()
    assert await ends.other.receive_some() == b""


async def test_a_caller_who_was_answered_is_in_progress_for_a_moment_and_a_silent_one_is_not(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    ends = await linked(nursery)
    seen = [ends.link.in_progress]
    await ends.other.send_all(b"hello")
    await ends.other.receive_some()
    await wait_all_tasks_blocked()
    seen.append(ends.link.in_progress)
    await trio.sleep(PROVING_SECONDS)
    seen.append(ends.link.in_progress)
    assert seen == [False, True, False]


async def test_records_wait_for_a_full_batch_while_there_is_room_and_are_handed_over_where_it_is_short(
    nursery: trio.Nursery,
) -> None:
    intake = Intake(4 * RECORDS_HELD)
    ends = await linked(nursery, FakeConversation(peer=BOB, account=BOB), intake=intake)
    await ends.other.send_all(b"records")
    await wait_all_tasks_blocked()
    assert (ends.conversation.held, intake.taken) == (RECORDS_HELD, RECORDS_HELD)
    intake.hold("another link", ALICE, 2 * RECORDS_HELD)
    await ends.other.send_all(b"records")
    assert await ends.other.receive_some() == b"handed over"
    await wait_all_tasks_blocked()
    assert intake.taken == 2 * RECORDS_HELD


async def test_a_link_that_ends_keeps_no_room(nursery: trio.Nursery) -> None:
    intake = Intake()
    ends = await linked(nursery, FakeConversation(peer=BOB, account=BOB), intake=intake)
    await ends.other.send_all(b"records")
    await wait_all_tasks_blocked()
    ends.link.drop()
    await ends.over.wait()
    assert intake.taken == 0


async def test_a_link_that_has_read_much_waits_where_all_room_is_taken(nursery: trio.Nursery) -> None:
    intake = Intake(RECORDS_HELD)
    intake.hold("another link", ALICE, RECORDS_HELD)
    ends = await linked(nursery, FakeConversation(peer=BOB, account=BOB), intake=intake)
    await ends.other.send_all(bytes(2 * FREE_BYTES))
    await wait_all_tasks_blocked()
    assert not ends.conversation.received
    intake.hold("another link", ALICE, 0)
    await wait_all_tasks_blocked()
    assert ends.conversation.received


async def test_who_waits_long_for_their_turn_is_greeted_before(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    intake = Intake()
    await intake.turn.acquire_on_behalf_of("another link")
    ends = await linked(nursery, FakeConversation(peer=BOB, account=BOB, steps_left=3), intake=intake)
    begun = trio.current_time()
    await ends.other.send_all(b"records")
    assert await ends.other.receive_some() == b"hello"
    assert trio.current_time() - begun < limits.PREAUTH_SECONDS / 3
    await trio.sleep(limits.PREAUTH_SECONDS)
    intake.turn.release_on_behalf_of("another link")
    assert await ends.other.receive_some() == b"opened"


async def test_who_is_let_in_slowly_is_greeted_before(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    class Slow(FakeConversation):
        def go_on(self) -> None:
            autojump_clock.jump(1.0)
            super().go_on()

    ends = await linked(nursery, Slow(peer=BOB, account=BOB, steps_left=9))
    await ends.other.send_all(b"records")
    assert await ends.other.receive_some() == b"hello"
    assert await ends.other.receive_some() == b"opened"


async def test_one_session_after_the_other_is_opened_since_each_takes_much_memory_meanwhile(
    nursery: trio.Nursery,
) -> None:
    intake, steps = Intake(), 30
    links = [
        await linked(nursery, FakeConversation(peer=BOB, account=BOB, steps_left=steps), intake=intake)
        for _ in range(3)
    ]
    opening: list[int] = []

    def note(conversation: FakeConversation, number: int) -> None:
        plain = conversation.go_on

        def go_on() -> None:
            opening.append(number)
            plain()

        conversation.go_on = go_on  # type: ignore[method-assign]

    for number, ends in enumerate(links):
        note(ends.conversation, number)
        nursery.start_soon(ends.other.send_all, b"records")
    for ends in links:
        assert await ends.other.receive_some() == b"opened"
    assert [number for number, _ in groupby(opening)] == list(dict.fromkeys(opening))
