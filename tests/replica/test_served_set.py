"""The served set: nothing is given away to a hostile peer, and it follows changes without reading the store."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshnode.replica.changes import Change
from meshnode.replica.served_set import Delta, ServedSet
from meshnode.store import RecordState
from protocol import PROFILE_SLOT, Audience, Kind
from protocol.session import Phase
from protocol.wire import Item
from tests.support.forger import forged_profile
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, post, unblock, vouch


def test_a_forged_profile_does_not_draw_out_the_genuine_header() -> None:
    mesh = Mesh(3)
    for name in ("Alice", "Victor", "Mallory"):
        mesh.add(name)
    befriend(mesh, "Alice", "Victor", 900, 900)
    befriend(mesh, "Alice", "Mallory", 105, 105)  # too little trust to reach Victor
    mesh.settle()
    alice, victor, mallory = (mesh.nodes[name] for name in ("Alice", "Victor", "Mallory"))
    store, now = alice.replica.store, alice.replica.clock.now()
    genuine = store.records.newest((victor.person, Kind.PROFILE, PROFILE_SLOT))
    assert genuine is not None
    view = ServedSet(store, alice.replica.access, alice.replica.clock, alice.person, mallory.person)
    assert genuine.id not in {id_ for phase in Phase for _, id_ in view.items(phase)}

    forged = forged_profile(victor.person, mallory.replica.keys, now)
    alice.replica.ingest.receive([forged], mallory.person)
    assert [row.state for row in store.records.rows_of([forged.id])] == [RecordState.PENDING]
    assert view.supply([forged.id]) == ([], [])


def test_fault_22_access_is_decided_again_when_a_record_is_sent() -> None:
    """Fault 22: the record was in the set and was requested; meanwhile its author trusts the peer less."""
    mesh = Mesh(4)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    listing = post(mesh, "Alice", "Ladder", Audience.TRUSTED_NETWORK)
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"]
    view = ServedSet(alice.store, alice.access, alice.clock, alice.me, bob.person)
    assert listing.id in {id_ for _, id_ in view.items(Phase.CONTENT)}
    assert [record.id for record in view.supply([listing.id])[0]] == [listing.id]
    vouch(mesh, "Alice", "Bob", 300)
    assert view.supply([listing.id])[0] == []


def test_a_served_set_follows_a_posted_listing_without_reading_the_store() -> None:
    mesh = Mesh(5)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"]
    view = ServedSet(alice.store, alice.access, alice.clock, alice.me, bob.person)
    view.items(Phase.CONTENT)
    heard: list[Change] = []
    alice.changes.subscribe(heard.append)
    listing = post(mesh, "Alice", "Ladder", Audience.TRUSTED_NETWORK)
    alice.store.close()
    [change] = heard
    assert view.apply(change).added[Phase.CONTENT] == [(listing.header.created, listing.id)]


@pytest.mark.parametrize("seed", range(12))
def test_a_set_that_is_filled_while_anything_changes_is_what_a_new_set_is(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what came and went meanwhile it has what the peer may have at the end, and nothing else."""
    monkeypatch.setattr("meshnode.replica.served_set.STEP", 2)
    rng = random.Random(seed)
    mesh = Mesh(seed)
    names = ("Alice", "Bob", "Carol", "Dave")
    for name in names:
        mesh.add(name)
    for one, other in (("Alice", "Bob"), ("Alice", "Carol"), ("Carol", "Dave"), ("Bob", "Dave")):
        befriend(mesh, one, other, 900, 900)
    for name in names:
        post(mesh, name, f"Ladder of {name}", Audience.TRUSTED_NETWORK)
    mesh.settle()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].person
    view = ServedSet(alice.store, alice.access, alice.clock, alice.me, bob)
    deltas: list[Delta] = []
    alice.changes.subscribe(lambda change: deltas.append(view.apply(change).for_nothing_shown()))
    changes: list[Callable[[], object]] = [
        lambda: post(mesh, "Alice", f"Saw {rng.random()}", Audience.TRUSTED_NETWORK),
        lambda: post(mesh, rng.choice(names), f"Rake {rng.random()}", rng.choice(list(Audience)[1:])),
        lambda: vouch(mesh, rng.choice(names[1:]), "Alice", rng.choice([0, 300, 900])),
        lambda: vouch(mesh, "Alice", rng.choice(names[1:]), rng.choice([0, 300, 900])),
        lambda: block(mesh, "Carol", rng.choice(["Bob", "Dave"])),
        lambda: unblock(mesh, "Carol", rng.choice(["Bob", "Dave"])),
    ]
    held: dict[Phase, set[Item]] = {}
    for phase in Phase:
        steps = view.filling(phase)
        for number in range(1_000):
            if number == 1 or rng.random() < 0.4:
                rng.choice(changes)()
                mesh.settle()
            try:
                next(steps)
            except StopIteration as end:
                held[phase] = set(end.value)
                break
    for delta in deltas:
        for phase in Phase:
            held[phase] = (held[phase] | set(delta.added[phase])) - set(delta.removed[phase])
    fresh = ServedSet(alice.store, alice.access, alice.clock, alice.me, bob)
    assert held == {phase: set(fresh.items(phase)) for phase in Phase}
