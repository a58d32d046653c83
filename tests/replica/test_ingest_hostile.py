"""Ingest of records by hostile people, and of records that honest people pass on without reading them."""

from __future__ import annotations

import pytest

from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Store
from protocol import Code, Record
from tests.support.chains import begun, follows, join_record
from tests.support.forger import listing_nobody_here_can_read, profile_nobody_here_can_read
from tests.support.network import replica_of
from tests.support.people import Person

CAROL, MALLORY = Person("Carol"), Person("Mallory")


def test_a_record_of_a_later_version_is_refused_without_blame() -> None:
    bob = replica_of("Bob")
    now = bob.clock.now()
    unread = listing_nobody_here_can_read(CAROL, now)
    offer = CAROL.listing(now=now)
    outcome = bob.ingest.receive([CAROL.certificate(now), unread, offer], MALLORY.id)
    assert outcome.faults == []
    assert outcome.refused == [unread.id]
    assert offer.id in outcome.kept


def test_a_forged_signature_of_an_unreadable_record_is_a_fault() -> None:
    bob = replica_of("Bob")
    unread = listing_nobody_here_can_read(CAROL, bob.clock.now())
    forged = type(unread)(unread.header, unread.header_bytes, bytes(64), unread.body)
    outcome = bob.ingest.receive([forged], MALLORY.id)
    assert [code for _, code in outcome.faults] == [Code.FORGED]


def test_a_membership_whose_invitation_is_for_somebody_else_is_a_fault() -> None:
    bob = replica_of("Bob")
    now, founder = bob.clock.now(), begun(CAROL)
    for_bob = follows(founder, CAROL, Person("Bob"))
    records = [CAROL.certificate(now), MALLORY.certificate(now), join_record(MALLORY, for_bob, now=now)]
    outcome = bob.ingest.receive(records, MALLORY.id)
    assert outcome.faults == [(records[2], Code.FORGED)]


def test_a_node_starts_with_a_stored_profile_that_it_can_no_longer_read() -> None:
    store = Store.open(":memory:")
    bob = replica_of("Bob", store)
    now = bob.clock.now()
    bob.ingest.receive([CAROL.certificate(now), CAROL.policy({bob.me: 900}, now=now)], CAROL.id)
    unread = profile_nobody_here_can_read(CAROL, now)
    with store.transaction():
        store.records.put(unread, state=RecordState.LIVE, received_from=CAROL.id, arrived=now)
    again = Replica.open(store, bob.me, bob.keys, bob.clock, bob.entropy, identity=bob.identity)
    assert again.trust_state.profile(CAROL.id) is None
    assert again.trust_state.policy(CAROL.id) is not None


@pytest.mark.parametrize("whole", [True, False])
def test_a_bad_signature_does_not_show_whether_the_record_is_held(whole: bool) -> None:
    bob = replica_of("Bob")
    now = bob.clock.now()
    here, elsewhere = CAROL.listing("Pears", now=now), CAROL.listing("Plums", now=now)
    bob.ingest.receive([CAROL.certificate(now), CAROL.policy({bob.me: 900}, now=now), here], CAROL.id)
    for record in (here, elsewhere):
        forged = Record(record.header, record.header_bytes, bytes(64), record.body if whole else None)
        outcome = bob.ingest.receive([forged], MALLORY.id)
        assert ([code for _, code in outcome.faults], outcome.kept) == ([Code.FORGED], [])
    assert bob.ingest.receive([here], MALLORY.id).kept == [here.id]


@pytest.mark.parametrize("whole", [True, False])
def test_a_newer_version_by_a_device_that_its_author_never_certified_supersedes_nothing(whole: bool) -> None:
    bob, thief = replica_of("Bob"), CAROL.on("a device that is not hers")
    now = bob.clock.now()
    bob.ingest.receive([CAROL.certificate(now), CAROL.policy({bob.me: 900}, now=now)], CAROL.id)
    offer, policy = CAROL.listing("Pears", now=now), CAROL.profile(now)
    bob.ingest.receive([offer, policy], CAROL.id)
    forged = [
        thief.listing("Pears", now=now, version=2, min_valid_version=2),
        thief.profile(now, version=2, min_valid_version=2),
    ]
    outcome = bob.ingest.receive([one if whole else one.without_body() for one in forged], MALLORY.id)
    assert outcome.faults == []
    for held in (offer, policy):
        rows = bob.store.records.rows_of([held.id])
        assert [row.state for row in rows] == [RecordState.LIVE]
        newest = bob.store.records.newest(held.register)
        assert newest is not None
        assert newest.id == held.id
