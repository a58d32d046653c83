"""Makes a node whose trust state and listings change at random, by records put into its store."""

from __future__ import annotations

import random
from collections.abc import Callable

from meshnode.app.owner import policy
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.replica.access import Access, AccessKey
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Audience, PersonId, Precision, Preference, Record, coarse
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

PEOPLE = [Person(name) for name in ("Bob", "Carol", "Dave", "Erin", "Frank", "Grace")]
OWN_PLACES = (Coordinates(52.5, 13.4), Coordinates(53.5, 13.4))
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
            lambda: sharing.change(
                replica, sharing.SharingChange(place=rng.choice(OWN_PLACES), radius_km=rng.choice([9, 60]))
            ),
        ]
        rng.choice(changes)()

    def answers(self, viewer: PersonId, asked: set[AccessKey]) -> dict[AccessKey, Access]:
        return {each: self.replica.access.decide(viewer, each) for each in asked}
