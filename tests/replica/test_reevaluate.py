"""Reevaluation of held records when more of the web becomes known."""

from __future__ import annotations

from meshnode.replica.changes import Change
from meshnode.replica.served_set import ServedSet
from meshnode.store import RecordState
from protocol.session import Phase
from tests.support.network import replica_of
from tests.support.people import Person

ALICE, CAROL, DAVE = Person("Alice"), Person("Carol"), Person("Dave")


def test_a_pending_record_that_was_denied_may_be_shown_again_when_more_of_the_web_is_known() -> None:
    bob = replica_of("Bob")
    now = bob.clock.now()
    view = ServedSet(bob.store, bob.access, bob.clock, bob.me, ALICE.id)
    profile = DAVE.profile(now)
    bob.ingest.receive([DAVE.certificate(now), profile], ALICE.id)
    assert [row.state for row in bob.store.records.rows_of([profile.id])] == [RecordState.PENDING]

    # Dave's policy comes before Carol's, and Carol connects Dave to Bob.
    heard: list[Change] = []
    bob.changes.subscribe(heard.append)
    bob.ingest.receive([DAVE.policy({CAROL: 900}, now=now)], ALICE.id)
    assert bob.store.records.get(profile.id) is None
    [change] = heard
    delta = view.apply(change)
    assert [row.id for row in delta.lost] == [profile.id]
    assert (profile.header.created, profile.id) not in delta.removed[Phase.GRAPH]

    bob.ingest.receive([CAROL.certificate(now), CAROL.policy({DAVE: 900, bob.me: 900}, now=now)], ALICE.id)
    assert profile.id in bob.ingest.receive([profile], ALICE.id).kept
