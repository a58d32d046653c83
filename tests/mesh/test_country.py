"""The made-up country of `scripts/simulate --country`: its figures are those of the webs that it makes."""

from __future__ import annotations

import pytest

from protocol import limits
from protocol.trust import WEB, as_trust
from tests.support import country
from tests.support.country import Country, room


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Country:
    """Make a country of five towns of forty people."""
    monkeypatch.setattr(country, "TOWN", 40)
    return Country(200, 8, (300, 900))


def test_those_who_can_matter_are_connected_one_way_or_the_other_and_neighbors_add_theirs(small: Country) -> None:
    for number in small.sample(10):
        found, person = small.about(number, 1000), small.people[number]
        connected = [
            one
            for one in small.people
            if small.graph.reach(one, person) is not None or small.graph.regard(person, one) is not None
        ]
        assert found.mine == len({person, *connected})
        assert found.mine <= found.around <= len(small.people)


def test_a_node_with_room_for_all_keeps_everybody_down_to_the_least_trust_that_counts(small: Country) -> None:
    assert small.about(0, 1000).floor == WEB / limits.WEIGHT_MAX


def test_a_full_node_keeps_those_who_are_trusted_most(small: Country) -> None:
    person, held = small.people[0], 30
    trusted = sorted((as_trust(cost) for cost in small.graph.regard_from(person).values()), reverse=True)
    found = small.about(0, held).floor
    assert sum(trust > found for trust in trusted) <= held < len(trusted)
    assert found > WEB / limits.WEIGHT_MAX


def test_the_more_people_each_vouches_for_the_fewer_a_node_holds() -> None:
    assert room(8) > room(12) > room(20) > 10_000
