"""Introducers: who answers for a person to the owner, among the people for whom the owner vouches."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import GroupKind
from tests.support.chains import chain, join_record
from tests.support.network import replica_of
from tests.support.people import Person

ALICE, CAROL, DAVE, ERIN, FRANK = (Person(name) for name in ("Alice", "Carol", "Dave", "Erin", "Frank"))
OWNER = Person("Bob")


def take(bob: Replica, **vouches: dict[Person | bytes, int]) -> None:
    """Let these people, by their names, vouch as given."""
    now = bob.clock.now()
    for name, given in vouches.items():
        person = Person(name)
        records = [person.certificate(now), person.policy(given, now=now)]
        bob.ingest.receive(records, ALICE.id, more=True)


@pytest.fixture
def bob() -> Replica:
    """Bob vouches for Alice at 0.8 and for Carol at 0.1; Alice and Dave vouch for each other, and Dave for Erin."""
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    policy.vouch(bob, CAROL.id, 100)
    take(bob, Alice={OWNER: 900, DAVE: 500}, Carol={OWNER: 900, DAVE: 1000}, Dave={ALICE: 10, CAROL: 10, ERIN: 5})
    return bob


def test_people_i_vouch_for_and_i_answer_for_ourselves(bob: Replica) -> None:
    assert bob.introducers.introducer(bob.me) == bob.me
    assert bob.introducers.introducer(ALICE.id) == ALICE.id
    assert bob.introducers.introducer(CAROL.id) == CAROL.id


def test_the_first_person_on_the_best_path_answers_for_all_behind_them_however_far(bob: Replica) -> None:
    assert bob.introducers.introducer(DAVE.id) == ALICE.id
    assert ERIN.id not in bob.trust_state.regard_from(bob.me)
    assert bob.introducers.introducer(ERIN.id) == ALICE.id


def test_nobody_answers_for_strangers_and_those_who_only_vouch_for_me(bob: Replica) -> None:
    take(bob, Frank={OWNER: 1000, ALICE: 1000, ERIN: 1000})
    assert bob.introducers.introducer(FRANK.id) is None
    assert bob.introducers.introducer(Person("Nobody").id) is None


def test_after_a_block_or_a_vouch_taken_back_the_next_best_path_counts(bob: Replica) -> None:
    policy.block(bob, ALICE.id)
    assert bob.introducers.introducer(ALICE.id) is None
    assert bob.introducers.introducer(ERIN.id) == CAROL.id
    policy.vouch(bob, CAROL.id, 0)
    assert bob.introducers.introducer(ERIN.id) is None
    policy.unblock(bob, ALICE.id)
    assert bob.introducers.introducer(ERIN.id) == ALICE.id


def test_all_answers_at_once_are_the_single_answers(bob: Replica) -> None:
    one_by_one = {person: bob.introducers.introducer(person) for person in {*bob.trust_state.people(), ERIN.id}}
    assert bob.introducers.all() == {person: one for person, one in one_by_one.items() if one is not None}
    assert {person: bob.introducers.introducer(person) for person in one_by_one} == one_by_one


def test_the_introducer_of_the_person_who_invited_them_answers_for_a_member_of_my_group(bob: Replica) -> None:
    now = bob.clock.now()
    mine = chain(ERIN, OWNER, kind=GroupKind.COMMUNITY)
    bob.ingest.receive([join_record(OWNER, mine, now=now)])
    for member, inviters in ((FRANK, [ERIN]), (Person("Gus"), [ERIN, OWNER]), (Person("Hal"), [ERIN, FRANK])):
        joined = join_record(member, chain(*inviters, member, kind=GroupKind.COMMUNITY), now=now)
        bob.ingest.receive([member.certificate(now), member.policy({}, now=now), joined], ALICE.id)
    assert bob.introducers.introducer(FRANK.id) == ALICE.id
    assert bob.introducers.introducer(Person("Gus").id) == Person("Gus").id
    assert bob.introducers.introducer(Person("Hal").id) == ALICE.id
    assert bob.introducers.all()[Person("Hal").id] == ALICE.id
    policy.block(bob, FRANK.id)
    assert bob.introducers.introducer(FRANK.id) is None
