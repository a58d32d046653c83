"""The standing tracker: after any change, no decision changes about an author whom it does not name."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.access import access_key
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.store import RecordState
from tests.support.changing_world import PEOPLE, World


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


def test_a_doubt_about_one_person_that_comes_and_goes_names_few() -> None:
    world = World(4)
    for person in PEOPLE:
        world.say(person)
    tracker = StandingTracker(world.replica.trust_state, world.replica.me)
    tracker.since_last()
    for state in (RecordState.SUSPENDED, RecordState.LIVE):
        world.version += 1
        world.say(PEOPLE[2], state)
        named = tracker.since_last()
        assert named is not None
        assert PEOPLE[2].id in named


def test_a_tracker_that_has_not_looked_for_long_names_everybody() -> None:
    world = World(1)
    moved = StandingTracker(world.replica.trust_state, PEOPLE[0].id)
    moved.since_last()
    assert not moved.since_last()
    for _ in range(5000):
        world.replica.trust_state.refresh(world.replica.store, {PEOPLE[1].id})
    assert moved.since_last() is None


@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_regarded_otherwise_who_is_not_named(seed: int) -> None:
    world = World(seed)
    trust_state, me = world.replica.trust_state, world.replica.me
    moved = StandingTracker(trust_state, me, regard=True)
    moved.since_last()
    for _ in range(30):
        before = trust_state.regard_from(me)
        world.move()
        named, after = moved.since_last(), trust_state.regard_from(me)
        changed = {person for person in {*before, *after} if before.get(person) != after.get(person)}
        assert named is None or changed == named.among(changed)


def test_the_owners_own_vouches_and_blocks_leave_most_decisions_as_they_were() -> None:
    world = World(3)
    moved = StandingTracker(world.replica.trust_state, world.replica.me)
    moved.since_last()
    world.join(PEOPLE[0])
    moved.since_last()
    world.join_or_leave()
    named = moved.since_last()
    assert named is not None
    assert PEOPLE[0].id in named
    for change in (policy.block, policy.unblock):
        change(world.replica, PEOPLE[5].id)
        named = moved.since_last()
        assert named is not None
        assert PEOPLE[5].id in named
    policy.vouch(world.replica, PEOPLE[0].id, 400)
    assert moved.since_last() is not None
