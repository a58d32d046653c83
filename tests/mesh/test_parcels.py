"""Parcels: two people who never share a network connect, share, agree, revoke and block by files alone."""

from __future__ import annotations

import pytest

from meshnode.app.devices import revocation as device_list
from meshnode.app.parcels import knowledge, making
from meshnode.app.people import cards
from meshnode.errors import Refused
from meshnode.slices import complete
from meshnode.store import RecordState
from protocol import Audience, device_text, is_revocation, person_text
from protocol.parcels import ParcelFrame, ParcelReceipts
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, block, knows_name, post, rewrite, sees, state, vouch, withdraw
from tests.support.parcels import carry, frames_in, made, records_in, taken


def strangers(*names: str) -> Mesh:
    """People of whom nobody knows anybody, on no network."""
    mesh = Mesh(77)
    for name in names:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    return mesh


def give_card(mesh: Mesh, giver: str, user: str, **order: object) -> None:
    """Let `user` add a card of `giver`, which was carried by hand."""
    text = cards.make(mesh.nodes[giver].replica, cards.CardOrder(**order), ()).text  # type: ignore[arg-type]
    cards.add(mesh.nodes[user].replica, cards.CardToAdd(text), ())


def friends(*names: str) -> Mesh:
    """Two people who are connected by a card and a parcel in each direction."""
    mesh = strangers("Alice", "Bob", *names)
    give_card(mesh, "Alice", "Bob")
    carry(mesh, "Bob", "Alice")
    carry(mesh, "Alice", "Bob")
    carry(mesh, "Bob", "Alice")
    carry(mesh, "Alice", "Bob")
    return mesh


def test_a_card_and_two_parcels_connect_two_people() -> None:
    mesh = strangers("Alice", "Bob")
    give_card(mesh, "Alice", "Bob")
    post(mesh, "Alice", "Carrots")
    post(mesh, "Bob", "Honey")
    there = carry(mesh, "Bob", "Alice")
    assert there is not None
    assert there.connected
    back = carry(mesh, "Alice", "Bob")
    assert back is not None
    assert back.connected
    assert knows_name(mesh, "Bob", "Alice")
    assert sees(mesh, "Bob") == {"Carrots"}
    carry(mesh, "Bob", "Alice")
    assert knows_name(mesh, "Alice", "Bob")
    assert sees(mesh, "Alice") == {"Honey"}


def test_the_next_parcel_carries_only_what_is_new() -> None:
    mesh = friends()
    assert made(mesh.nodes["Alice"].replica, lost=True) == b""
    carrots = post(mesh, "Alice", "Carrots")
    parcel = made(mesh.nodes["Alice"].replica)
    assert [one.id for one in records_in(parcel, mesh.nodes["Bob"].replica)] == [carrots.id]
    assert made(mesh.nodes["Alice"].replica) == b""
    taken(mesh.nodes["Bob"].replica, parcel)
    assert sees(mesh, "Bob") == {"Carrots"}


def test_what_is_taken_back_is_told() -> None:
    mesh = friends()
    carrots, beets = post(mesh, "Alice", "Carrots"), post(mesh, "Alice", "Beets")
    carry(mesh, "Alice", "Bob")
    assert sees(mesh, "Bob") == {"Carrots", "Beets"}
    withdraw(mesh, "Alice", carrots)
    rewrite(mesh, "Alice", beets, "Beets for few", Audience.MY_CELL, may_reduce_access=True)
    carry(mesh, "Alice", "Bob")
    assert sees(mesh, "Bob") == set()
    assert state(mesh, "Bob", beets) is RecordState.SUSPENDED


def test_somebody_who_is_blocked_learns_what_to_drop_and_nothing_else() -> None:
    mesh = friends()
    post(mesh, "Alice", "Carrots")
    carry(mesh, "Alice", "Bob")
    assert sees(mesh, "Bob") == {"Carrots"}
    block(mesh, "Alice", "Bob")
    post(mesh, "Alice", "Secret")
    parcel = made(mesh.nodes["Alice"].replica)
    assert all(record.header_only or record.withdrawn for record in records_in(parcel, mesh.nodes["Bob"].replica))
    taken(mesh.nodes["Bob"].replica, parcel)
    assert sees(mesh, "Bob") == set()


def test_a_vouch_taken_back_is_told() -> None:
    mesh = friends()
    post(mesh, "Alice", "Carrots")
    carry(mesh, "Alice", "Bob")
    vouch(mesh, "Alice", "Bob", 0)
    parcel = made(mesh.nodes["Alice"].replica)
    taken(mesh.nodes["Bob"].replica, parcel)
    assert sees(mesh, "Bob") == set()


def test_receipts_alone_call_for_no_parcel_and_what_had_no_receipt_is_sent_again() -> None:
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    for _ in range(4):
        carry(mesh, "Alice", "Bob")
        carry(mesh, "Bob", "Alice")
    assert (made(alice, lost=True), made(bob, lost=True)) == (b"", b"")
    carrots = post(mesh, "Alice", "Carrots")
    made(alice)  # the stick is lost
    assert made(alice, lost=True) == b""
    mesh.advance(knowledge.RESEND_SECONDS + 1)
    assert carrots.id in {record.id for record in records_in(made(alice, lost=True), bob)}
    parcel = made(alice)
    assert carrots.id in {record.id for record in records_in(parcel, bob)}
    taken(bob, parcel)
    carry(mesh, "Bob", "Alice")
    mesh.advance(knowledge.RESEND_SECONDS + 1)
    again = made(alice, lost=True)
    assert carrots.id not in {record.id for record in (records_in(again, bob) if again else [])}


def test_a_receipt_counts_as_told_only_when_the_parcel_that_has_it_leaves() -> None:
    """Bob's parcel comes to Alice after Alice's was made and before that is fetched: the next one tells of it."""
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    post(mesh, "Alice", "Carrots")
    chunks: list[bytes] = []
    waiting = complete(making.making(alice, making.plan(alice, making.ParcelOrder()), chunks.append))
    mesh.advance(60)
    post(mesh, "Bob", "Honey")
    carry(mesh, "Bob", "Alice")
    making.note_handed_over(alice, waiting)
    told = [receipt for frame in frames_in(made(alice), bob) for receipt in receipts_of(frame)]
    assert alice.store.parcels.came_from(bob.me)[0].id in told
    assert made(alice) == b"", "it was told now"


def test_somebody_who_has_parted_is_told_of_no_receipt() -> None:
    mesh = friends()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    mesh.advance(60)
    post(mesh, "Bob", "Honey")
    carry(mesh, "Bob", "Alice")
    block(mesh, "Alice", "Bob")
    assert not any(receipts_of(frame) for frame in frames_in(made(alice), bob))
    assert made(alice) == b""
    assert alice.store.parcels.came_from(bob.me)[0].told == 0


def receipts_of(frame: ParcelFrame) -> list[bytes]:
    return [one.parcel for one in frame.entries] if isinstance(frame, ParcelReceipts) else []


def test_a_device_that_was_revoked_is_told_of_first_and_its_parcels_are_refused() -> None:
    mesh = friends()
    mesh.add_device("Pi", "Alice")
    acquaint(mesh, "Alice", "Pi")
    alice, pi, bob = (mesh.nodes[name].replica for name in ("Alice", "Pi", "Bob"))
    carry(mesh, "Alice", "Pi")
    carry(mesh, "Pi", "Alice")
    stolen = made(pi, person_text(bob.me), again=True)
    taken(bob, stolen)
    device_list.revoke(alice, device_text(pi.device))
    post(mesh, "Alice", "Carrots")
    parcel = made(alice, person_text(bob.me))
    first = records_in(parcel, bob)[0]
    assert is_revocation(first.header)
    taken(bob, parcel)
    with pytest.raises(Refused, match="not connected"):
        taken(bob, stolen)
