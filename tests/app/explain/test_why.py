"""`why` shows the path with its vouches, in both directions, and what would cut it."""

from __future__ import annotations

import pytest

from meshnode.app.explain.why import why
from meshnode.errors import NotFound
from meshnode.slices import complete
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


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
    assert "Bob no longer trusts Carol directly." in told.breaks
    assert "You no longer trust Bob directly." in told.breaks


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
