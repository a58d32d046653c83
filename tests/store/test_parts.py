"""The smaller parts of the store: people, cards, blocks, small values; and the store thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from meshnode.store import ClaimResult, RecordState, Store
from meshnode.store.store_thread import StoreThread
from protocol.limits import ADDRESSES_REMEMBERED_MAX, CARD_LIFE, DAY
from protocol.tokens import Card
from tests.support.people import NOW, Person, grown

ALICE = Person("Alice")
BOB = Person("Bob")
CAROL = Person("Carol")


# --- people ------------------------------------------------------------------------------------------------------------


def test_addresses_are_listed_with_the_latest_first(store: Store) -> None:
    store.people.remember(ALICE.id, ALICE.device, "pi.local", 7000, NOW)
    store.people.remember(ALICE.id, ALICE.device, "fe80::1%eth0", 7000, NOW + 1)
    store.people.remember(ALICE.id, ALICE.device, "pi.local", 7000, NOW + 2)
    store.people.remember(BOB.id, BOB.device, "bob.local", 7000, NOW)
    found = [(address.host, address.seen) for address in store.people.addresses(ALICE.id)]
    assert found == [("pi.local", NOW + 2), ("fe80::1%eth0", NOW + 1)]
    assert {address.device for address in store.people.addresses(ALICE.id)} == {ALICE.device}
    assert store.people.addresses(CAROL.id) == []


def test_the_number_of_addresses_of_one_person_is_limited(store: Store) -> None:
    for number in range(3 * ADDRESSES_REMEMBERED_MAX):
        store.people.remember(ALICE.id, ALICE.device, "pi.local", 1 + number, NOW + number)
    ports = [address.port for address in store.people.addresses(ALICE.id)]
    assert ports == list(range(3 * ADDRESSES_REMEMBERED_MAX, 2 * ADDRESSES_REMEMBERED_MAX, -1))


def test_keys_are_kept_for_every_device_and_a_presence_key_is_not_lost(store: Store) -> None:
    phone = ALICE.on("phone")
    store.people.remember_keys(ALICE.id, ALICE.device, b"d" * 32, b"p" * 32)
    store.people.remember_keys(ALICE.id, phone.device, b"e" * 32, None)
    store.people.remember_keys(ALICE.id, ALICE.device, b"f" * 32, None)
    assert store.people.keys(ALICE.id) == [(ALICE.device, b"f" * 32, b"p" * 32), (phone.device, b"e" * 32, None)]
    store.people.forget_device(phone.device)
    assert [keys.device for keys in store.people.keys(ALICE.id)] == [ALICE.device]
    store.people.forget(ALICE.id)
    assert store.people.keys(ALICE.id) == []


# --- cards -------------------------------------------------------------------------------------------------------------


def issue(store: Store, *, uses: int = 1, expires: int = NOW + DAY) -> bytes:
    card = grown("card", uses, size=16)
    store.cards.add_issued(card, grown("secret"), weight=800, uses=uses, expires=expires)
    return card


def test_a_card_is_used_once_and_keeps_working_for_the_person_who_used_it(store: Store) -> None:
    card = issue(store)
    claims = [store.cards.claim(card, person.id, NOW) for person in (BOB, BOB, CAROL, BOB)]
    assert claims == [ClaimResult.FIRST, ClaimResult.AGAIN, ClaimResult.USED_UP, ClaimResult.AGAIN]


def test_a_card_for_several_people_counts_them(store: Store) -> None:
    card = issue(store, uses=2)
    claims = [store.cards.claim(card, person.id, NOW) for person in (BOB, CAROL, ALICE)]
    assert claims == [ClaimResult.FIRST, ClaimResult.FIRST, ClaimResult.USED_UP]


def test_an_expired_card_works_for_nobody(store: Store) -> None:
    card = issue(store)
    store.cards.claim(card, BOB.id, NOW)
    assert store.cards.claim(card, BOB.id, NOW + DAY) is ClaimResult.EXPIRED
    assert store.cards.claim(b"?" * 16, BOB.id, NOW) is ClaimResult.EXPIRED
    assert store.cards.issued_live(NOW + DAY) == []


def test_a_spent_card_is_still_listed_until_it_expires(store: Store) -> None:
    card = issue(store)
    (before,) = store.cards.issued_live(NOW)
    store.cards.claim(card, BOB.id, NOW)
    (after,) = store.cards.issued_live(NOW)
    assert (before.spent, before.claimants) == (False, frozenset())
    assert (after.spent, after.claimants, after.weight) == (True, frozenset({BOB.id}), 800)


def a_card(*, expires: int = NOW + DAY) -> Card:
    return Card(
        giver=ALICE.id, name="Alice", certificate=ALICE.certificate(), secret=grown("secret"),
        addresses=(("192.168.1.5", 7000),), expires=expires, weight=800, uses=1,
    )  # fmt: skip


def test_a_taken_card_is_kept_until_its_giver_is_met(store: Store) -> None:
    card = a_card()
    store.cards.add_taken(card, NOW)
    store.cards.add_taken(card, NOW + 5)
    (taken,) = store.cards.taken_pending(NOW)
    assert (taken.card, taken.id, taken.at) == (card, card.id, NOW)
    store.cards.taken_done(card.id)
    assert store.cards.taken_pending(NOW) == []


def test_expired_cards_are_deleted_with_their_claims(store: Store) -> None:
    card = issue(store)
    store.cards.claim(card, BOB.id, NOW)
    store.cards.add_taken(a_card(), NOW)
    store.cards.purge(NOW + DAY - 1)
    assert store.cards.issued(card) is not None
    assert len(store.cards.taken_pending(NOW)) == 1
    store.cards.purge(NOW + DAY)
    assert store.cards.issued(card) is None
    assert len(store.cards.taken_pending(NOW)) == 1  # its giver's clock says when it expires
    store.cards.purge(NOW + CARD_LIFE)
    assert store.cards.taken_pending(NOW) == []


# --- blocks and small values -------------------------------------------------------------------------------------------


def test_blocks_are_listed_with_their_date_and_the_latest_first(store: Store) -> None:
    store.blocked.add(BOB.id, NOW)
    store.blocked.add(CAROL.id, NOW + 1)
    store.blocked.add(BOB.id, NOW + 2)
    assert store.blocked.all() == [(CAROL.id, NOW + 1), (BOB.id, NOW)]
    store.blocked.remove(CAROL.id)
    store.blocked.remove(ALICE.id)
    assert (BOB.id in store.blocked, CAROL.id in store.blocked) == (True, False)


def test_small_values_are_kept_by_name(store: Store) -> None:
    store.meta.set("port", "7000")
    store.meta.set("port", "7001")
    assert (store.meta.get("port"), store.meta.get("floor")) == ("7001", None)
    store.meta.delete("port")
    assert store.meta.get("port") is None


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.records.put(ALICE.listing(), state=RecordState.LIVE, received_from=BOB.id, arrived=NOW)
        store.people.remember(ALICE.id, ALICE.device, "pi.local", 7000, NOW)
        store.blocked.add(CAROL.id, NOW)
        store.meta.set("port", "7000")
        card = issue(store)
        rows = list(store.records.rows())
    with Store.open(tmp_path / "store.db") as store:
        assert list(store.records.rows()) == rows
        assert len(store.people.addresses(ALICE.id)) == 1
        assert CAROL.id in store.blocked
        assert store.meta.get("port") == "7000"
        assert store.cards.claim(card, BOB.id, NOW) is ClaimResult.FIRST


# --- the store thread --------------------------------------------------------------------------------------------------


async def test_the_store_thread_runs_one_function_at_a_time() -> None:
    store_thread, inside, together = StoreThread(), 0, 0

    def visit() -> None:
        nonlocal inside, together
        inside += 1
        together = max(together, inside)
        threading.Event().wait(0.002)
        inside -= 1

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(store_thread.run, visit)
    assert together == 1


async def test_a_function_that_has_begun_ends_before_it_is_cancelled(store: Store) -> None:
    store_thread, begun, go_on = StoreThread(), threading.Event(), threading.Event()

    def write() -> None:
        with store.transaction():
            store.meta.set("half", "1")
            begun.set()
            go_on.wait(5)
            store.meta.set("whole", "1")

    async def ask() -> None:
        await store_thread.run(write)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.to_thread.run_sync(begun.wait)
        nursery.cancel_scope.cancel()
        go_on.set()
    assert store.meta.get("whole") == "1"


async def test_an_error_in_the_store_thread_is_raised_to_the_caller() -> None:
    def fail() -> int:
        raise KeyError("nothing here")

    with pytest.raises(KeyError, match="nothing here"):
        await StoreThread().run(fail)


async def test_each_function_runs_inside_the_context_that_the_store_thread_is_given() -> None:
    calls: list[str] = []

    @contextmanager
    def around() -> Iterator[None]:
        calls.append("enter")
        yield
        calls.append("leave")

    store_thread = StoreThread(around)
    await store_thread.run(calls.append, "one")
    await store_thread.run(calls.append, "two")
    assert calls == ["enter", "one", "leave", "enter", "two", "leave"]
