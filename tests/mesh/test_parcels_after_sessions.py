"""People who have met on a network and then only exchange parcels: these carry what is new, and say what to drop."""

from __future__ import annotations

import pytest

from meshnode.app.devices import revocation as device_list
from meshnode.app.parcels import knowledge, making
from meshnode.app.parcels.knowledge import Knowledge
from meshnode.app.peers import held_items
from meshnode.slices import complete
from meshnode.store import HeldItems, RecordState, Store
from protocol import Audience, Kind, device_text, person_text
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, befriend, block, post, rewrite, sees, state, vouch, withdraw
from tests.support.parcels import carry, made, records_in, taken
from tests.support.people import NOW


def met(*names: str, posts: int = 20) -> Mesh:
    """Alice and the others, who have met her on a network and have parted. Each of them has posted something."""
    mesh = Mesh(81)
    for name in ("Alice", *names):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for name in names:
        befriend(mesh, "Alice", name, 950, 950)
    for number in range(posts):
        post(mesh, "Alice", f"Offer {number}")
    mesh.settle()
    mesh.compare()
    mesh.settle()
    for name in names:
        mesh.cut("Alice", name)
    mesh.settle()
    return mesh


def test_the_first_parcel_to_somebody_met_on_a_network_carries_only_what_is_new() -> None:
    mesh = met("Bob")
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    assert made(alice, lost=True) == b""
    assert made(bob, lost=True) == b""
    carrots = post(mesh, "Alice", "Carrots")
    parcel = made(alice)
    assert [one.id for one in records_in(parcel, bob)] == [carrots.id]
    taken(bob, parcel)
    assert "Carrots" in sees(mesh, "Bob")
    assert len(records_in(made(alice, person_text(bob.me), again=True, lost=True), bob)) > 20


def test_what_was_given_on_a_network_is_taken_back_by_a_parcel() -> None:
    mesh = met("Bob")
    gone, narrowed = post(mesh, "Alice", "Gone soon"), post(mesh, "Alice", "For few soon")
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert {"Gone soon", "For few soon"} < sees(mesh, "Bob")
    mesh.cut("Alice", "Bob")
    mesh.settle()
    withdraw(mesh, "Alice", gone)
    rewrite(mesh, "Alice", narrowed, "For few", Audience.MY_CELL, may_reduce_access=True)
    carry(mesh, "Alice", "Bob")
    assert not {"Gone soon", "For few soon", "For few"} & sees(mesh, "Bob")
    assert state(mesh, "Bob", narrowed) is RecordState.SUSPENDED


@pytest.mark.parametrize("parting", ["block", "no vouch"])
def test_somebody_met_on_a_network_who_has_parted_is_told_what_to_drop_and_nothing_else(parting: str) -> None:
    mesh = met("Bob")
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    if parting == "block":
        block(mesh, "Alice", "Bob")
    else:
        vouch(mesh, "Alice", "Bob", 0)
    post(mesh, "Alice", "Secret")
    parcel = made(alice)
    assert all(record.header_only or record.withdrawn for record in records_in(parcel, bob))
    taken(bob, parcel)
    assert sees(mesh, "Bob") == set()


def test_somebody_blocked_longer_than_two_weeks_after_they_were_met_gets_no_parcel() -> None:
    mesh = met("Bob")
    mesh.advance(making.PARTED_SECONDS + 1)
    block(mesh, "Alice", "Bob")
    assert made(mesh.nodes["Alice"].replica, lost=True) == b""


def test_after_a_month_without_a_session_all_is_carried_once_more() -> None:
    """Whatever Bob has refused in a session, for lack of room for one, comes by a parcel then."""
    mesh = met("Bob")
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    mesh.advance(knowledge.SESSION_SECONDS + 1)
    parcel = made(alice)
    assert len(records_in(parcel, bob)) > 20
    taken(bob, parcel)
    carry(mesh, "Bob", "Alice")
    mesh.advance(knowledge.RESEND_SECONDS + 1)
    again = made(alice, lost=True)
    assert not again or not [one for one in records_in(again, bob) if one.header.kind == Kind.LISTING]


def test_a_session_that_broke_before_both_had_agreed_says_nothing_about_what_is_held() -> None:
    mesh = Mesh(82)
    for name in ("Alice", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for number in range(50):
        post(mesh, "Alice", f"Offer {number}")
    befriend(mesh, "Alice", "Bob", 950, 950)
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    while not any(conversation.settled for conversation in mesh.nodes["Alice"].conversations):
        mesh.run_for(0.001)
        known = _prefixes(*alice.store.parcels.held_by_sessions(bob.me))
        assert known <= {row.id[:8] for row in bob.store.records.rows()}
    mesh.settle()
    assert len(_prefixes(*alice.store.parcels.held_by_sessions(bob.me))) > 50


def test_what_a_device_that_was_revoked_held_counts_no_longer() -> None:
    mesh = met("Bob")
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    offer = next(row.id for row in alice.store.records.rows(kinds=(Kind.LISTING,)))
    assert complete(Knowledge.gathering(alice, bob.me)).has(offer)
    mesh.add_device("Phone of Bob", "Bob")
    acquaint(mesh, "Bob", "Phone of Bob")
    device_list.revoke(mesh.nodes["Phone of Bob"].replica, device_text(bob.device))
    acquaint(mesh, "Phone of Bob", "Alice")
    assert not complete(Knowledge.gathering(alice, bob.me)).has(offer)


def test_what_is_remembered_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(":memory:") as store:
        for number in range(6):
            held = HeldItems(bytes([number]) * 32, NOW + number, b"%16d" % number)
            store.parcels.add_held_by_session(held, b"p" * 32, keep=3)
        assert [held.device[0] for held in store.parcels.held_by_sessions(b"p" * 32)] == [3, 4, 5]
    monkeypatch.setattr(held_items, "HELD_PARTS_MAX", 2)
    monkeypatch.setattr(held_items, "HELD_ITEMS_MAX", 12)
    mesh = met("Bob")
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    for number in range(4):
        post(mesh, "Alice", f"More {number}")
        mesh.wire("Alice", "Bob")
        mesh.settle()
        mesh.cut("Alice", "Bob")
        mesh.settle()
        mesh.advance(1)
    parts = alice.store.parcels.held_by_sessions(bob.me)
    assert len(parts) <= 2
    assert sum(len(part.items) for part in parts) == 12 * 16
    newest = {row.id[:8] for row in alice.store.records.rows() if row.kind == Kind.LISTING}
    assert len(newest & _prefixes(*parts)) > 5


def _prefixes(*parts: HeldItems) -> set[bytes]:
    return {one for held in parts for _, one in held_items.items_in(held.items)}
