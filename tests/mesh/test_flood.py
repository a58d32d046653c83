"""A member of the web who sends ever more records that are not taken, for whichever reason."""

from __future__ import annotations

import pytest

from protocol import Audience, Code, Record, limits
from tests.support.mesh import EPOCH
from tests.support.people import Person
from tests.support.village import Village

CROWD = 40
MALLORY = Person("Mallory")  # the village trusts this person
STRANGERS = [Person(f"nobody {number}") for number in range(CROWD)]
NO_ROOM_FOR_PEOPLE = {"GRAPH_RECORDS_MAX": 9}
NO_ROOM_TO_WAIT = {"PENDING_FROM_ONE_MAX": 5}


def listings(audience: Audience, now: int) -> list[Record]:
    return [MALLORY.listing(f"Good {number}", audience=audience, now=now, policy_version=0) for number in range(CROWD)]


CERTIFICATES = [one.certificate(EPOCH) for one in STRANGERS]
UNCERTIFIED = [one.listing(now=EPOCH, policy_version=0) for one in STRANGERS]
NOT_FOR_ALICE = listings(Audience.MY_CELL, EPOCH)
ENDED = listings(Audience.NETWORK_WIDE, EPOCH - 300 * limits.DAY)


def village_facing(flood: list[Record]) -> Village:
    """Return a village to which Mallory, who trusts Alice a little, has all this to bring."""
    village = Village()
    records = [MALLORY.policy({village.alice.person: 100}, now=EPOCH), *flood]
    village.mallory.records = {record.id: record for record in records}
    return village


@pytest.mark.parametrize(
    ("flood", "caps"),
    [(CERTIFICATES, NO_ROOM_FOR_PEOPLE), (UNCERTIFIED, NO_ROOM_TO_WAIT), (NOT_FOR_ALICE, {}), (ENDED, {})],
    ids=["no room for more people", "too many wait", "not for the owner", "ended"],
)
def test_a_session_ends_that_brings_more_than_it_may_of_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, flood: list[Record], caps: dict[str, int]
) -> None:
    for name, cap in caps.items():
        monkeypatch.setattr(limits, name, cap)
    village = village_facing(flood)
    monkeypatch.setattr(limits, "REFUSED_A_SESSION_MAX", CROWD // 2)
    end = village.mallory.talk().end
    assert end is not None
    assert (end.code, end.fault) == (Code.BUSY, False)
    assert len(village.came()) < CROWD


@pytest.mark.parametrize("flood", [NOT_FOR_ALICE, ENDED], ids=["not for the owner", "ended"])
def test_a_session_goes_on_that_brings_as_much_as_it_may_of_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, flood: list[Record]
) -> None:
    monkeypatch.setattr(limits, "REFUSED_A_SESSION_MAX", CROWD)
    talk = village_facing(flood).mallory.talk()
    assert (talk.live, talk.end) == (True, None)
