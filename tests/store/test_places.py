"""Exact places: kept by slot, replaced, and deleted with their listings."""

from __future__ import annotations

from meshnode.store import Store
from protocol import PROFILE_SLOT
from tests.support.people import NOW
from tests.support.registers import ALICE, put

MILL, PARK = (52.52, 13.405), (-33.9, 151.2)
CELL = "881f1d4885fffff"


def test_a_point_is_kept_exactly_replaced_and_deleted(store: Store) -> None:
    assert store.places.get(PROFILE_SLOT) is None
    store.places.keep(PROFILE_SLOT, MILL)
    assert store.places.get(PROFILE_SLOT) == MILL
    store.places.keep(PROFILE_SLOT, PARK)
    assert store.places.get(PROFILE_SLOT) == PARK
    store.places.forget(PROFILE_SLOT)
    assert store.places.get(PROFILE_SLOT) is None


def test_points_of_listings_that_ended_or_have_no_place_are_deleted(store: Store) -> None:
    listings = {title: ALICE.listing(title, place=CELL) for title in ("Standing", "Withdrawn", "Moved in")}
    for record in listings.values():
        put(store, record)
    put(store, ALICE.withdrawal(listings["Withdrawn"], NOW))
    put(store, ALICE.listing("Moved in", version=2))
    slots = {title: record.header.slot for title, record in listings.items()} | {"Never was": bytes(15) + b"x"}
    for slot in (*slots.values(), PROFILE_SLOT):
        store.places.keep(slot, MILL)
    store.places.forget_ended(ALICE.id)
    assert [title for title, slot in slots.items() if store.places.get(slot)] == ["Standing"]
    assert store.places.get(PROFILE_SLOT) == MILL
