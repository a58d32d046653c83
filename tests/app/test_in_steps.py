"""Work in steps: whatever changes between two steps, the result is what computing all of it at the end gives."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshnode.app import naming
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.discover.search import preparing
from meshnode.app.explain import audience, what_if
from meshnode.app.listings.listings import ListingDraft
from meshnode.app.naming import known
from meshnode.app.owner.preference import SharingChange
from meshnode.app.people import people
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, complete
from protocol import PersonId, parse_person
from tests.support.changing_world import PEOPLE, World
from tests.support.mesh import EPOCH
from tests.support.people import Person

ALL = DiscoverQuery(trust=0.1, anywhere=True)
EARLY = 12  # changes come before this many steps; then what is left is done in peace


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every step as small as it can be, so that something can change between any two."""
    for name in ("app.everybody.STEP", "app.catalog.catalog.STEP", "app.explain.what_if.PEOPLE_OF_A_STEP"):
        monkeypatch.setattr(f"meshnode.{name}", 1)
    for name in (
        "app.catalog.sight.STEP_ASKED",
        "app.explain.world.PEOPLE_OF_A_STEP",
    ):
        monkeypatch.setattr(f"meshnode.{name}", 1)


def disturbed(world: World, steps: Steps[object]) -> object:
    """Take all steps, with changes between some of them."""
    chance = random.Random(world.version)
    for number in range(10_000):
        if number < EARLY and chance.random() < 0.6:
            world.move()
        try:
            next(steps)
        except StopIteration as end:
            return end.value
    raise AssertionError("it never ends")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("everybody", [False, True])
def test_the_list_of_people_is_right_at_its_end(seed: int, everybody: bool) -> None:
    world = World(seed)
    replica = world.replica
    for _ in range(5):
        found = disturbed(world, people.listing_people(replica, (), people.PeopleQuery(all=everybody)))
        assert isinstance(found, people.PeopleView)
        plain = {people.view(replica, person, ()) for person in known(replica) - {replica.me}}
        wanted = {seen for seen in plain if everybody or seen.vouch or seen.vouch_back}
        assert set(found.people) == wanted
        assert found.others == len(plain) - len(wanted)


@pytest.mark.parametrize("seed", range(8))
def test_an_audience_is_right_at_its_end(seed: int) -> None:
    world = World(seed)
    for word in ("trusted_network", "anyone_local", None):
        draft = ListingDraft("offer", "Drill", audience=word)
        found = disturbed(world, audience.preview(world.replica, draft))
        assert found == complete(audience.preview(world.replica, draft))


@pytest.mark.parametrize("seed", range(8))
def test_a_comparison_is_right_at_its_end(seed: int) -> None:
    world = World(seed)
    catalog = Catalog(world.replica)
    questions: list[Callable[[], Steps[what_if.WhatIfView]]] = [
        lambda: what_if.share(world.replica, catalog, SharingChange(audience="my_cell")),
        lambda: what_if.share(world.replica, catalog, SharingChange(audience="anyone_local", radius_km=60)),
    ]
    for question in questions:
        found = disturbed(world, question())
        assert found == complete(question())


@pytest.mark.parametrize("seed", range(12))
def test_names_that_are_kept_are_those_that_are_shown(seed: int) -> None:
    """People become known, rename themselves, are renamed, and look like somebody who is close to the owner."""
    world = World(seed)
    replica, rng = world.replica, world.rng
    for number in range(25):
        world.move()
        person, other = rng.sample(PEOPLE, 2)
        rename(world, person, other, rng.choice(["Bob", "B0b", "Carol", "Erin", "Er\u0131n"]), number + 2)
        found, _ = naming.named(replica, "")
        assert found
        assert [each.name for each in found] == [naming.name_of(replica, parse_person(each.id)) for each in found]
        assert naming.known(replica) == known_one_by_one(replica)


def rename(world: World, person: Person, other: Person, name: str, version: int) -> None:
    """Let one person call themselves so, and at times the owner another, or remember the name of a card."""
    world.put(person.profile(EPOCH, name=name, version=version))
    names = world.replica.store.own_names
    way = world.rng.randrange(4)
    if way == 0:
        names.set(other.id, name)
    elif way == 1:
        names.remove(other.id)
    else:
        naming.remember_name(world.replica, other.id, name)


def known_one_by_one(replica: Replica) -> set[PersonId]:
    """Return everybody who may be named, each asked about alone."""
    state, me = replica.trust_state, replica.me

    def is_known(person: PersonId) -> bool:
        connected = (
            person in state.reach_to(me)
            or person in state.regard_from(me)
            or state.graph.weight(person, me) > 0
            or person in state.groups.co_members(me)
        )
        decidable = connected and state.policy(person) is not None
        return (decidable or state.graph.weight(me, person) > 0) and not state.graph.blocked_either_way(me, person)

    return {me, *(person.id for person in PEOPLE if is_known(person.id))}


@pytest.mark.parametrize("seed", range(12))
def test_a_catalog_that_keeps_its_verdicts_finds_what_a_new_one_finds(seed: int) -> None:
    world = World(seed)
    replica, catalog = world.replica, Catalog(world.replica)
    for _ in range(20):
        for query in (DiscoverQuery(), ALL):
            disturbed(world, preparing(catalog, query))
            assert complete(discover(replica, catalog, query)) == complete(discover(replica, Catalog(replica), query))


def test_a_catalog_that_is_still_being_filled_misses_nothing_that_comes_meanwhile() -> None:
    world = World(1)
    replica, catalog = world.replica, Catalog(world.replica)
    steps = catalog.preparing()
    for number in range(40):
        next(steps, None)
        author = PEOPLE[number % len(PEOPLE)]
        replica.ingest.receive([author.listing(f"Chair {number}", now=replica.clock.now() - 60)], author.id)
    complete(steps)
    assert not catalog.is_behind
    assert complete(discover(replica, catalog, ALL)) == complete(discover(replica, Catalog(replica), ALL))
