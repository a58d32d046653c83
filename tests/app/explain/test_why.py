"""`why` shows the path with its vouches, in both directions, and what would cut it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from meshnode.app.explain import what_if
from meshnode.app.explain.why import WhyView, why
from meshnode.app.groups import groups
from meshnode.app.groups.groups import GroupOrder
from meshnode.app.people import people as people_cases
from meshnode.errors import NotFound
from meshnode.slices import complete
from meshnode.text import why as text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def sentences(told: WhyView) -> list[str]:
    """Return what would end it, as commands print it."""
    return [
        text.why_break(to_builtins(each), told.person.name).removeprefix("  - ").removesuffix(" directly.")
        for each in told.breaks
    ]


def join_in_cell(mesh: Mesh, founder: Neighbor, *others: Neighbor, name: str = "Elm") -> None:
    groups.new(founder.replica, GroupOrder("cell", name))
    for other in others:
        groups.invite(founder.replica, name, None, other.node.name)
        mesh.settle()
        groups.join(other.replica, name, None)
        mesh.settle()


def test_a_listing_is_explained_by_the_path_to_its_author(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Fresh vegetables", audience="network_wide")
    mesh.settle()
    told = complete(why(alice.replica, alice.catalog, "fresh veg"))
    assert told.listing is not None
    assert told.regard is not None
    assert told.reach is not None
    assert [person.name for person in told.regard.people] == ["Alice", "Bob", "Carol"]
    assert (told.regard.weights, told.regard.trust) == ((0.7, 0.8), 0.56)
    assert [person.name for person in told.reach.people] == ["Carol", "Bob", "Alice"]
    assert (told.needs, told.relation) == (0.1, "trusted_friend_of_friend")
    assert "Bob no longer trusts Carol" in sentences(told)
    assert "You no longer trust Bob" in sentences(told)


def test_a_person_is_explained_without_a_listing(people: People) -> None:
    alice = people[0]
    told = complete(why(alice.replica, alice.catalog, "Bob"))
    assert told.listing is None
    assert told.regard is not None
    assert told.regard.weights == (0.7,)


def test_own_listings_need_no_explanation(people: People) -> None:
    alice = people[0]
    alice.post("Ladder")
    for what in ("Ladder", "Alice"):
        told = complete(why(alice.replica, alice.catalog, what))
        assert (told.relation, told.regard, told.breaks) == ("yourself", None, ())


def test_a_listing_named_like_a_person_is_the_listing(people: People) -> None:
    alice = people[0]
    alice.post("Bob")
    assert complete(why(alice.replica, alice.catalog, "Bob")).listing is not None


def test_what_cannot_be_seen_cannot_be_explained(people: People) -> None:
    alice = people[0]
    with pytest.raises(NotFound):
        complete(why(alice.replica, alice.catalog, "Zed"))


def test_an_act_that_another_path_makes_up_for_ends_nothing(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    dan = settle_in(mesh, "Dan")
    alice.add(dan.card(), 0.9)
    dan.add(carol.card(), 0.9)
    mesh.wire("Alice", "Dan")
    mesh.wire("Dan", "Carol")
    mesh.settle()
    carol.post("Fresh vegetables", audience="network_wide")
    mesh.settle()
    assert sentences(complete(why(alice.replica, alice.catalog, "Fresh vegetables"))) == [
        "You or Carol block the other."
    ]
    people_cases.unvouch(alice.replica, "Bob", ())
    assert "You no longer trust Dan" in sentences(complete(why(alice.replica, alice.catalog, "Fresh vegetables")))


def test_an_act_that_a_common_group_makes_up_for_ends_nothing(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    join_in_cell(mesh, bob, alice, carol)
    carol.post("Soup", audience="my_cell")
    carol.post("Fresh vegetables", audience="network_wide")
    mesh.settle()
    assert sentences(complete(why(alice.replica, alice.catalog, "Soup"))) == [
        "You or Carol leave Elm.",
        "You or Carol block the other.",
    ]
    assert sentences(complete(why(alice.replica, alice.catalog, "Fresh vegetables"))) == [
        "You or Carol block the other."
    ]


def test_of_two_groups_neither_alone_ends_it(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    for name in ("Elm", "Oak"):
        join_in_cell(mesh, bob, alice, carol, name=name)
    carol.post("Soup", audience="my_cell")
    mesh.settle()
    assert sentences(complete(why(alice.replica, alice.catalog, "Soup"))) == ["You or Carol block the other."]


PEOPLE = ("Alice", "Bob", "Carol", "Dan")
PAIRS = [(one, other) for one in PEOPLE for other in PEOPLE if one < other]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(PAIRS), st.sampled_from([0.2, 0.5, 0.8, 1.0]), min_size=2))
def test_what_it_says_of_the_owners_own_vouches_is_what_what_if_says(webs: dict[tuple[str, str], float]) -> None:
    mesh = Mesh(7)
    neighbors = {name: settle_in(mesh, name) for name in PEOPLE}
    for (one, other), trust in webs.items():
        neighbors[one].add(neighbors[other].card(trust=trust), trust)
        mesh.wire(one, other)
    mesh.settle()
    for neighbor in neighbors.values():
        neighbor.post(f"Thing of {neighbor.node.name}", audience="trusted_network")
    mesh.settle()
    alice = neighbors["Alice"]
    for result in alice.discover(trust=0.1).results:
        told = complete(why(alice.replica, alice.catalog, result.id))
        own = {each.of.name for each in told.breaks if each.kind == "unvouch" and each.by is None and each.of}
        for name in PEOPLE[1:]:
            if not alice.replica.trust_state.graph.weight(alice.person, neighbors[name].person):
                continue
            lost = complete(what_if.unvouch(alice.replica, alice.catalog, name)).authors_lost
            ends = any(result.id == listing.id for sight in lost for listing in sight.listings)
            assert (name in own) == ends, (name, told.breaks)
