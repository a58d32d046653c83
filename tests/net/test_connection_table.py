"""Which of two connections between the same two devices stays, and who makes room when there are too many."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from meshnode.net.connection_table import ConnectionTable
from protocol import Code, limits

SMALL, LARGE = bytes(32), b"\xff" * 32


@dataclass(eq=False)
class Link:
    """A connection, as far as this matters."""

    device: bytes
    dialed: bool
    since: float = 0.0
    contact: bool = False
    person: bytes = b""

    def __post_init__(self) -> None:
        self.person = self.person or self.device

    @property
    def place(self) -> tuple[bytes, bytes]:
        return self.person, self.device


@pytest.mark.parametrize("small_first", [True, False])
@pytest.mark.parametrize("large_first", [True, False])
def test_of_two_dialed_at_once_both_ends_keep_the_one_that_the_smaller_device_dialed(
    small_first: bool, large_first: bool
) -> None:
    for me, other, mine_first in ((SMALL, LARGE, small_first), (LARGE, SMALL, large_first)):
        links: ConnectionTable[Link] = ConnectionTable(me)
        mine, theirs = Link(other, dialed=True), Link(other, dialed=False, since=0.5)
        pair = (mine, theirs) if mine_first else (theirs, mine)
        links.admit(pair[0])
        [(closed, code)] = links.admit(pair[1])
        assert closed is (theirs if me == SMALL else mine)
        assert links[other, other] is (mine if me == SMALL else theirs)
        assert code is Code.DUPLICATE


@pytest.mark.parametrize("me", [SMALL, LARGE])
def test_a_device_that_comes_back_replaces_its_old_connection(me: bytes) -> None:
    links: ConnectionTable[Link] = ConnectionTable(me)
    other = LARGE if me == SMALL else SMALL
    old, new = Link(other, dialed=True), Link(other, dialed=False, since=60.0)
    links.admit(old)
    assert links.admit(new) == [(old, Code.DUPLICATE)]
    assert not links.leave(old)
    assert links.leave(new)


@pytest.mark.parametrize("dialed", [True, False])
@pytest.mark.parametrize("apart", [0.1, 60.0])
@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_that_one_device_dialed_the_newer_stays_in_whatever_order_they_are_identified(
    dialed: bool, apart: float, newer_first: bool
) -> None:
    links: ConnectionTable[Link] = ConnectionTable(SMALL)
    older, newer = Link(LARGE, dialed), Link(LARGE, dialed, since=apart)
    first, second = (newer, older) if newer_first else (older, newer)
    assert links.admit(first) == []
    assert links.admit(second) == [(older, Code.DUPLICATE)]
    assert links[newer.place] is newer


def test_a_connection_much_older_than_the_one_that_stands_does_not_replace_it() -> None:
    links: ConnectionTable[Link] = ConnectionTable(SMALL)
    older, newer = Link(LARGE, dialed=True), Link(LARGE, dialed=False, since=60.0)
    links.admit(newer)
    assert links.admit(older) == [(older, Code.DUPLICATE)]


def full() -> ConnectionTable[Link]:
    """As many connections as there may be, with people who are no contacts; number 7 came last."""
    links: ConnectionTable[Link] = ConnectionTable(SMALL)
    for number in range(limits.SESSIONS_MAX):
        links.admit(Link(bytes([number]) * 32, dialed=False, since=100.0 if number == 7 else 0.0))
    return links


def test_beyond_the_cap_nobody_else_gets_in() -> None:
    links = full()
    new = Link(LARGE, dialed=False)
    assert links.admit(new) == [(new, Code.BUSY)]
    assert len(links) == limits.SESSIONS_MAX


def test_for_a_contact_the_latest_of_those_who_are_none_makes_room() -> None:
    links = full()
    new = Link(LARGE, dialed=False, contact=True)
    [(closed, code)] = links.admit(new)
    assert (closed.device[0], code) == (7, Code.BUSY)
    assert links[new.place] is new
    assert len(links) == limits.SESSIONS_MAX


def test_nobody_pushes_out_a_connection_by_certifying_its_device_as_his_own() -> None:
    links: ConnectionTable[Link] = ConnectionTable(SMALL)
    owner = Link(LARGE, dialed=False, person=b"owner")
    thief = Link(LARGE, dialed=False, person=b"thief", since=60.0)
    assert links.admit(owner) == links.admit(thief) == []
    assert links[owner.place] is owner
    assert links.leave(thief)
    assert links.leave(owner)


def test_nobody_takes_all_places_with_devices_of_his_own() -> None:
    links: ConnectionTable[Link] = ConnectionTable(SMALL)
    mine = [
        Link(bytes([number]) * 32, dialed=False, person=b"one") for number in range(limits.SESSIONS_PER_PERSON_MAX + 1)
    ]
    closed = [closing for link in mine for closing in links.admit(link)]
    assert closed == [(mine[-1], Code.BUSY)]
    assert links.admit(Link(LARGE, dialed=False)) == []
