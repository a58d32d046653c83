"""Makes a node whose trust state and listings change at random, by records put into its store."""

from __future__ import annotations

import random
from collections.abc import Callable

from meshnode.app.groups import membership
from meshnode.app.owner import policy
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.replica.access import Access
from meshnode.replica.access_keys import AccessKey
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Audience, PersonId, Precision, Preference, Record, coarse
from protocol.limits import DAY
from protocol.trust import accepted, invitation, invitation_tag
from tests.support.chains import begun, chain, join_record
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import NOW, Person

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

    def join(self, person: Person) -> None:
        """Let a person join the group that the first of all people has founded."""
        joined = begun(PEOPLE[0]) if person is PEOPLE[0] else chain(PEOPLE[0], person)
        self.put(join_record(person, joined, version=self.version))

    def join_or_leave(self) -> None:
        """Let the owner join the group, or leave it."""
        founders = begun(PEOPLE[0])
        held = membership.own_join(self.replica, founders.group)
        if held is not None:
            membership.leave(self.replica, held[1])
            return
        tag = invitation_tag(founders.group_id, self.replica.me)
        given = invitation(founders, PEOPLE[0].id, tag, NOW + 30 * DAY, PEOPLE[0].keys.sign)
        membership.write_join(self.replica, accepted(bytes(16), founders, given, PEOPLE[0].certificate()))

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
            lambda: self.join(person),
            self.join_or_leave,
            lambda: sharing.change(
                replica, sharing.SharingChange(place=rng.choice(OWN_PLACES), radius_km=rng.choice([9, 60]))
            ),
        ]
        rng.choice(changes)()

    def answers(self, viewer: PersonId, asked: set[AccessKey]) -> dict[AccessKey, Access]:
        return {each: self.replica.access.decide(viewer, each) for each in asked}
