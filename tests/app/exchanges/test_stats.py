"""Statistics: what is counted, and that it needs and counts nobody but the two people of an exchange."""

from __future__ import annotations

import pytest

from meshnode.app import waiting
from meshnode.app.exchanges import stats as stats_cases
from meshnode.app.groups import groups
from protocol import limits
from tests.app.exchanging import all_of, completed, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def community(mesh: Mesh, founder: Neighbor, name: str, *invited: Neighbor) -> None:
    groups.new(founder.replica, groups.GroupOrder("community", name))
    for neighbor in invited:
        groups.invite(founder.replica, name, None, neighbor.node.name)
        mesh.settle()
        groups.join(neighbor.replica, name, None)
        mesh.settle()


@pytest.mark.promise("Cross-community exchanges tracked for metrics")
def test_cross_community_exchanges_are_tracked_for_metrics(mesh: Mesh, people: People) -> None:
    """The seed: "Cross-community exchanges tracked for metrics". Alice is in Downtown, Carol in Eastside, Bob in
    both."""
    alice, bob, carol = people
    community(mesh, bob, "Downtown", alice)
    community(mesh, bob, "Eastside", carol)
    offer(mesh, carol, "Drill", category="tools")
    offer(mesh, carol, "Beans", category="food")
    completed(mesh, carol, alice, respond(mesh, alice, "Drill"))
    mesh.advance(40 * limits.DAY)
    offer(mesh, carol, "Beans", category="food")
    completed(mesh, carol, bob, respond(mesh, bob, "Beans"))
    seen = stats_cases.stats(carol.replica)
    assert (seen.completed, seen.cross_community, seen.within_community, seen.unknown) == (2, 1, 1, 0)
    assert [(month.month, month.cross_community, month.within_community) for month in seen.months] == [
        ("2027-01", 1, 0),
        ("2027-02", 0, 1),
    ]
    assert [(found.category, found.cross_community) for found in seen.categories] == [("food", 0), ("tools", 1)]
    assert [seen.is_cross_community for seen in all_of(mesh, alice)] == [True]
    assert stats_cases.stats(bob.replica).within_community == 1


def test_it_is_unknown_where_a_side_has_no_community_and_affects_nothing(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    community(mesh, bob, "Downtown", alice)
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    assert [seen.is_cross_community for seen in all_of(mesh, carol)] == [None]
    completed(mesh, carol, alice, exchange)
    for neighbor in (alice, carol):
        seen = stats_cases.stats(neighbor.replica)
        assert (seen.completed, seen.cross_community, seen.within_community, seen.unknown) == (1, 0, 0, 1)
    assert stats_cases.stats(bob.replica) == stats_cases.StatsView(0, 0, 0, 0, 0, 0, (), ())


def test_stats_name_nobody_and_have_no_prices() -> None:
    fields = {
        *stats_cases.StatsView.__struct_fields__,
        *stats_cases.MonthView.__struct_fields__,
        *stats_cases.CategoryView.__struct_fields__,
    }
    assert not [field for field in fields if any(word in field for word in ("person", "who", "price", "value"))]


@pytest.mark.promise("No approval workflows anywhere")
def test_no_approval_workflows_anywhere(mesh: Mesh, people: People) -> None:
    """The seed: "No approval workflows anywhere". Across two communities, only the two who exchange have a say."""
    alice, bob, carol = people
    community(mesh, bob, "Downtown", alice)
    community(mesh, bob, "Eastside", carol)
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    completed(mesh, carol, alice, exchange)
    assert waiting.inbox(bob.replica).exchanges == ()
    assert states(mesh, carol) == ["completed"]
