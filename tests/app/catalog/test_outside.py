"""Listings of people whom the owner could not be shown stay out of the catalog, and come in when trust changes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.app.catalog import catalog as catalogs
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.ids import letters, listing_id, number_of, numbers_of
from meshnode.app.catalog.outside import Outside
from meshnode.app.discover import hiding
from meshnode.app.discover.discover import DiscoverQuery, Discovery, discover
from meshnode.app.explain import what_if
from meshnode.app.listings import listings
from meshnode.app.owner import policy
from meshnode.errors import NotFound
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from meshnode.store import RecordState
from protocol import Audience, PersonId, Record, RecordId, person_text
from tests.support.changing_world import PEOPLE, World
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

BOB, PUPPETS = Person("Bob"), [Person(f"Puppet {number}") for number in range(3)]
POSTS = 10


class Node:
    """Alice's node: Bob vouches for her and for three puppets, and all of them share with everyone in their web."""

    def __init__(self, vouch: int) -> None:
        self.replica: Replica = Mesh(1).add("Alice").replica
        self.put(BOB.certificate(EPOCH))
        self.put(BOB.policy({self.replica.me: 900, **dict.fromkeys(PUPPETS, 1000)}, now=EPOCH))
        for puppet in PUPPETS:
            self.put(puppet.certificate(EPOCH))
            self.put(puppet.policy({BOB: 1000}, now=EPOCH))
            for number in range(POSTS):
                self.put(puppet.listing(f"{puppet.name} post {number}", audience=Audience.NETWORK_WIDE, now=EPOCH))
        self.trust(vouch)
        self.catalog = Catalog(self.replica)

    def put(self, record: Record) -> None:
        self.replica.store.records.put(record, state=RecordState.LIVE, received_from=BOB.id, arrived=EPOCH)
        self.replica.trust_state.refresh(self.replica.store, {record.header.author})

    def trust(self, vouch: int) -> None:
        """Let Alice vouch for Bob."""
        policy.vouch(self.replica, BOB.id, vouch)

    def everything(self) -> Discovery:
        return complete(discover(self.replica, self.catalog, DiscoverQuery(trust=0.1, anywhere=True)))


def a_post() -> str:
    return listing_id(PUPPETS[0].id, PUPPETS[0].listing(f"{PUPPETS[0].name} post 0", now=EPOCH).header.slot)


def test_listings_of_people_below_the_least_trust_are_not_in_the_catalog() -> None:
    node = Node(50)
    assert node.everything().total == node.everything().hidden == 0
    assert len(node.catalog) == 0


def test_they_come_in_when_trust_grows_and_count_no_longer_when_it_falls() -> None:
    node = Node(50)
    node.everything()
    node.trust(900)
    assert node.everything().total == len(PUPPETS) * POSTS
    node.trust(50)
    assert node.everything().total == 0
    node.trust(900)
    assert node.everything().total == len(PUPPETS) * POSTS


def test_of_people_who_left_only_so_many_listings_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "LEFT_MAX", POSTS + 1)
    node = Node(900)
    node.everything()
    node.trust(50)
    node.everything()
    assert len(node.catalog) == POSTS
    node.trust(900)
    assert node.everything().total == len(node.catalog) == len(PUPPETS) * POSTS


def test_one_of_them_is_found_by_its_id_alone() -> None:
    node = Node(50)
    assert listings.show(node.replica, node.catalog, a_post()).title == f"{PUPPETS[0].name} post 0"
    with pytest.raises(NotFound):
        listings.show(node.replica, node.catalog, "Puppet")
    policy.block(node.replica, BOB.id)
    policy.block(node.replica, PUPPETS[0].id)
    with pytest.raises(NotFound):
        listings.show(node.replica, node.catalog, a_post())


def test_one_of_them_that_is_hidden_stays_hidden_when_it_comes_in() -> None:
    node = Node(50)
    hiding.hide(node.replica, node.catalog, a_post())
    assert len(hiding.hidden(node.replica, node.catalog).hidden) == 1
    node.trust(900)
    assert node.everything().set_aside == 1


def test_a_preview_of_a_vouch_counts_them() -> None:
    node = Node(50)
    found = complete(what_if.vouch(node.replica, node.catalog, person_text(BOB.id), 0.9))
    gained = {one.person.name: one.count for one in found.authors_gained}
    assert sum(gained.values()) == len(PUPPETS) * POSTS


@pytest.mark.parametrize("seed", range(6))
def test_whatever_changes_a_kept_catalog_finds_what_a_new_one_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where people leave and come back while their listings are still being read, too."""
    monkeypatch.setattr(catalogs, "LEFT_MAX", 3)
    monkeypatch.setattr(catalogs, "STEP", 2)
    world, chance = World(seed), random.Random(seed)
    catalog, everything = Catalog(world.replica), DiscoverQuery(trust=0.1, anywhere=True, limit=1000)
    for _ in range(40):
        for _ in range(chance.randrange(3)):
            world.move()
        steps = catalog.preparing()
        for _ in range(chance.randrange(12)):
            next(steps, None)
        if chance.random() < 0.5:
            person = chance.choice(PEOPLE)
            record = person.listing(f"Chair {chance.randrange(9)}", version=world.version, now=EPOCH)
            world.replica.ingest.receive([record], person.id)
        else:
            found = complete(discover(world.replica, catalog, everything))
            assert found == complete(discover(world.replica, Catalog(world.replica), everything))


def test_the_least_and_the_widest_range_of_ids() -> None:
    outside, record = Outside(), bytes(range(32))
    numbers = [0, 1, 2**80 - 1, number_of(BOB.id, bytes(16))]
    for number in numbers:
        outside.add(BOB.id, number, record)
        outside.add(BOB.id, number, record)
    assert len(outside) == len(numbers)
    assert all(list(outside.with_numbers(numbers_of(letters(number)))) == [record] for number in numbers)
    assert len(list(outside.with_numbers(numbers_of("")))) == len(numbers)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_they_are_kept_as_a_set_of_pairs_would(changes: list[tuple[bool, int, int]]) -> None:
    outside = Outside()
    plain: set[tuple[PersonId, int, RecordId]] = set()
    for adding, author, number in changes:
        row = PEOPLE[author].id, number, bytes([number]) * 32
        (outside.add if adding else outside.discard)(*row)
        (plain.add if adding else plain.discard)(row)
    assert sorted(outside.numbers()) == sorted(number for _, number, _ in plain)
