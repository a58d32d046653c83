"""What a view gives away, asked by somebody who does not keep to the rules."""

from __future__ import annotations

from meshnode.replica.served_set import ServedSet
from meshnode.store import RecordState
from protocol import PROFILE_SLOT, Audience, Kind
from protocol.session import Phase
from tests.support.forger import forged_profile
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, post, vouch


def test_a_profile_forged_in_anothers_name_does_not_draw_his_own_header_out() -> None:
    mesh = Mesh(3)
    for name in ("Alice", "Victor", "Mallory"):
        mesh.add(name)
    befriend(mesh, "Alice", "Victor", 900, 900)
    befriend(mesh, "Alice", "Mallory", 105, 105)  # too little to carry on to Victor
    mesh.settle()
    alice, victor, mallory = (mesh.nodes[name] for name in ("Alice", "Victor", "Mallory"))
    store, now = alice.replica.store, alice.replica.clock.now()
    genuine = store.records.head((victor.person, Kind.PROFILE, PROFILE_SLOT))
    assert genuine is not None
    view = ServedSet(store, alice.replica.access, alice.replica.clock, alice.person, mallory.person)
    assert genuine.id not in {id_ for phase in Phase for _, id_ in view.items(phase)}

    forged = forged_profile(victor.person, mallory.replica.keys, now)
    alice.replica.ingest.receive([forged], mallory.person)
    assert [row.state for row in store.records.rows_of([forged.id])] == [RecordState.PENDING]
    assert view.supply([forged.id]) == ([], [])


def test_fault_22_consent_is_asked_again_when_a_record_is_given() -> None:
    """Fault 22: it was in the view and was wanted; meanwhile its author trusts the peer less."""
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
