"""Who is turned away at the door: everybody of an account that has used up its share, or whose people break the protocol."""

from __future__ import annotations

import pytest

from meshnode.app.peers.accounts import NOBODY
from meshnode.net.connection_table import Closing
from meshnode.net.door import Door
from meshnode.net.misbehavior import TOLERATED
from meshnode.net.turns import Rank
from protocol import Code, limits
from tests.net.test_connection_table import SMALL, Link

BOB, CAROL, SYBIL = b"b" * 32, b"c" * 32, b"s" * 32


def door_after_work(account: bytes) -> Door[Link]:
    """Return a door at which the people of `account` have caused so much work that a minute is left to wait."""
    made: Door[Link] = Door(SMALL)
    part = limits.WORK_OF_STRANGERS if account == NOBODY else 1.0
    made.fair_share.spend(account, part * (limits.WORK_BURST_SECONDS + 60.0 * limits.WORK_SHARE), 0.0)
    return made


def door_after_faults(account: bytes) -> Door[Link]:
    """Return a door at which people of `account` have broken the protocol again and again."""
    made: Door[Link] = Door(SMALL)
    for _ in range(int(TOLERATED) + 4):
        made.misbehavior.note(account, SYBIL, 0.0)
    return made


def caller(person: bytes, account: bytes, rank: Rank = Rank.OTHER) -> Link:
    return Link(person, dialed=False, rank=rank, account=account)


@pytest.mark.parametrize("door", [door_after_work, door_after_faults])
@pytest.mark.parametrize("account", [BOB, NOBODY])
def test_another_person_of_the_same_account_is_turned_away_with_the_time_to_come_back(
    door: type[Door[Link]], account: bytes
) -> None:
    made = door(account)
    for number in range(1, 4):  # a Sybil that reconnects under another name gains nothing
        new = caller(number.to_bytes(32, "big"), account)
        [closing] = made.admit(new, 0.0)
        assert (closing.connection, closing.code) == (new, Code.BUSY)
        assert closing.pause == made.turned_away(account, new.person, 0.0) > 0
    assert not made.connected
    assert made.admit(caller(CAROL, CAROL, Rank.CONTACT), 0.0) == []
    assert made.admit(caller(SYBIL, account), 10 * 3600.0) == []


def test_the_owners_own_devices_are_never_turned_away() -> None:
    made = door_after_work(BOB)
    assert made.admit(caller(BOB, BOB, Rank.OWN), 0.0) == []


def test_without_debts_and_faults_the_table_decides() -> None:
    made: Door[Link] = Door(SMALL, sessions=2)
    first, second, third = (caller(bytes([n + 1]) * 32, BOB) for n in range(3))
    assert made.admit(first, 0.0) == made.admit(second, 0.0) == []
    [closing] = made.admit(third, 0.1)
    assert isinstance(closing, Closing)
    assert (closing.connection, closing.code) == (third, Code.BUSY)
