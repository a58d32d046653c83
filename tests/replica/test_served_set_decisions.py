"""When a served set decides again, about what, and what it remembers of that."""

from __future__ import annotations

import pytest

from meshnode.replica import access_keys, served_set
from meshnode.replica.changes import Change
from meshnode.replica.served_set import Delta
from meshnode.slices import complete
from meshnode.store import RecordState
from protocol import Audience, limits
from protocol.limits import DAY
from protocol.session import Phase
from tests.support.people import NOW
from tests.support.relay import ALICE, CAROL, LADDER, MALLORY, PHONE, TABLET, Relay, item, moved, told

TRUST_CHANGED = Change(people=frozenset({ALICE.id}), trust=True)


@pytest.fixture
def relay() -> Relay:
    return Relay()


# --- by the date ------------------------------------------------------------------------------------------------------


def in_use_again(relay: Relay) -> None:
    """Let the clock go back by so much that what had ended by it has not."""
    relay.clock.machine.shown -= 5 * DAY
    relay.clock.confirm()


def test_once_a_date_has_gone_back_the_set_says_once_that_it_lacks_something(relay: Relay) -> None:
    rake = ALICE.listing("Rake", now=NOW, life=2 * DAY, audience=Audience.TRUSTED_NETWORK)
    relay.bring(rake)
    relay.clock.confirm()
    relay.clock.machine.shown += 5 * DAY
    relay.clock.confirm()
    served, closed = relay.serve(CAROL), relay.serve(CAROL)
    closed.apply(Change(), closed=True)
    assert item(rake) not in served.items(Phase.CONTENT)
    assert not served.lacks_revived()
    in_use_again(relay)
    assert served.lacks_revived()
    assert not served.lacks_revived()
    assert not closed.lacks_revived()
    assert item(rake) in relay.serve(CAROL).items(Phase.CONTENT)


def test_where_nothing_ends_between_the_dates_the_set_lacks_nothing(relay: Relay) -> None:
    relay.clock.machine.shown += 5 * DAY
    relay.clock.confirm()
    served = relay.serve(CAROL)
    in_use_again(relay)
    assert not served.lacks_revived()


def test_a_date_by_which_nothing_was_left_out_matters_to_no_set(relay: Relay) -> None:
    relay.bring(ALICE.listing("Rake", now=NOW, life=2 * DAY, audience=Audience.TRUSTED_NETWORK))
    served = relay.serve(CAROL)
    relay.clock.machine.shown += 5 * DAY
    relay.clock.confirm()
    assert not served.lacks_revived()
    in_use_again(relay)
    assert not served.lacks_revived()


def test_what_has_ended_before_the_session_hears_that_it_came_is_not_added(relay: Relay) -> None:
    rake = ALICE.listing("Rake", now=NOW, life=DAY, audience=Audience.TRUSTED_NETWORK)
    served = relay.serve(CAROL)
    change = relay.bring(rake)
    assert served.apply(change).added[Phase.CONTENT] == [item(rake)]
    relay.clock.advance(DAY)
    assert relay.serve(CAROL).apply(change) == Delta()


# --- in steps ---------------------------------------------------------------------------------------------------------


def test_a_set_is_filled_in_steps_and_what_the_session_was_not_told_of_yet_is_decided_as_before(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some records of a key were found before its decision changed, and the change leads to all of them."""
    monkeypatch.setattr(served_set, "STEP", 2)
    posts = [ALICE.listing(f"Post {number}", now=NOW, audience=Audience.TRUSTED_NETWORK) for number in range(6)]
    relay.bring(*posts)
    served = relay.serve(CAROL, filled=[Phase.GRAPH])
    filling = served.filling(Phase.CONTENT)
    next(filling)
    change = relay.bring(relay.says(2, carol=1))
    steps = 0

    def rest() -> list[tuple[int, bytes]]:
        nonlocal steps
        while True:
            try:
                next(filling)
            except StopIteration as end:
                return list(end.value)
            steps += 1

    found = rest()
    assert steps >= len(posts) // 2
    assert set(found) == {item(one) for one in (*posts, LADDER)}
    assert set(served.apply(change).removed[Phase.CONTENT]) == set(found)
    assert list(complete(served.filling(Phase.CONTENT))) == []


# --- about whom -------------------------------------------------------------------------------------------------------


def test_a_change_by_which_nothing_is_decided_otherwise_reads_no_record(relay: Relay) -> None:
    served = relay.serve(CAROL)
    relay.bring(relay.says(2, carol=899))
    relay.replica.store.close()
    assert served.apply(TRUST_CHANGED) == Delta()


@pytest.mark.parametrize(
    "change", [Change(trust=True), Change(people=frozenset({ALICE.id}))], ids=["of trust", "of people"]
)
def test_a_change_of_trust_or_of_people_moves_what_is_decided_otherwise_and_nothing_else(
    relay: Relay, change: Change
) -> None:
    served = relay.serve(CAROL)
    relay.bring(relay.says(2, carol=300))
    delta = served.apply(change)
    assert moved(delta) == [item(LADDER)]
    assert delta.removed[Phase.CONTENT] == [item(LADDER)]
    relay.bring(relay.says(3))
    delta = served.apply(change)
    assert moved(delta) == [item(LADDER)]
    assert delta.added[Phase.CONTENT] == [item(LADDER)]


def test_what_had_ended_before_is_not_moved(relay: Relay) -> None:
    rake = ALICE.listing("Rake", now=NOW, life=DAY, audience=Audience.TRUSTED_NETWORK)
    relay.bring(rake)
    relay.clock.advance(2 * DAY)
    served = relay.serve(CAROL)
    relay.bring(relay.says(2, carol=300))
    assert moved(served.apply(TRUST_CHANGED)) == [item(LADDER)]
    relay.bring(relay.says(3))
    assert moved(served.apply(TRUST_CHANGED)) == [item(LADDER)]


def test_what_the_session_has_not_read_yet_does_not_leave_it(relay: Relay) -> None:
    """The posts are compared after what connects people; they are found when it comes to them."""
    relay.serve(ALICE)  # in whose session they were read
    served = relay.serve(CAROL, filled=[Phase.GRAPH])
    relay.bring(relay.says(2, carol=0))
    delta = served.apply(TRUST_CHANGED)
    assert delta.removed[Phase.GRAPH]
    assert delta.removed[Phase.CONTENT] == []
    assert told(delta) == []


# --- of policies that are hidden --------------------------------------------------------------------------------------


def test_who_may_have_no_policy_of_a_person_any_longer_is_told_of_those_that_were_never_given(relay: Relay) -> None:
    """And not of those that they have; nor is anybody who may have them from now on told of any."""
    of_phone = PHONE.policy({MALLORY: 500}, now=NOW)
    newer = PHONE.policy({MALLORY: 600}, now=NOW, version=2, stamp=2, min_valid_version=1)
    relay.bring(of_phone)
    relay.bring(newer.without_body())
    assert relay.row(newer).state == RecordState.HEADER
    served = relay.serve(CAROL)
    relay.bring(relay.says(2, carol=300))
    delta = served.apply(TRUST_CHANGED)
    assert (moved(delta), told(delta)) == ([item(LADDER)], [])  # the policies are theirs as before
    relay.bring(relay.says(3, carol=0))
    delta = served.apply(TRUST_CHANGED)
    assert item(of_phone) in delta.removed[Phase.GRAPH]
    assert told(delta) == [newer.id]
    relay.bring(relay.says(4))
    delta = served.apply(TRUST_CHANGED)
    assert delta.added[Phase.GRAPH]
    assert told(delta) == []


# --- in the place of a whole policy -----------------------------------------------------------------------------------


def test_a_new_version_of_a_policy_is_told_with_the_one_that_it_came_from_to_those_alone_who_may_have_it(
    relay: Relay,
) -> None:
    for_carol, for_mallory = relay.serve(CAROL), relay.serve(MALLORY)
    newer = ALICE.policy({relay.replica.me: 900, CAROL: 900}, now=NOW + 1, version=2)
    change = relay.bring(newer)
    assert set(change.bases) == {newer.id}
    assert dict(for_carol.apply(change).bases) == {item(newer): change.bases[newer.id]}
    assert dict(for_mallory.apply(change).bases) == {}


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_nothing_is_remembered_of_what_nobody_has_proved(relay: Relay) -> None:
    waiting = TABLET.listing("Rake", now=NOW, audience=Audience.TRUSTED_NETWORK)
    served = relay.serve(CAROL)
    keys = relay.replica.access.keys
    before = len(list(keys.of(ALICE.id)))
    change = relay.bring(waiting)
    assert [row.state for row in change.stored] == [RecordState.PENDING]
    assert served.apply(change) == Delta()
    assert len(list(keys.of(ALICE.id))) == before


def test_a_header_that_comes_is_not_added(relay: Relay) -> None:
    served = relay.serve(CAROL)
    row = relay.row(LADDER)._replace(state=RecordState.HEADER)
    assert served.apply(Change(stored=(row,))) == Delta()


def test_kinds_of_records_that_nobody_writes_any_longer_are_forgotten(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version of a post under a newer policy is of another kind, and nobody may fill the memory with them."""
    monkeypatch.setattr(access_keys, "_SWEEP_FROM", 12)
    served = relay.serve(CAROL)
    last = LADDER
    for version in range(2, 60):
        relay.clock.advance(limits.POLICY_PAUSE_SECONDS)
        last = ALICE.listing(
            "Ladder", now=NOW, version=version, policy_version=version, audience=Audience.TRUSTED_NETWORK
        )
        served.apply(relay.bring(relay.says(version), last))
    assert len(list(relay.replica.access.keys.of(ALICE.id))) <= 2 * 12
    assert [one.id for one in served.supply([last.id])[0]] == [last.id]
