"""StoreUsage per author and per person who brings records, and records that nobody can keep for ever."""

from __future__ import annotations

from pathlib import Path

from meshnode.store import RecordState, Store, StoreUsage
from protocol import Record
from protocol.limits import CLOCK_SKEW, DAY, FORKS_MAX, LISTING_LIFE, TIME_MAX, TOMBSTONE_GRACE, VERSION_MAX
from tests.support.people import NOW, Person
from tests.support.registers import ALICE, BOB, put, version

CAROL = Person("Carol")


def bring(store: Store, source: Person, *records: Record, state: RecordState = RecordState.LIVE) -> None:
    with store.transaction():
        for record in records:
            store.records.put(record, state=state, received_from=source.id, arrived=NOW)


def test_usage_per_person_who_brings_follows_every_change_and_a_restart(tmp_path: Path) -> None:
    certificate, policy, offer = ALICE.certificate(), ALICE.policy({BOB: 900}), ALICE.listing()
    with Store.open(tmp_path / "store.db") as store:
        assert store.records.usage_from() == StoreUsage()
        bring(store, BOB, certificate, policy)
        bring(store, CAROL, offer)
        store.records.put(BOB.certificate(), state=RecordState.LIVE, received_from=None, arrived=NOW)
        sizes = len(certificate.wire) + len(policy.wire)
        assert store.records.usage_from(BOB.id) == StoreUsage(2, sizes, 2, len(policy.wire))
        assert store.records.usage_from(CAROL.id) == StoreUsage(1, len(offer.wire), 0, 0)
        bring(store, CAROL, CAROL.listing(), state=RecordState.PENDING)
        assert store.records.usage_from(CAROL.id).records == 1
        store.records.drop_bodies([policy.id])
        bare = policy.without_body()
        assert store.records.usage_from(BOB.id) == StoreUsage(2, len(certificate.wire) + len(bare.wire), 1, 0)
        store.records.delete([offer.id])
        assert store.records.usage_from(CAROL.id) == StoreUsage()
        left = store.records.usage_from()
    with Store.open(tmp_path / "store.db") as store:
        assert store.records.usage_from() == left == store.records.usage_from(BOB.id)
        assert [person for person, _ in store.records.usage_by_source()] == [BOB.id]


def test_no_header_stays_longer_than_any_older_version_could(store: Store) -> None:
    boastful = version(2, latest_expiry=TIME_MAX).without_body()
    put(store, boastful, RecordState.HEADER)
    end = NOW + CLOCK_SKEW + LISTING_LIFE + TOMBSTONE_GRACE
    assert store.records.purge(end - 1) == []
    assert store.records.purge(end) == [boastful.id]


def test_a_version_number_below_the_highest_is_not_a_revocation(store: Store) -> None:
    last = version(VERSION_MAX, latest_expiry=TIME_MAX).without_body()
    put(store, last, RecordState.HEADER)
    assert store.records.purge(NOW + 10 * LISTING_LIFE) == [last.id]


def test_of_many_forks_those_of_the_devices_known_longest_are_kept(store: Store) -> None:
    put(store, version(1))
    for number in range(FORKS_MAX + 10):
        one = ALICE.on(f"device {number}") if number else ALICE
        store.records.note_fork(one.listing(life=DAY), one.listing(life=2 * DAY))
    forks = [first.header.device for first, _ in store.records.forks()]
    assert len(forks) == FORKS_MAX
    assert ALICE.device in forks
