"""Registers: which record supersedes which, in whatever order they arrive."""

from __future__ import annotations

from itertools import permutations

from meshnode.store import RecordState, Store
from protocol import Kind
from protocol.limits import DAY, SUSPENDED_LIFE, TOMBSTONE_GRACE
from tests.support.people import NOW
from tests.support.registers import ALICE, BOB, REGISTER, put, states, version


def test_a_stored_record_is_found_by_id_and_by_register(store: Store) -> None:
    record = ALICE.listing(place="881f1d4885fffff")
    assert put(store, record)
    assert (
        store.records.get(record.id) == store.records.newest(record.register) == store.records.current(record.register)
    )
    found = store.records.get(record.id)
    assert found is not None
    assert found.wire == record.wire
    assert store.records.get_many([BOB.listing().id, record.id]) == [record]


def test_an_unknown_record_is_not_found(store: Store) -> None:
    record = ALICE.listing()
    assert store.records.get(record.id) is None
    assert store.records.newest(record.register) is None
    assert store.records.current(record.register) is None
    assert list(store.records.rows(author=ALICE.id)) == []
    assert store.records.count(ALICE.id) == store.records.bytes_of(ALICE.id) == 0


def test_a_newer_version_replaces_an_older_one(store: Store) -> None:
    put(store, version(1))
    put(store, version(2))
    assert store.records.newest(REGISTER) == store.records.current(REGISTER) == version(2)
    assert store.records.get(version(1).id) is None


def test_an_older_version_does_not_come_back(store: Store) -> None:
    put(store, version(2))
    assert not put(store, version(1))
    assert states(store) == {2: RecordState.LIVE}


def test_a_header_only_supersedes_an_older_version_that_stays_in_use(store: Store) -> None:
    put(store, version(1))
    put(store, version(2).without_body())
    head = store.records.newest(REGISTER)
    assert head is not None
    assert head.header_only
    assert store.records.current(REGISTER) == version(1)
    assert states(store) == {1: RecordState.LIVE, 2: RecordState.HEADER}


def test_a_header_with_a_higher_minimum_version_suspends_the_current_record(store: Store) -> None:
    put(store, version(1))
    put(store, version(2, min_valid_version=2).without_body())
    assert states(store) == {1: RecordState.SUSPENDED, 2: RecordState.HEADER}


def test_an_older_version_is_stored_behind_a_header_in_use_or_suspended_by_the_minimum_version(store: Store) -> None:
    put(store, version(4, min_valid_version=2).without_body())
    put(store, version(1))
    assert states(store) == {1: RecordState.SUSPENDED, 4: RecordState.HEADER}
    put(store, version(3))
    assert states(store) == {3: RecordState.LIVE, 4: RecordState.HEADER}
    assert not put(store, version(2))


def test_the_body_completes_its_header(store: Store) -> None:
    put(store, version(1))
    put(store, version(2, min_valid_version=2).without_body())
    put(store, version(2, min_valid_version=2))
    assert states(store) == {2: RecordState.LIVE}
    assert store.records.current(REGISTER) == version(2, min_valid_version=2)


def test_a_header_only_never_deletes_a_body(store: Store) -> None:
    put(store, version(2))
    put(store, version(2).without_body())
    assert store.records.current(REGISTER) == version(2)
    assert states(store) == {2: RecordState.LIVE}


def test_a_newer_header_replaces_an_older_header_and_nothing_else(store: Store) -> None:
    put(store, version(1))
    put(store, version(2).without_body())
    put(store, version(3).without_body())
    assert states(store) == {1: RecordState.LIVE, 3: RecordState.HEADER}


def test_after_a_withdrawal_nothing_is_in_use(store: Store) -> None:
    put(store, version(1))
    put(store, ALICE.withdrawal(version(1)))
    assert store.records.current(REGISTER) is None
    assert store.records.newest(REGISTER) == ALICE.withdrawal(version(1))
    assert list(store.records.bodies(Kind.LISTING)) == []
    assert not put(store, version(1))


def test_two_records_of_one_version_end_alike_in_every_order(store: Store) -> None:
    laptop, phone = ALICE.listing(version=1, slot=bytes(16)), ALICE.on("phone").listing(version=1, slot=bytes(16))
    put(store, laptop)
    put(store, phone)
    with Store.open(":memory:") as other:
        put(other, phone)
        put(other, laptop)
        assert other.records.newest(laptop.register) == store.records.newest(laptop.register)
        assert store.records.count() == other.records.count() == 1


def test_the_order_of_arrival_changes_nothing() -> None:
    arrivals = [
        version(1),
        version(2),
        version(3).without_body(),
        version(4, min_valid_version=2).without_body(),
        version(2),
    ]
    outcomes = set()
    for order in permutations(arrivals):
        with Store.open(":memory:") as store:
            for record in order:
                put(store, record)
            outcomes.add(
                (store.records.newest(REGISTER), store.records.current(REGISTER), *sorted(states(store).items()))
            )
    assert len(outcomes) == 1


def test_put_new_takes_only_the_first_of_a_register(store: Store) -> None:
    first = {"state": RecordState.LIVE, "received_from": BOB.id, "arrived": NOW}
    assert store.records.put_new(version(1), **first)  # type: ignore[arg-type]
    assert not store.records.put_new(version(2), **first)  # type: ignore[arg-type]
    assert states(store) == {1: RecordState.LIVE}


def test_one_query_tells_which_ids_are_held_and_which_with_bodies(store: Store) -> None:
    put(store, version(2).without_body())
    put(store, ALICE.profile(), RecordState.PENDING)
    asked = [version(1).id, version(2).id, ALICE.profile().id]
    assert store.records.known(asked) == {version(2).id: False, ALICE.profile().id: True}
    assert store.records.known([]) == {}


# --- pending -------------------------------------------------------------------------------------------------------


def test_a_pending_record_supersedes_nothing(store: Store) -> None:
    forged = ALICE.on("stolen").listing(version=99)
    put(store, version(1))
    put(store, forged, RecordState.PENDING)
    assert store.records.newest(REGISTER) == version(1)
    assert store.records.get(forged.id) == forged
    assert states(store) == {1: RecordState.LIVE, 99: RecordState.PENDING}
    assert list(store.records.bodies(Kind.LISTING)) == [version(1)]
    assert store.records.count_pending() == 1


def test_a_released_record_takes_its_place_in_the_register(store: Store) -> None:
    put(store, version(1))
    put(store, version(2), RecordState.PENDING)
    put(store, ALICE.on("other").listing(version=1), RecordState.PENDING)
    store.records.set_state([version(2).id], RecordState.LIVE)
    assert store.records.current(REGISTER) == version(2)
    store.records.set_state([row.id for row in store.records.rows(states=[RecordState.PENDING])], RecordState.LIVE)
    assert states(store) == {2: RecordState.LIVE}
    assert store.records.count_pending() == 0


def test_a_pending_record_that_is_stored_again_as_live_is_no_longer_pending(store: Store) -> None:
    put(store, version(1), RecordState.PENDING)
    put(store, version(1), RecordState.PENDING)
    put(store, version(1), RecordState.LIVE)
    assert states(store) == {1: RecordState.LIVE}
    assert store.records.count() == 1


def test_a_proved_header_is_not_replaced_by_its_own_pending_body(store: Store) -> None:
    put(store, version(1))
    put(store, version(2, min_valid_version=2).without_body())
    assert not put(store, version(2, min_valid_version=2), RecordState.PENDING)
    assert states(store) == {1: RecordState.SUSPENDED, 2: RecordState.HEADER}


def test_several_pending_records_of_one_register_are_kept(store: Store) -> None:
    for device in ("one", "two", "three"):
        put(store, ALICE.on(device).listing(version=7), RecordState.PENDING)
    assert store.records.count_pending() == 3
    assert store.records.newest(REGISTER) is None


# --- deleting --------------------------------------------------------------------------------------------------------


def test_dropping_a_body_leaves_the_header_as_a_tombstone(store: Store) -> None:
    put(store, version(2))
    store.records.drop_bodies([version(2).id])
    head = store.records.newest(REGISTER)
    assert head is not None
    assert head.header_only
    assert head.header == version(2).header
    assert states(store) == {2: RecordState.HEADER}
    assert put(store, version(1))  # behind the header; the caller decides whether it may be stored
    put(store, version(2))
    assert states(store) == {2: RecordState.LIVE}


def test_dropping_the_current_record_behind_a_header_leaves_the_header(store: Store) -> None:
    put(store, version(1))
    put(store, version(2).without_body())
    store.records.drop_bodies([version(1).id])
    assert states(store) == {2: RecordState.HEADER}


def test_dropping_a_withdrawn_record_keeps_its_tombstone(store: Store) -> None:
    gone = ALICE.withdrawal(version(1))
    put(store, gone)
    store.records.drop_bodies([gone.id])
    assert store.records.newest(REGISTER) == gone
    assert states(store) == {2: RecordState.HEADER}


def test_the_current_record_behind_a_deleted_header_is_the_newest_again(store: Store) -> None:
    put(store, version(1))
    put(store, version(2).without_body())
    assert store.records.delete([version(2).id, version(3).id]) == 1
    assert store.records.newest(REGISTER) == version(1)
    put(store, version(3))
    assert states(store) == {3: RecordState.LIVE}


def test_an_expired_record_is_purged_with_its_header(store: Store) -> None:
    put(store, version(1, life=DAY))
    assert store.records.purge(NOW + DAY - 1) == []
    assert store.records.next_expiry(NOW) == NOW + DAY
    assert store.records.purge(NOW + DAY) == [version(1, life=DAY).id]
    assert store.records.count() == 0
    assert store.records.next_expiry(NOW) is None


def test_the_header_of_an_expired_record_stays_while_an_older_version_may_live(store: Store) -> None:
    short = version(2, life=DAY, latest_expiry=NOW + 30 * DAY)
    put(store, short)
    assert store.records.purge(NOW + DAY) == [short.id]
    assert states(store) == {2: RecordState.HEADER}
    assert store.records.purge(NOW + 30 * DAY + TOMBSTONE_GRACE - 1) == []
    store.records.purge(NOW + 30 * DAY + TOMBSTONE_GRACE)
    assert store.records.count() == 0


def test_a_withdrawal_stays_for_some_time_after_any_version_may_live(store: Store) -> None:
    put(store, ALICE.withdrawal(version(1)))
    end = version(1).header.latest_expiry + TOMBSTONE_GRACE
    assert store.records.purge(end - 1) == []
    assert store.records.purge(end) == [ALICE.withdrawal(version(1)).id]


def test_a_suspended_record_is_deleted_after_some_days(store: Store) -> None:
    put(store, version(1))
    put(store, version(2, min_valid_version=2).without_body(), arrived=NOW + DAY)
    assert store.records.purge(NOW + DAY + SUSPENDED_LIFE - 1) == []
    assert store.records.purge(NOW + DAY + SUSPENDED_LIFE) == [version(1).id]
    assert states(store) == {2: RecordState.HEADER}


def test_a_pending_record_is_deleted_after_some_days(store: Store) -> None:
    put(store, version(1), RecordState.PENDING)
    assert store.records.purge(NOW + 7 * DAY) == [version(1).id]
    assert store.records.count_pending() == 0


def test_a_revocation_is_never_purged(store: Store) -> None:
    put(store, ALICE.revocation())
    assert store.records.purge(NOW + 8000 * 365 * DAY) == []


def test_records_of_this_node_about_itself_are_not_purged(store: Store) -> None:
    for person, source in ((ALICE, None), (BOB, BOB.id)):
        for record in (person.certificate(), person.policy(), person.profile(), person.listing()):
            store.records.put(record, state=RecordState.LIVE, received_from=source, arrived=NOW)
    store.records.purge(2**53 - 1)
    kinds = [(row.author, row.kind) for row in store.records.rows()]
    assert kinds == [(ALICE.id, Kind.DEVICE), (ALICE.id, Kind.POLICY), (ALICE.id, Kind.PROFILE)]
