"""Which of two connections between the same two devices stays, and which is closed when there are too many."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from meshnode.net.connection_table import Closing, ConnectionTable
from meshnode.net.turns import RETURN_SECONDS, TURN_SHORTEST, Rank
from protocol import Code, limits

SMALL, LARGE = bytes(32), b"\xff" * 32


@dataclass(eq=False)
class Link:
    """A connection, reduced to the properties that the table looks at."""

    device: bytes
    dialed: bool
    since: float = 0.0
    rank: Rank = Rank.OTHER
    person: bytes = b""
    idle: bool = True
    seated: float = 0.0
    run: bytes = b"run"
    account: bytes = b""

    def __post_init__(self) -> None:
        self.person = self.person or self.device
        self.account = self.account or self.person

    @property
    def key(self) -> tuple[bytes, bytes, bytes]:
        return self.person, self.device, self.run


@pytest.mark.parametrize("small_first", [True, False])
@pytest.mark.parametrize("large_first", [True, False])
def test_of_two_dialed_at_once_both_ends_keep_the_one_that_the_smaller_device_dialed(
    small_first: bool, large_first: bool
) -> None:
    for me, other, mine_first in ((SMALL, LARGE, small_first), (LARGE, SMALL, large_first)):
        table: ConnectionTable[Link] = ConnectionTable(me)
        mine, theirs = Link(other, dialed=True), Link(other, dialed=False, since=0.5)
        pair = (mine, theirs) if mine_first else (theirs, mine)
        table.admit(pair[0], 0.0)
        [closing] = table.admit(pair[1], 0.5)
        assert closing == Closing(theirs if me == SMALL else mine, Code.DUPLICATE)
        assert table[mine.key] is (mine if me == SMALL else theirs)


def test_two_machines_with_the_keys_of_one_device_do_not_push_each_other_out() -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    one, two = Link(LARGE, dialed=False, run=b"one"), Link(LARGE, dialed=False, since=60.0, run=b"two")
    assert table.admit(one, 0.0) == table.admit(two, 60.0) == []
    assert set(table.values()) == {one, two}
    assert table.has(LARGE, LARGE)
    again = Link(LARGE, dialed=False, since=90.0, run=b"one")
    assert table.admit(again, 90.0) == [Closing(one, Code.DUPLICATE)]


@pytest.mark.parametrize("me", [SMALL, LARGE])
def test_a_device_that_comes_back_replaces_its_old_connection(me: bytes) -> None:
    table: ConnectionTable[Link] = ConnectionTable(me)
    other = LARGE if me == SMALL else SMALL
    old, new = Link(other, dialed=True), Link(other, dialed=False, since=60.0)
    table.admit(old, 0.0)
    assert table.admit(new, 60.0) == [Closing(old, Code.DUPLICATE)]
    assert not table.remove(old)
    assert table.remove(new)


@pytest.mark.parametrize("dialed", [True, False])
@pytest.mark.parametrize("apart", [0.1, 60.0])
@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_that_one_device_dialed_the_newer_stays_in_whatever_order_they_are_identified(
    dialed: bool, apart: float, newer_first: bool
) -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    older, newer = Link(LARGE, dialed), Link(LARGE, dialed, since=apart)
    first, second = (newer, older) if newer_first else (older, newer)
    assert table.admit(first, apart) == []
    assert table.admit(second, apart) == [Closing(older, Code.DUPLICATE)]
    assert table[newer.key] is newer


def test_a_connection_much_older_than_the_one_in_the_table_does_not_replace_it() -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    older, newer = Link(LARGE, dialed=True), Link(LARGE, dialed=False, since=60.0)
    table.admit(newer, 60.0)
    assert table.admit(older, 60.0) == [Closing(older, Code.DUPLICATE)]


def test_a_device_that_dials_again_and_again_does_not_make_its_turn_longer() -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    first, second = Link(LARGE, dialed=False), Link(LARGE, dialed=False, since=60.0)
    table.admit(first, 1.0)
    table.admit(second, 60.0)
    assert table[second.key].seated == 1.0


def full(rank: Rank = Rank.OTHER) -> ConnectionTable[Link]:
    """Return a full table of connections, each with another person of this rank, all admitted at time 0."""
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    for number in range(limits.SESSIONS_MAX):
        assert table.admit(Link(bytes([number]) * 32, dialed=False, rank=rank), 0.0) == []
    return table


def test_beyond_the_cap_nobody_gets_in_before_somebody_has_had_a_turn() -> None:
    table = full()
    new = Link(LARGE, dialed=False)
    [closing] = table.admit(new, 1.0)
    assert closing == Closing(new, Code.BUSY, int(TURN_SHORTEST) - 1)
    assert len(table) == limits.SESSIONS_MAX
    [closing] = table.admit(new, TURN_SHORTEST)
    assert (closing.code, closing.pause) == (Code.BUSY, RETURN_SECONDS)
    assert table[new.key] is new
    assert len(table) == limits.SESSIONS_MAX


def test_a_contact_displaces_at_once_a_person_who_is_none() -> None:
    table = full()
    new = Link(LARGE, dialed=False, rank=Rank.CONTACT)
    [closing] = table.admit(new, 1.0)
    assert closing.connection.rank is Rank.OTHER
    assert table[new.key] is new
    assert len(table) == limits.SESSIONS_MAX


def test_nobody_displaces_a_connection_by_certifying_its_device_as_their_own() -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    owner = Link(LARGE, dialed=False, person=b"owner")
    thief = Link(LARGE, dialed=False, person=b"thief", since=60.0)
    assert table.admit(owner, 0.0) == table.admit(thief, 60.0) == []
    assert table[owner.key] is owner
    assert table.remove(thief)
    assert table.remove(owner)


def test_nobody_fills_the_table_with_devices_of_their_own() -> None:
    table: ConnectionTable[Link] = ConnectionTable(SMALL)
    mine = [
        Link(bytes([number]) * 32, dialed=False, person=b"one") for number in range(limits.SESSIONS_PER_PERSON_MAX + 1)
    ]
    closed = [closing for link in mine for closing in table.admit(link, 0.0)]
    assert closed == [Closing(mine[-1], Code.BUSY)]
    assert table.admit(Link(LARGE, dialed=False), 0.0) == []
