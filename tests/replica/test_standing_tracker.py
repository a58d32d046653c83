"""The standing tracker: after any change, no decision changes about an author whom it does not name."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshnode.app.owner import policy
from meshnode.replica.access import Access, AccessKey, access_key
from meshnode.replica.replica import Replica
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.store import RecordState
from protocol import Audience, PersonId, Precision, Preference, Record, coarse
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

PEOPLE = [Person(name) for name in ("Bob", "Carol", "Dave", "Erin", "Frank", "Grace")]
PLACES = [coarse(lat, 13.4, Precision.CITY) for lat in (52.5, 53.5)]


class World:
    """A node whose trust state changes at random, by records put into its store."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.replica: Replica = Mesh(seed).add("Alice", place=PLACES[0]).replica
        self.version = 1
        for person in PEOPLE:
            self.put(person.certificate(EPOCH))
            self.say(person)
            for audience in Audience:
                self.put(person.listing(f"{audience.word}", audience=audience, now=EPOCH))

    def put(self, record: Record, state: RecordState = RecordState.LIVE) -> None:
        self.replica.store.records.put(record, state=state, received_from=PEOPLE[0].id, arrived=EPOCH)
        self.replica.trust_state.refresh(self.replica.store, {record.header.author})

    def say(self, person: Person, state: RecordState = RecordState.LIVE) -> None:
        others = [self.replica.me, *(other.id for other in PEOPLE if other is not person)]
        vouches: dict[Person | PersonId, int] = {
            other: self.rng.choice([300, 800, 1000]) for other in self.rng.sample(others, self.rng.randrange(1, 4))
        }
        blocks = [other for other in PEOPLE if other is not person and self.rng.random() < 0.1]
        preference = Preference(self.rng.choice(list(Audience)[1:]), Precision.CITY, 30, self.version)
        self.put(person.policy(vouches, blocks=blocks, preference=preference, version=self.version, now=EPOCH), state)

    def move(self) -> None:
        """One change of any kind."""
        self.version += 1
        rng, replica = self.rng, self.replica
        person = rng.choice(PEOPLE)
        changes: list[Callable[[], object]] = [
            lambda: self.say(person),
            lambda: self.say(person),
            lambda: self.say(person, RecordState.SUSPENDED),
            lambda: self.put(person.profile(EPOCH, place=rng.choice(PLACES), version=self.version)),
            lambda: policy.vouch(replica, person.id, rng.choice([0, 400, 900])),
            lambda: policy.block(replica, person.id),
            lambda: policy.unblock(replica, person.id),
        ]
        rng.choice(changes)()

    def answers(self, viewer: PersonId, asked: set[AccessKey]) -> dict[AccessKey, Access]:
        return {each: self.replica.access.decide(viewer, each) for each in asked}


@pytest.mark.parametrize("seed", range(12))
def test_no_decision_changes_about_an_author_who_is_not_named(seed: int) -> None:
    world = World(seed)
    replica = world.replica
    viewers = [replica.me, *(person.id for person in PEOPLE[:3])]
    asked = {access_key(row) for row in replica.store.records.rows()}
    moved = {viewer: StandingTracker(replica.trust_state, viewer) for viewer in viewers}
    authors = {each[1] for each in asked}
    narrow = 0
    for viewer in viewers:
        assert moved[viewer].since_last() is None  # the first call names nobody
    for _ in range(30):
        before = {viewer: world.answers(viewer, asked) for viewer in viewers}
        world.move()
        for viewer in viewers:
            named = moved[viewer].since_last()
            after = world.answers(viewer, asked)
            changed = {each[1] for each in asked if after[each] is not before[viewer][each]}
            assert named is None or changed == named.among(changed)
            narrow += named is not None and len(named.among(authors)) < len(PEOPLE)
    assert narrow > 10  # mostly it names few


def test_a_tracker_that_has_not_looked_for_long_names_everybody() -> None:
    world = World(1)
    moved = StandingTracker(world.replica.trust_state, PEOPLE[0].id)
    moved.since_last()
    assert not moved.since_last()
    for _ in range(5000):
        world.replica.trust_state.refresh(world.replica.store, {PEOPLE[1].id})
    assert moved.since_last() is None
