"""The room for what all sessions have received: it is never exceeded, nobody waits for ever, and accounts take turns."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from meshnode.net.intake import FREE_BYTES, GROWS, Intake

ALICE, BOB, CAROL = b"a" * 32, b"b" * 32, b"c" * 32
PIECE = 10_000
ROOM = 4 * PIECE * GROWS  # four pieces


class Readers:
    """Reads pieces of some accounts, and notes in which order they were let in."""

    def __init__(self, nursery: trio.Nursery, intake: Intake) -> None:
        self._nursery = nursery
        self._intake = intake
        self.inside: list[bytes] = []
        self.most = 0

    async def come(self, account: bytes, size: int = PIECE) -> trio.CancelScope:
        """Have somebody of the account come with a piece, who stays until the scope is cancelled."""
        scope = trio.CancelScope()
        self._nursery.start_soon(self._read, account, size, scope)
        await wait_all_tasks_blocked()
        return scope

    async def _read(self, account: bytes, size: int, scope: trio.CancelScope) -> None:
        with scope:
            async with self._intake.entering(account, size):
                self.inside.append(account)
                self.most = max(self.most, self._intake.taken)
                await trio.sleep_forever()


async def test_a_piece_that_finds_no_room_waits_until_some_is_free(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    first, *_ = [await readers.come(ALICE) for _ in range(4)]
    await readers.come(ALICE)
    assert len(readers.inside) == 4
    first.cancel()
    await wait_all_tasks_blocked()
    assert len(readers.inside) == 5
    assert readers.most <= ROOM


async def test_of_those_who_wait_somebody_of_the_account_that_holds_least_goes_first(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    inside = [await readers.come(one) for one in (ALICE, ALICE, ALICE, ALICE)]
    for one in (ALICE, ALICE, BOB, CAROL):
        await readers.come(one)
    readers.inside.clear()
    for scope in inside[:3]:
        scope.cancel()
        await wait_all_tasks_blocked()
    assert readers.inside == [BOB, CAROL, ALICE]


async def test_a_small_piece_never_waits(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    for _ in range(9):
        await readers.come(ALICE)
    readers.inside.clear()
    await readers.come(BOB, FREE_BYTES)
    assert readers.inside == [BOB]


async def test_a_piece_larger_than_all_room_is_let_in_alone(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    large = await readers.come(ALICE, 9 * PIECE)
    await readers.come(BOB)
    assert readers.inside == [ALICE]
    large.cancel()
    await wait_all_tasks_blocked()
    assert readers.inside == [ALICE, BOB]


async def test_what_is_kept_to_fill_a_batch_takes_room_until_it_is_handed_over(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    intake.hold("a link", ALICE, ROOM)
    await readers.come(BOB)
    assert not readers.inside
    intake.hold("a link", ALICE, 0)
    await wait_all_tasks_blocked()
    assert readers.inside == [BOB]


async def test_from_half_of_the_room_on_nothing_is_to_wait_for_a_batch_to_fill(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    for _ in range(2):
        await readers.come(ALICE)
    assert not intake.is_tight
    await readers.come(BOB)
    assert intake.is_tight


async def test_readers_that_go_away_while_waiting_or_inside_leave_nothing_behind(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    scopes = [await readers.come(one) for one in (ALICE, ALICE, BOB, BOB, CAROL, CAROL)]
    for scope in reversed(scopes):
        scope.cancel()
    await wait_all_tasks_blocked()
    assert intake.taken == 0
    assert not intake.is_tight


async def test_a_turn_that_comes_as_its_reader_goes_away_is_given_on(nursery: trio.Nursery) -> None:
    intake = Intake(ROOM)
    readers = Readers(nursery, intake)
    inside = [await readers.come(ALICE) for _ in range(4)]
    leaving = await readers.come(BOB)
    await readers.come(CAROL)
    readers.inside.clear()
    inside[0].cancel()
    leaving.cancel()
    await wait_all_tasks_blocked()
    assert readers.inside == [CAROL]
    assert intake.taken == ROOM
