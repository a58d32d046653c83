"""StoreUsage of each author, and records that nobody can keep for ever."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from meshnode.slices import complete
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


def test_usage_of_each_author_follows_every_change_and_a_restart(tmp_path: Path) -> None:
    certificate, policy, offer = ALICE.certificate(), ALICE.policy({BOB: 900}), CAROL.listing()
    with Store.open(tmp_path / "store.db") as store:
        assert store.records.usage_in_all() == StoreUsage()
        bring(store, BOB, certificate, policy)
        bring(store, CAROL, offer)
        sizes = len(certificate.wire) + len(policy.wire)
        assert store.records.usage_of(ALICE.id) == StoreUsage(2, sizes, 2, len(policy.wire), certificates=1)
        assert store.records.usage_of(CAROL.id) == StoreUsage(1, len(offer.wire), listings=1)
        bring(store, CAROL, CAROL.listing("Pending"), state=RecordState.PENDING)
        assert store.records.usage_of(CAROL.id).records == 1
        assert store.records.pending_by_source() == {CAROL.id: 1}
        store.records.drop_bodies([policy.id])
        sizes = len(certificate.wire) + len(policy.without_body().wire)
        assert store.records.usage_of(ALICE.id) == StoreUsage(2, sizes, 1, certificates=1)
        assert not store.records.usage_of(ALICE.id).bare
        store.records.delete([offer.id])
        assert store.records.usage_of(CAROL.id) == StoreUsage()
        left = store.records.usage_in_all()
    with Store.open(tmp_path / "store.db") as store:
        assert store.records.usage_of(ALICE.id) == left == store.records.usage_in_all()
        assert list(store.records.usage_by_author()) == [(ALICE.id, left)]
        assert store.records.pending_by_source() == {CAROL.id: 1}


@pytest.mark.parametrize("steps", range(5))
def test_what_is_written_while_the_figures_are_read_in_steps_is_counted(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meshnode.store.usage.READ_AUTHORS", 2)
    people = [Person(f"neighbor {number}") for number in range(6)]
    with Store.open(tmp_path / "store.db") as store:
        bring(store, BOB, *(person.certificate() for person in people))
    with Store.open(tmp_path / "store.db") as store:
        reading = store.records.reading_usage()
        for _ in range(steps):
            next(reading, None)
        with store.transaction():
            store.records.delete([people[0].certificate().id, people[5].certificate().id])
        bring(store, BOB, people[1].listing(), people[4].listing(), CAROL.certificate())
        complete(reading)
        found = dict(store.records.usage_by_author()), store.records.usage_in_all()
    with Store.open(tmp_path / "store.db") as store:
        assert (dict(store.records.usage_by_author()), store.records.usage_in_all()) == found
    assert found[1].records == 7


def test_the_authors_whose_usage_changed_are_told_once_and_all_after_a_rollback(store: Store) -> None:
    assert list(store.records.usage_by_author()) == []
    assert store.records.usage_changed() is None
    bring(store, BOB, ALICE.certificate(), ALICE.policy({}))
    assert store.records.usage_changed() == [(ALICE.id, store.records.usage_of(ALICE.id))]
    assert store.records.usage_changed() == []
    with contextlib.suppress(ZeroDivisionError), store.transaction():
        store.records.delete([ALICE.certificate().id])
        assert 1 // 0
    assert store.records.usage_of(ALICE.id).bare is False
    assert store.records.usage_changed() is None


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
